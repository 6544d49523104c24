"""Recipes for an `OpenSystem`, and for dissipators: known models with their sources."""

from .exchange import (
    exchange as exchange,
    partial_swap as partial_swap,
    qubit_and_oscillator as qubit_and_oscillator,
    qubit_and_spins as qubit_and_spins,
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
