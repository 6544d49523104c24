"""The books at one instant: every rate of energy and entropy of an open system."""

import functools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._checked import checked
from .._checks import check_finite, nan_below_zero
from .._compiled import compiled
from .._describe import as_html, as_text, describe_fields
from .._types import Operator, Real, RealLike
from ..algebra import qubit
from ..algebra.operators import expectation
from ..dynamics.channels import dissipate
from ..dynamics.dissipators import (
    AbstractDissipator,
    divides_heat,
    has_reference,
    jump_operators,
)
from ..dynamics.open_system import (
    OpenSystem,
    chemical_power,
    dissipative_parts,
    heat_operators,
    particle_currents,
    power,
    unitary_part,
)
from ..information import qubit_flow as flow
from ..information.entropy import (
    cross_entropy_rate,
    entropy_rate,
    entropy_rate_analytic,
    support_of,
)
from .scales import dissipation_sizes, heat_roundings, largest_log, rounding_of_log


class Rates(eqx.Module):
    """Rates at time t in state rho; energies in units of H, entropies in nats (hbar = k_B = 1).

    Args:
        energy_rate: U' = heat_current + power + chemical_power.
        heat_currents: Q'_k = tr(D_k(rho) (H - mu_k N_k)) from each bath, (baths,).
        heat_current: Q', their sum.
        power: W' = tr(rho H'), work done on the system.
        entropy_rate: S' by autodiff; +inf where the support of the state grows.
        interior: the paper's d_iS/dt = i tr([H, rho] ln rho), eq. (11), computed.
        exterior: the paper's d_eS/dt = -tr(D(rho) ln rho), eq. (12).
        spohn_production: Spohn's sigma = S' - sum_k Phi_k with the `entropy_fluxes` Phi_k, which
            are Q'_k / T_k for thermal baths, eq. (14) (Spohn 1978, Alicki 1979).
        heat_rounding: what rounding alone may make of `heat_current` (not differentiated).
        entropy_rounding: what rounding alone may make of `entropy_rate` (not differentiated).
        particle_currents: N'_k from each bath, (baths,); `None` if no bath exchanges particles.
        chemical_power: sum_k mu_k N'_k, likewise.

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), gap=1.0, temperature=1.0, spectrum=qt.Flat(0.1))
        >>> system = qt.OpenSystem(qt.number(2), bath)
        >>> rho = qt.algebra.from_bloch(jnp.array([0.5, 0.0, 0.0]))
        >>> found = qt.rates(system, 0.0, rho)
        >>> found.interior, found.exterior, found.spohn_production  # the last one is S' - Q'/T
        (0.0000, 0.0297, 0.0797)
    """

    energy_rate: Real
    heat_currents: Float[Array, " baths"]
    heat_current: Real
    power: Real
    entropy_rate: Real
    interior: Real
    exterior: Real
    spohn_production: Real
    heat_rounding: Real
    entropy_rounding: Real
    particle_currents: Float[Array, " baths"] | None = None
    chemical_power: Real | None = None

    def __repr__(self) -> str:
        return as_text(self, describe_fields)

    def _repr_html_(self) -> str:
        return as_html(self, describe_fields)


@checked
def rates(
    system: OpenSystem,
    t: RealLike,
    rho: Operator,
    *,
    support: float | None = None,
    tolerance: float | None = None,
) -> Rates:
    """All rates of energy and entropy at one instant, both bookkeepings side by side.

    The paper calls all of -tr(D(rho) ln rho) exterior, so that its interior production (11)
    vanishes; Spohn and Alicki divide heat by the temperature of the bath and call the rest
    production. Which of them is *the* entropy production is a convention; both are computed.

    Args:
        system: the open system.
        t: time.
        rho: density matrix, (d, d). At a pure state whose support grows `entropy_rate`, `exterior`
            and `spohn_production` are +inf.
        support: eigenvalues of rho below it count as 0, see `entropy_rate`; 4 d eps by default.
            Lower it for truncated oscillators and cold states, whose tiny populations are real.
        tolerance: what may flow into the null block as rounding, see `entropy_rate`.

    Returns:
        `Rates`; a PyTree of scalars, so this function can be saved along a trajectory.

    Source: eqs. (10)-(14); Spohn, J. Math. Phys. 19, 1227 (1978); Alicki, J. Phys. A 12, L103
        (1979).

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), gap=1.0, temperature=1.0, spectrum=qt.Flat(0.1))
        >>> system, mixed = qt.OpenSystem(qt.number(2), bath), qt.algebra.maximally_mixed(2)
        >>> found = qt.rates(system, 0.0, mixed)
        >>> found.heat_current, found.entropy_rate  # -0.1/2, and 0 at the most mixed state
        (-0.0500, 0.0000)
    """
    h, sizes = system.energy_hamiltonian(t), dissipation_sizes(system, t)
    operators, work = heat_operators(system, h, t), power(system, t, rho)
    find = _changes_of_qubit if rho.shape[0] == 2 else _changes
    parts, heats, flows = find(system, t, rho, operators, support_of(rho, support), tolerance)
    rate, interior, exterior, largest = flows
    noise = 4.0 * jax.lax.stop_gradient(jnp.abs(interior))
    particles = chemical = None
    if any(bath.particles is not None for bath in system.baths):
        particles, chemical = particle_currents(system, t, rho), chemical_power(system, t, rho)
    return Rates(
        energy_rate=heats.sum() + work + (0.0 if chemical is None else chemical),
        heat_currents=heats,
        heat_current=heats.sum(),
        power=work,
        entropy_rate=rate,
        interior=interior,
        exterior=exterior,
        spohn_production=rate - _fluxes(system, t, h, parts, sizes).sum(),
        heat_rounding=heat_roundings(operators, sizes).sum(),
        entropy_rounding=rounding_of_log(largest, sizes).sum() + noise,
        particle_currents=particles,
        chemical_power=chemical,
    )


