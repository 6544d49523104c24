"""What a battery holds while it is charged."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._checked import checked
from .._checks import as_vector, check_instance
from .._types import Operator, OperatorLike, RealLike
from ..algebra.composite import partial_trace
from ..algebra.operators import expectation
from ..dynamics.evolve import evolve
from ..dynamics.hamiltonians import AbstractHamiltonian
from ..dynamics.open_system import OpenSystem
from ..thermodynamics.ergotropy import ergotropy


class Charging(NamedTuple):
    """A battery at some times.

    Args:
        energy: tr(rho_B H_B) above its value at the first time, (times,).
        ergotropy: of the battery's state, (times,): what unitaries on its own levels draw from it.
        power: energy over the time since the first, (times,); 0 at the first.

    Examples:
        >>> system = qt.models.dicke_battery(
        ...     1, frequency=1.0, coupling=0.5, levels=2, counter_rotating=False
        ... )
        >>> charging = qt.machines.charge(system, qt.models.empty_battery(1, 2), [0.0, jnp.pi])
        >>> charging.energy, charging.ergotropy
        ([0.0, 1.0], [0.0, 1.0])
    """

    energy: Float[Array, " times"]
    ergotropy: Float[Array, " times"]
    power: Float[Array, " times"]


@checked
def charge(
    system: OpenSystem, rho0: OperatorLike, ts: Any, *, battery: int = 0, solver: Any = None
) -> Charging:
    """Energy, ergotropy and power of one part of a system, its battery.

    Args:
        system: with parts, such as a `qtjax.models.dicke_battery`; baths are welcome.
        rho0: state of the whole at the first time, (d, d).
        ts: increasing times, (times,).
        battery: which part is the battery.
        solver: as for `evolve`.

    Returns:
        `Charging`.

    Raises:
        ValueError: a system without parts or without such a part, or what `evolve` refuses.

    Source: Campaioli, Pollock and Vinjanampathy, Quantum Batteries, arXiv:1805.05507; Andolina et
        al., Phys. Rev. Lett. 122, 047702 (2019).

    Examples:
        >>> system = qt.models.dicke_battery(
        ...     1, frequency=1.0, coupling=0.5, levels=2, counter_rotating=False
        ... )
        >>> ts = jnp.array([0.0, 1.0])
        >>> charging = qt.machines.charge(system, qt.models.empty_battery(1, 2), ts)
        >>> charging.energy, jnp.sin(0.5 * ts) ** 2
        ([0.0, 0.2298], [0.0, 0.2298])
    """
    check_instance("system", system, OpenSystem, "an `OpenSystem`")
    if not 0 <= battery < len(system.parts):
        raise ValueError(
            f"`battery` must be one of the {len(system.parts)} parts of `system`, got {battery}; "
            "make it with `composite_system`."
        )
    times = as_vector("ts", ts, 2)
    states = evolve(system, rho0, times, save=_Part(battery), solver=solver).saved
    energies, found = _measured(system.parts[battery], times, states)
    gained, elapsed = energies - energies[0], times - times[0]
    power = jnp.where(elapsed > 0.0, gained / jnp.where(elapsed > 0.0, elapsed, 1.0), 0.0)
    return Charging(gained, found, power)


@eqx.filter_jit
def _measured(hamiltonian: AbstractHamiltonian, times: Array, states: Array) -> tuple[Array, Array]:
    """Energies and ergotropies."""

    def at(t: RealLike, rho: Operator) -> tuple[Array, Array]:
        h = hamiltonian(t)
        return expectation(h, rho), ergotropy(rho, h)

    return jax.vmap(at)(times, states)


class _Part(eqx.Module):
    """The state of one part."""

    site: int = eqx.field(static=True)

    def __call__(self, system: OpenSystem, t: RealLike, rho: Operator) -> Array:
        return partial_trace(rho, system.dims, self.site)
