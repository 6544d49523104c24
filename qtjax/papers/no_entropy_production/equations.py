"""Equations (1) to (20) of "No entropy production in quantum thermodynamics", in order."""

from collections.abc import Callable

from ..comparison import Equation
from .bookkeeping import equation_11, equation_12, equation_13, equation_14
from .classical import equation_1, equation_2, equation_3, equation_15
from .correlations import equation_16, equation_18
from .generators import equation_5, equation_6, equation_7, equation_8, equation_9
from .runs import Runs
from .states import equation_4, equation_10, equation_20
from .temperature import equation_17, equation_19

EQUATIONS: tuple[Callable[[Runs], Equation], ...] = (
    equation_1, equation_2, equation_3, equation_4, equation_5, equation_6, equation_7, equation_8,
    equation_9, equation_10, equation_11, equation_12, equation_13, equation_14, equation_15,
    equation_16, equation_17, equation_18, equation_19, equation_20,
)  # fmt: skip