def _changes(
    system: OpenSystem, t: RealLike, rho: Operator, operators: Array, bound: float,
    tolerance: float | None,
) -> tuple[Array, Array, tuple[Real, ...]]:  # fmt: skip
    """D_k(rho), their heats, and S', its interior and its exterior part and max|ln rho|."""
    unitary, parts = unitary_part(system, t, rho), dissipative_parts(system, t, rho)
    heats = jnp.sum(parts * operators.mT, axis=(-2, -1)).real
    dissipative, edge = parts.sum(axis=0), {"support": bound, "tolerance": tolerance}
    rate = entropy_rate(rho, unitary + dissipative, **edge)
    interior, exterior = (entropy_rate_analytic(rho, x, **edge) for x in (unitary, dissipative))
    return parts, heats, (rate, interior, exterior, largest_log(rho))


def _changes_of_qubit(
    system: OpenSystem, t: RealLike, rho: Operator, operators: Array, bound: float,
    tolerance: float | None,
) -> tuple[tuple[qubit.Entries, ...], Array, tuple[Real, ...]]:  # fmt: skip
    """The same with all real numbers by themselves, for many lanes."""
    h = system.hamiltonian(t)
    maps = tuple(_map_of_qubit(*jump_operators(b, system.hamiltonian, t)) for b in system.baths)
    return _from_maps(h, maps, rho, operators, bound, tolerance)


@compiled
def _map_of_qubit(rates: Array, operators: Array) -> Float[Array, "4 4"]:
    return qubit.map_of(lambda a: dissipate(rates, operators, a))


@functools.partial(compiled, static_argnums=(4, 5))
def _from_maps(
    h: Operator, maps: tuple[Array, ...], rho: Operator, operators: Array, bound: float,
    tolerance: float | None,
) -> tuple[tuple[qubit.Entries, ...], Array, tuple[Real, ...]]:  # fmt: skip
    state = qubit.entries(rho)
    unitary, parts = qubit.turned(qubit.entries(h), state), [qubit.applied(m, state) for m in maps]
    operators = jnp.broadcast_to(operators, (len(maps), 2, 2))
    heats = [
        qubit.overlap(qubit.entries(x), part) for x, part in zip(operators, parts, strict=True)
    ]
    nothing = jnp.zeros(4, state.p.dtype)
    dissipative = qubit.total(*parts) if parts else qubit.Entries(*nothing)
    found, edge = flow.blocks(state, bound), (bound, tolerance)
    flows = (
        flow.rate(found, qubit.total(unitary, dissipative), *edge),
        flow.analytic_rate(found, unitary, *edge),
        flow.analytic_rate(found, dissipative, *edge),
        flow.largest_log(found),
    )
    return tuple(parts), jnp.array(heats) if heats else nothing[:0], flows


@checked
def entropy_fluxes(system: OpenSystem, t: RealLike, rho: Operator) -> Float[Array, " baths"]:
    """Phi_k = -tr(D_k(rho) ln pi_k), what Spohn counts as flowing in with each bath, (baths,).

    pi_k is the bath's reference state under the energy Hamiltonian. For the Gibbs state at the
    temperature of the bath, grand canonical or not, that is Q'_k / T_k, and computed so, since
    ln pi_k is out of reach in the cold; likewise for an `equilibrium` of its own. For a `reference`
    of its own the formula is taken as it stands. A dissipator with neither counts as one whose
    reference is the maximally mixed state, Phi_k = 0, if it carries no heat, and has Phi_k = nan if
    it does.

    Args:
        system: the open system.
        t: time.
        rho: state, (d, d).

    Returns:
        In nats per time, (baths,); +-inf where heat goes into or comes out of a bath at T = 0, or
        probability into or out of levels that are empty in pi_k.

    Source: Spohn, J. Math. Phys. 19, 1227 (1978), with the reference state of each bath.

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), gap=1.0, temperature=1.0, spectrum=qt.Flat(0.1))
        >>> system, mixed = qt.OpenSystem(qt.number(2), bath), qt.algebra.maximally_mixed(2)
        >>> qt.thermodynamics.entropy_fluxes(system, 0.0, mixed)  # Q'/T
        [-0.0500]
    """
    h, sizes = system.energy_hamiltonian(t), dissipation_sizes(system, t)
    return _fluxes(system, t, h, dissipative_parts(system, t, rho), sizes)


