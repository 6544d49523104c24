"""Cycles: strokes, limit cycles and their figures of merit, with recipes."""

from .carnot import (
    stepwise_carnot_cycle as stepwise_carnot_cycle,
)
from .charging import (
    Charging as Charging,
    charge as charge,
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
from .gaussian import (
    GaussianSolution as GaussianSolution,
    GaussianStroke as GaussianStroke,
    gaussian_energy as gaussian_energy,
    gaussian_entropy as gaussian_entropy,
    gaussian_limit_cycle as gaussian_limit_cycle,
)
from .isotherms import (
    carnot_cycle as carnot_cycle,
    stirling_cycle as stirling_cycle,
)
from .oscillator import (
    oscillator_otto as oscillator_otto,
    truncated_oscillator_otto as truncated_oscillator_otto,
)
from .otto import (
    otto_cycle as otto_cycle,
)
from .quasi_static import (
    QuasiStaticOtto as QuasiStaticOtto,
    quasi_static_otto as quasi_static_otto,
)
from .sampling import (
    StrokeSamples as StrokeSamples,
    sample_cycle as sample_cycle,
)
from .shortcuts import (
    assisted as assisted,
)
from .stroke import (
    Cycle as Cycle,
    Stroke as Stroke,
)
from .two_stroke import (
    two_stroke_engine as two_stroke_engine,
)
