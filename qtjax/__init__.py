"""qtjax: differentiable quantum thermodynamics in JAX.

Units: hbar = k_B = 1, natural logarithms. Signs: Q > 0 into the system, W > 0 done on it.
For quoted results enable float64: `jax.config.update("jax_enable_x64", True)`.
"""

from ._results import RESULTS, SolverError
from .algebra.composite import embed, partial_trace, tensor
from .algebra.operators import (
    anticommutator,
    commutator,
    create,
    dag,
    destroy,
    expectation,
    identity,
    number,
    projector,
    sigmax,
    sigmay,
    sigmaz,
    spin,
)
from .algebra.states import (
    bloch_vector,
    from_bloch,
    ket,
    maximally_mixed,
    pure_state,
    random_density_matrix,
    thermal_state,
)
from .design.objectives import objective
from .design.optimize import Optimum, Progress, optimize
from .design.parameters import Bounded, Positive, Unbounded
from .dynamics.dissipators import (
    AbstractDissipator,
    AdiabaticBath,
    DaviesBath,
    Lindblad,
    LocalBath,
    gibbs_defect,
)
from .dynamics.evolve import Expectation, Ledger, Solution, default_tolerances, evolve
from .dynamics.hamiltonians import AbstractHamiltonian, Driven, FromFunction, Static
from .dynamics.open_system import (
    OpenSystem,
    dissipative_parts,
    heat_currents,
    liouvillian,
    power,
    right_hand_side,
    unitary_part,
)
from .dynamics.propagator import propagator
from .dynamics.schedules import (
    AbstractSchedule,
    Constant,
    Fourier,
    Linear,
    PiecewiseConstant,
    Ramp,
    Smooth,
    Spline,
)
from .dynamics.solvers import Exponential, Magnus
from .dynamics.spectra import AbstractSpectrum, Flat, Ohmic, occupation, thermal_rates
from .dynamics.transitions import Transitions, bohr_transitions
from .information.coherence import coherence, dephase
from .information.entropy import (
    entropy,
    entropy_rate,
    entropy_rate_analytic,
    equilibrium_free_energy,
    free_energy,
    relative_entropy,
)
from .machines.clausius import clausius_integrals, generalized_efficiency, interior_production
from .machines.cycle import CycleSolution, limit_cycle, resolving_steps, transient
from .machines.otto import otto_cycle
from .machines.stroke import Cycle, Stroke
from .thermodynamics.ergotropy import ergotropy, passive_state
from .thermodynamics.rates import Rates, energy, rates
from .thermodynamics.temperature import (
    GeneralizedTemperature,
    TemperatureStatus,
    generalized_temperature,
    interval_temperature,
)

__version__ = "0.1.0"
