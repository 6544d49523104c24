"""Cycles: strokes, limit cycles and their figures of merit, with recipes."""

from .audit import (
    audit as audit,
)
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
from .collision import (
    Collision as Collision,
    Reset as Reset,
)
from .continuous import (
    SteadyMachine as SteadyMachine,
    steady_machine as steady_machine,
)
from .cycle import (
    CycleSolution as CycleSolution,
    Repeated as Repeated,
    limit_cycle as limit_cycle,
    repeat as repeat,
    resolving_steps as resolving_steps,
    transient as transient,
)
from .figures import (
    efficiency_from as efficiency_from,
    heat_ratio as heat_ratio,
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
from .periodic import (
    cycle_mean as cycle_mean,
    periodic_steady_state as periodic_steady_state,
)
from .piecewise import (
    PiecewiseSolution as PiecewiseSolution,
    piecewise_limit_cycle as piecewise_limit_cycle,
    piecewise_oscillator as piecewise_oscillator,
)
from .quasi_static import (
    QuasiStaticOtto as QuasiStaticOtto,
    quasi_static_otto as quasi_static_otto,
)
from .roles import (
    in_roles as in_roles,
)
from .sampling import (
    StrokeSamples as StrokeSamples,
    sample_cycle as sample_cycle,
)
from .shortcuts import (
    assisted as assisted,
)
from .stroke import (
    AbstractStroke as AbstractStroke,
    Cycle as Cycle,
    Stroke as Stroke,
)
from .two_stroke import (
    two_stroke_engine as two_stroke_engine,
)
