"""Better machines by gradients: parameters with bounds, objectives, one loop; and sweeps."""

from .front import Front as Front, pareto_front as pareto_front
from .objectives import (
    Objective as Objective,
    ecological_function as ecological_function,
    objective as objective,
    power_efficiency_product as power_efficiency_product,
    power_output as power_output,
    smooth_efficiency as smooth_efficiency,
)
from .optimize import Optimum as Optimum, optimize as optimize
from .parameters import (
    AbstractBound as AbstractBound,
    Bounded as Bounded,
    Positive as Positive,
    Unbounded as Unbounded,
    to_free as to_free,
    to_parameters as to_parameters,
)
from .progress import History as History, Progress as Progress
from .sweep import sweep as sweep
