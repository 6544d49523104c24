"""Figures: functions that draw into an Axes of Matplotlib and return it.

They import Matplotlib (`pip install "qtjax[plots]"`) and leave its backend alone: make a figure
with `matplotlib.figure.Figure` or `pyplot.subplots`, whichever you use. `qtjax.plots` is imported
when it is first asked for.
"""

try:
    import matplotlib as _matplotlib  # noqa: F401
except ImportError as _error:
    raise ImportError(
        '`qtjax.plots` needs matplotlib; install it with `pip install "qtjax[plots]"`.'
    ) from _error

from .balance import correlation_balance as correlation_balance
from .bloch import bloch as bloch
from .books import entropy_books as entropy_books
from .cycles import (
    energy_frequency as energy_frequency,
    heat_and_work as heat_and_work,
    temperature_entropy as temperature_entropy,
)
from .fronts import pareto as pareto
from .maps import parameter_map as parameter_map, phase_map as phase_map
from .protocols import energy_levels as energy_levels, schedules as schedules
from .temperatures import generalized_temperature as generalized_temperature
