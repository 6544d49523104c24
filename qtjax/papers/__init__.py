"""Published results, computed: each number beside one from an independent route.

A paper is one file, called after author and year, with a `PAPER`, or one folder where it needs
more, that returns the records of `comparison.py`. `qtjax.papers.reproduce("all")` is
`qtjax reproduce all`.
"""

from .entries import (
    Curve as Curve,
    Entry as Entry,
    Paper as Paper,
    compared as compared,
    entry as entry,
)
from .registry import PAPERS as PAPERS
from .reproduction import (
    Reproduction as Reproduction,
    find_papers as find_papers,
    records as records,
    reproduce as reproduce,
)
