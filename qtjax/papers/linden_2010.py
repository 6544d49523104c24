"""Linden, Popescu and Skrzypczyk: the smallest refrigerator, three qubits that are reset."""

import jax
import jax.numpy as jnp
import numpy as np

from ..algebra.composite import embed, partial_trace
from ..algebra.operators import create, destroy, number
from ..algebra.states import ket
from ..dynamics.dissipators import Lindblad
from ..dynamics.open_system import OpenSystem, heat_currents
from ..dynamics.steady_state import steady_state
from ..models.refrigerators import three_qubit_refrigerator
from ..thermodynamics.state_temperatures import population_beta
from .entries import Paper, compared, entry
from .two_state import fermi

ONE = {
    "heat from the cold bath": 0.000312163477961,
    "heat from the room": -0.0015608173898,
    "heat from the hot bath": 0.00124865391184,
    "temperature of the cold qubit": 0.925143695098,
    "excitation of the cold qubit": 0.253333247472,
    "performance": 0.25,
}
TWO = {
    "heat from the cold bath": 8.00072795674e-05,
    "heat from the room": -0.000400036397837,
    "heat from the hot bath": 0.00032002911827,
    "temperature of the cold qubit": 0.893082266735,
    "performance": 0.25,
}
DIMS = (2, 2, 2)


def reset(site, gap, temperature, rate):
    """p (tau x tr_i rho - rho): flips at p p_g and p p_e, and dephasing at p/4."""
    excited = fermi(gap / temperature)
    sign = jnp.eye(2) - 2.0 * number(2)
    operators = [embed(a, DIMS, site) for a in (destroy(2), create(2), sign)]
    return Lindblad(operators, [rate * (1.0 - excited), rate * excited, 0.25 * rate], temperature)


@jax.jit
def refrigerator(temperatures, coupling, rate):
    """The steady state of qubits (cold, room, hot) with gaps 1, 5, 4."""
    gaps = (1.0, 5.0, 4.0)
    baths = [reset(k, gaps[k], temperatures[k], rate) for k in range(3)]
    bare = sum(gap * embed(number(2), DIMS, k) for k, gap in enumerate(gaps))
    one, other = ket((1, 0, 1), DIMS), ket((0, 1, 0), DIMS)
    swap = jnp.outer(one, other) + jnp.outer(other, one)
    system = OpenSystem(bare + coupling * swap, baths, bare)
    rho = steady_state(system, throw=False).state
    return heat_currents(system, 0.0, rho), partial_trace(rho, DIMS, 0)


@jax.jit
def local_heats(temperatures):
    """Heats of thermal baths (cold, room, hot) of gaps (1, 4, 3), and their slopes by T."""

    def found(temperatures):
        system = three_qubit_refrigerator(
            (1.0, 3.0), coupling=0.05, temperatures=temperatures, rates=0.01
        )
        heat = heat_currents(system, 0.0, steady_state(system, throw=False).state)
        return heat, heat

    slopes, values = jax.jacfwd(found, has_aux=True)(temperatures)
    return values, slopes


def numbers(names, heats, qubit):
    """The numbers under some names."""
    temperature = 1.0 / population_beta(qubit, number(2), 0, 1)
    values = [*heats, temperature, qubit[1, 1].real]
    values = [*values[: len(names) - 1], heats[0] / heats[2]]
    return dict(zip(names, values, strict=True))


def _entries():
    source = "digits: 64 x 64 Liouvillian (NumPy)"
    found = list(compared(numbers(ONE, *refrigerator((1.0, 1.0, 2.0), 0.05, 0.02)), ONE, source))
    ours = numbers(TWO, *refrigerator((0.9, 1.0, 4.0), 0.01, 0.05))
    second = " (T_c = 0.9)"
    found += compared(
        {name + second: x for name, x in ours.items()},
        {name + second: x for name, x in TWO.items()},
        source,
    )
    (cold, _, hot), _ = local_heats(np.array([1.0, 1.5, 4.0]))
    quantity = "performance, thermal baths, E = 1 and 3"
    found.append(entry(quantity, cold / hot, 1.0 / 3.0, "closed form E_c/E_h"))
    return found


PAPER = Paper(
    "linden_2010",
    "N. Linden, S. Popescu, P. Skrzypczyk, How small can thermal machines be? The smallest "
    "possible refrigerator, Phys. Rev. Lett. 105, 130401 (2010); P. Skrzypczyk, N. Brunner, "
    "N. Linden, S. Popescu, The smallest refrigerators can reach maximal efficiency, J. Phys. A "
    "44, 492002 (2011)",
    "Three qubits with an exchange of |101> and |010> cool one of them with heat alone, at the "
    "performance E_1/E_3.",
    "E_1 = 1, E_3 = 4; T = (1, 1, 2), g = 0.05, p = 0.02, and T = (0.9, 1, 4), g = 0.01, p = 0.05.",
    _entries,
)