def _fluxes(
    system: OpenSystem, t: RealLike, h: Operator, parts: Any, sizes: Array
) -> Float[Array, " baths"]:
    """Of parts that are matrices or, for a qubit, entries."""
    fluxes, baths = [jnp.zeros(0, h.real.dtype)], [bath.at(t) for bath in system.baths]
    for bath, part, size in zip(baths, parts, sizes[:, None], strict=True):
        if bath.has_own_reference:
            change = qubit.matrix(part) if isinstance(part, qubit.Entries) else part
            flux = cross_entropy_rate(change, bath.reference(h))
        else:
            operator, temperature = bath.equilibrium(h) if has_reference(bath) else (h, None)
            rounding = heat_roundings(operator, size)[0]
            flux = thermal_flux(temperature, _mean(operator, part), rounding)
        fluxes.append(flux[None])
    return jnp.concatenate(fluxes)


def _mean(operator: Operator, part: Any) -> Real:
    if isinstance(part, qubit.Entries):
        return _overlap(operator, part)
    return expectation(operator, part)


@compiled
def _overlap(operator: Operator, part: qubit.Entries) -> Real:
    return qubit.overlap(qubit.entries(operator), part)


@checked
def thermal_entropy_flux(
    baths: tuple[AbstractDissipator, ...],
    heats: Float[Array, " baths"],
    roundings: Float[Array, " baths"],
) -> Real:
    """sum_k Q_k / T_k, the entropy that flows in with heats at the temperatures of the baths.

    A dissipator without a temperature enters with beta = 0 if it carries no heat, and makes the sum
    nan if it does: its entropy flux is not defined. So does a bath with a `reference` or an
    `equilibrium` of its own, whose flux is no function of its heat. A bath at T = 0 gives -inf or
    +inf where Q_k is not 0 and nothing where it is.

    Args:
        baths: the dissipators.
        heats: heats or heat currents, one for each bath, (baths,).
        roundings: what counts as none, in the same units, (baths,); see `heat_roundings`.

    Returns:
        A scalar.

    Examples:
        >>> valve = qt.models.heat_valve(1.0, temperatures=(0.5, 2.0), rates=0.1)
        >>> heats = jnp.array([-1.0, 1.0])
        >>> qt.thermodynamics.thermal_entropy_flux(valve.baths, heats, jnp.zeros(2))  # -1/0.5 + 1/2
        -1.5
    """
    if not len(baths) == len(heats) == len(roundings):
        raise ValueError(
            f"`heats` and `roundings` must have one entry for each of the {len(baths)} `baths`, "
            f"got {len(heats)} and {len(roundings)}."
        )
    check_finite("roundings", roundings)
    total = jnp.zeros((), heats.dtype)
    for bath, heat, rounding in zip(baths, heats, roundings, strict=True):
        flux = thermal_flux(bath.temperature, heat, rounding)
        total = total + (flux if divides_heat(bath) else jnp.nan)
    return total


def thermal_flux(temperature: Real | None, heat: Real, rounding: Real) -> Real:
    """Q/T; nan where there is no temperature but heat, or one below 0; +-inf at T = 0 with heat."""
    none = jnp.abs(heat) <= rounding
    if temperature is None:
        return jnp.where(none, 0.0, jnp.nan)
    cold = temperature == 0.0
    limit = jnp.where(none, 0.0, jnp.sign(heat) * jnp.inf)
    temperature = nan_below_zero(jnp.where(cold, 1.0, temperature))
    return jnp.where(cold, limit, heat / temperature)


@checked
def energy(system: OpenSystem, t: RealLike, rho: Operator) -> Real:
    """U = tr(rho H), with the system's energy Hamiltonian.

    Args:
        system: the open system.
        t: time.
        rho: state, (d, d).

    Examples:
        >>> system, rho = qt.OpenSystem(qt.number(2)), qt.thermal_state(qt.number(2), 1.0)
        >>> qt.thermodynamics.energy(system, 0.0, rho)  # 1 / (1 + e)
        0.2689
    """
    return expectation(system.energy_hamiltonian(t), rho)
