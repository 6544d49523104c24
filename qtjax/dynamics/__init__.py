"""What acts on a system, and how it moves: Hamiltonians, dissipators, `evolve`."""

from .channels import (
    Channel as Channel,
    Moving as Moving,
    dissipate as dissipate,
)
from .counterdiabatic import (
    counterdiabatic as counterdiabatic,
    counterdiabatic_cost as counterdiabatic_cost,
)
from .dissipators import (
    AbstractDissipator as AbstractDissipator,
    AdiabaticBath as AdiabaticBath,
    DaviesBath as DaviesBath,
    Lindblad as Lindblad,
    LocalBath as LocalBath,
    gibbs_defect as gibbs_defect,
    jump_operators as jump_operators,
)
from .evolve import (
    Expectation as Expectation,
    Ledger as Ledger,
    Solution as Solution,
    default_tolerances as default_tolerances,
    evolve as evolve,
)
from .hamiltonians import (
    AbstractHamiltonian as AbstractHamiltonian,
    Driven as Driven,
    FromFunction as FromFunction,
    Static as Static,
    Term as Term,
    as_hamiltonian as as_hamiltonian,
)
from .methods import (
    AbstractMethod as AbstractMethod,
    Diffrax as Diffrax,
    Exact as Exact,
    Integrated as Integrated,
    Magnus as Magnus,
    Problem as Problem,
    Taylor as Taylor,
)
from .open_system import (
    OpenSystem as OpenSystem,
    canonical_generator as canonical_generator,
    composite_system as composite_system,
    dissipative_parts as dissipative_parts,
    gibbs_defects as gibbs_defects,
    heat_currents as heat_currents,
    liouvillian as liouvillian,
    power as power,
    right_hand_side as right_hand_side,
    unitary_part as unitary_part,
)
from .propagator import (
    Propagator as Propagator,
    propagator as propagator,
)
from .ramps import (
    Between as Between,
    ConstantAdiabaticity as ConstantAdiabaticity,
    Reciprocal as Reciprocal,
)
from .schedules import (
    AbstractSchedule as AbstractSchedule,
    Constant as Constant,
    Fourier as Fourier,
    Linear as Linear,
    PiecewiseConstant as PiecewiseConstant,
    Polynomial as Polynomial,
    Ramp as Ramp,
    Schedule as Schedule,
    Smooth as Smooth,
    Spline as Spline,
)
from .secular import (
    SecularPair as SecularPair,
    closest_pair as closest_pair,
    warn_unless_secular as warn_unless_secular,
)
from .spectra import (
    AbstractSpectrum as AbstractSpectrum,
    DrudeLorentz as DrudeLorentz,
    Flat as Flat,
    Ohmic as Ohmic,
    Tabulated as Tabulated,
    check_spectrum as check_spectrum,
    from_power_spectrum as from_power_spectrum,
    occupation as occupation,
    thermal_rates as thermal_rates,
)
from .steady_state import (
    SteadyState as SteadyState,
    steady_state as steady_state,
)
from .transitions import (
    Transitions as Transitions,
    bohr_transitions as bohr_transitions,
)
