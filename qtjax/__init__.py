"""qtjax: differentiable quantum thermodynamics in JAX.

Units: hbar = k_B = 1, natural logarithms. Signs: Q > 0 into the system, W > 0 done on it.
For quoted results enable float64: `jax.config.update("jax_enable_x64", True)`.
"""

from ._results import RESULTS, SolverError, solve_again
from .algebra.canonical import CanonicalForm, canonical_form, canonical_form_of, traceless_basis
from .algebra.composite import embed, partial_trace, partial_transpose, tensor
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
from .compilation_cache import enable_compilation_cache
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
    canonical_generator,
    composite_system,
    dissipative_parts,
    gibbs_defects,
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
    Polynomial,
    Ramp,
    Smooth,
    Spline,
)
from .dynamics.solvers import Exponential, Magnus
from .dynamics.spectra import AbstractSpectrum, Flat, Ohmic, occupation, thermal_rates
from .dynamics.steady_state import SteadyState, steady_state
from .dynamics.taylor import Taylor
from .dynamics.time_local import LorentzianDamping, eternal_dephasing, oscillating_dephasing
from .dynamics.transitions import Transitions, bohr_transitions
from .information.coherence import coherence, dephase
from .information.correlations import (
    concurrence,
    correlation_entropy,
    mutual_information,
    negativity,
    total_correlation,
)
from .information.entropy import (
    entropy,
    entropy_rate,
    entropy_rate_analytic,
    equilibrium_free_energy,
    free_energy,
    gibbs_divergence,
    relative_entropy,
)
from .machines.carnot import stepwise_carnot_cycle
from .machines.clausius import clausius_integrals, generalized_efficiency, interior_production
from .machines.cycle import CycleSolution, limit_cycle, resolving_steps, transient
from .machines.exchange import (
    exchange,
    partial_swap,
    qubit_and_oscillator,
    qubit_and_spins,
)
from .machines.otto import otto_cycle
from .machines.stroke import Cycle, Stroke
from .thermodynamics.comparison import (
    Accounting,
    Conditions,
    accounting_table,
    accountings,
    measure_conditions,
)
from .thermodynamics.erasure import ErasureLedger, von_neumann_ledger
from .thermodynamics.ergotropy import ergotropy, passive_state
from .thermodynamics.parts import PartRates, internal_coupling, part_rates
from .thermodynamics.production import (
    BathRates,
    CoherenceSplit,
    adiabatic_production,
    bath_rates,
    coherence_split,
    deffner_lutz_closed,
    deffner_lutz_open,
    fixed_point_production,
    free_energy_production,
    spohn_production,
    spohn_total,
)
from .thermodynamics.rates import Rates, energy, rates
from .thermodynamics.reservoirs import FiniteReservoirs, finite_reservoirs
from .thermodynamics.state_temperatures import (
    Temperatures,
    covariance_beta,
    energy_beta,
    entropy_beta,
    gradient_beta,
    population_beta,
    spectral_beta,
    temperatures,
)
from .thermodynamics.temperature import (
    GeneralizedTemperature,
    TemperatureStatus,
    generalized_temperature,
    interval_temperature,
)

__version__ = "0.1.0"
