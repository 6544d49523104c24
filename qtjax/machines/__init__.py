"""Cycles: strokes, limit cycles and their figures of merit, with recipes."""

from .audit import (
    audit as audit,
)
from .carnot import (
    stepwise_carnot_cycle as stepwise_carnot_cycle,
)
from .clausius import (
    ClausiusIntegral as ClausiusIntegral,
    clausius_integral as clausius_integral,
    clausius_integrals as clausius_integrals,
    generalized_efficiency as generalized_efficiency,
    interior_production as interior_production,
)
from .cycle import (
    CycleSolution as CycleSolution,
    limit_cycle as limit_cycle,
    resolving_steps as resolving_steps,
    transient as transient,
)
from .otto import (
    otto_cycle as otto_cycle,
)
from .sampling import (
    StrokeSamples as StrokeSamples,
    sample_cycle as sample_cycle,
)
from .stroke import (
    Cycle as Cycle,
    Stroke as Stroke,
)
