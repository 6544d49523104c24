"""What acts on a system, and how it moves: Hamiltonians, dissipators, `evolve`."""

from .asymptotic import (
    conserved_quantities as conserved_quantities,
)
from .brownian import (
    Brownian as Brownian,
)
from .channels import (
    Channel as Channel,
    Moving as Moving,
    dissipate as dissipate,
)
from .collective import RateMatrix as RateMatrix
from .counterdiabatic import (
    counterdiabatic as counterdiabatic,
    counterdiabatic_cost as counterdiabatic_cost,
)
from .davies import (
    AbstractDaviesBath as AbstractDaviesBath,
    AdiabaticBath as AdiabaticBath,
    DaviesBath as DaviesBath,
)
from .diffrax_methods import (
    Diffrax as Diffrax,
    Magnus as Magnus,
)
from .dissipators import (
    AbstractDissipator as AbstractDissipator,
    Equilibrium as Equilibrium,
    Lindblad as Lindblad,
    Particles as Particles,
    gibbs_defect as gibbs_defect,
    jump_operators as jump_operators,
)
from .driven_jumps import (
    Dephasing as Dephasing,
    DrivenJump as DrivenJump,
    Product as Product,
)
from .evolve import (
    Expectation as Expectation,
    Ledger as Ledger,
    Solution as Solution,
    default_tolerances as default_tolerances,
    evolve as evolve,
)
from .finite_baths import (
    FiniteBathSolution as FiniteBathSolution,
    evolve_with_finite_baths as evolve_with_finite_baths,
)
from .hamiltonians import (
    AbstractHamiltonian as AbstractHamiltonian,
    Driven as Driven,
    FromFunction as FromFunction,
    Static as Static,
    Term as Term,
    as_hamiltonian as as_hamiltonian,
)
from .lamb_shift import (
    lamb_shift as lamb_shift,
    power_spectrum as power_spectrum,
)
from .leads import (
    FermionicLead as FermionicLead,
    fermi_occupations as fermi_occupations,
)
from .local_bath import (
    LocalBath as LocalBath,
)
from .methods import (
    AbstractMethod as AbstractMethod,
    Exact as Exact,
    Integrated as Integrated,
    Problem as Problem,
    Taylor as Taylor,
)
from .open_system import (
    OpenSystem as OpenSystem,
    canonical_generator as canonical_generator,
    chemical_power as chemical_power,
    composite_system as composite_system,
    dissipative_parts as dissipative_parts,
    gibbs_defects as gibbs_defects,
    heat_currents as heat_currents,
    liouvillian as liouvillian,
    particle_currents as particle_currents,
    power as power,
    right_hand_side as right_hand_side,
    unitary_part as unitary_part,
)
from .piecewise import PiecewisePolynomial as PiecewisePolynomial
from .propagator import (
    Propagator as Propagator,
    linear_propagator as linear_propagator,
    propagator as propagator,
)
from .ramps import (
    Between as Between,
    ConstantAdiabaticity as ConstantAdiabaticity,
    FourierRamp as FourierRamp,
    Reciprocal as Reciprocal,
    Reversed as Reversed,
)
from .redfield import (
    RedfieldBath as RedfieldBath,
)
from .redfield_leads import (
    RedfieldLead as RedfieldLead,
)
from .reset import (
    ResetBath as ResetBath,
)
from .schedules import (
    AbstractSchedule as AbstractSchedule,
    Constant as Constant,
    Fourier as Fourier,
    Linear as Linear,
    PiecewiseConstant as PiecewiseConstant,
    Polynomial as Polynomial,
    Schedule as Schedule,
    Smooth as Smooth,
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
    PowerLaw as PowerLaw,
    Tabulated as Tabulated,
    check_spectrum as check_spectrum,
    from_power_spectrum as from_power_spectrum,
    occupation as occupation,
    thermal_rates as thermal_rates,
)
from .splines import (
    MonotoneSpline as MonotoneSpline,
    Ramp as Ramp,
    Spline as Spline,
)
from .squeezed import SqueezedBath as SqueezedBath
from .steady_state import (
    SteadyState as SteadyState,
    steady_state as steady_state,
)
from .transitions import (
    Transitions as Transitions,
    bohr_transitions as bohr_transitions,
)
from .unitary import (
    Unitary as Unitary,
)
