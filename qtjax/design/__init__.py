"""Better machines by gradients: parameters with bounds, objectives, one loop; and sweeps."""

from .constraints import (
    at_least as at_least,
    at_most as at_most,
    equal as equal,
    margins as margins,
    roughness as roughness,
    slope_at_most as slope_at_most,
    smooth_maximum as smooth_maximum,
)
from .front import Front as Front, pareto_front as pareto_front
from .objectives import (
    Objective as Objective,
    ecological_function as ecological_function,
    objective as objective,
    power_efficiency_product as power_efficiency_product,
    power_output as power_output,
    smooth_efficiency as smooth_efficiency,
)
from .optimize import optimize as optimize
from .optimum import OUTCOMES as OUTCOMES, Optimum as Optimum, summary as summary
from .parameters import (
    AbstractBound as AbstractBound,
    Bounded as Bounded,
    FixedSum as FixedSum,
    Positive as Positive,
    Unbounded as Unbounded,
    to_free as to_free,
    to_parameters as to_parameters,
)
from .progress import History as History, Progress as Progress
from .sweep import sweep as sweep
