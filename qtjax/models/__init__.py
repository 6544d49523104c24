"""Recipes for an `OpenSystem`, and for dissipators: known models with their sources."""

from .batteries import (
    dicke_battery as dicke_battery,
    empty_battery as empty_battery,
)
from .exchange import (
    exchange as exchange,
    partial_swap as partial_swap,
    qubit_and_oscillator as qubit_and_oscillator,
    qubit_and_spins as qubit_and_spins,
)
from .heat_flow import (
    FlipBath as FlipBath,
    Resonator as Resonator,
    heat_valve as heat_valve,
    ising_energies as ising_energies,
    thermal_transistor as thermal_transistor,
)
from .landauer import (
    LandauerCurrents as LandauerCurrents,
    landauer_currents as landauer_currents,
)
from .lattices import (
    boundary_driven_chain as boundary_driven_chain,
    hubbard_dimer as hubbard_dimer,
    spin_current as spin_current,
    xxz_chain as xxz_chain,
)
from .maser import (
    three_level_maser as three_level_maser,
)
from .oscillator_network import (
    NetworkState as NetworkState,
    global_network as global_network,
    local_network as local_network,
)
from .refrigerators import (
    absorption_carnot_performance as absorption_carnot_performance,
    three_level_refrigerator as three_level_refrigerator,
    three_qubit_refrigerator as three_qubit_refrigerator,
)
from .strong_coupling import (
    pseudomode as pseudomode,
    reaction_coordinate as reaction_coordinate,
    reaction_coordinates as reaction_coordinates,
)
from .time_local import (
    LorentzianDamping as LorentzianDamping,
    Oscillating as Oscillating,
    Tanh as Tanh,
    eternal_dephasing as eternal_dephasing,
    oscillating_dephasing as oscillating_dephasing,
)
