"""Levels without interaction between leads: exact stationary currents, at any coupling."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import quadax
from jaxtyping import Array, Float

from .._checked import checked
from .._checks import as_complex, as_vector, check_hermitian, check_nonnegative
from .._in_turn import eigvals
from .._precise import einsum
from .._types import OperatorLike, Real
from ..dynamics.leads import fermi_occupations

_REACH = 40.0  # temperatures beyond a chemical potential, where occupations are 0 or 1 to 1e-17
_PRECISION = 1e-11  # asked for, relative to the largest current
_ENOUGH = {"float64": 1e-8, "float32": 1e-4}  # estimated; what is less precise is nan
_PANELS = 600  # beyond the first ones
_RATIO = 2.0**-4  # of the distances of the first panels' ends to resonances and potentials


class LandauerCurrents(eqx.Module):
    """Stationary currents out of every lead, into the system.

    Args:
        particle_currents: N', (modes,), in units of energy; 0 for a mode without a lead.
        energy_currents: E', (modes,).
        heat_currents: E' - mu N', (modes,).
        error: estimated, relative to the largest current.

    Examples:
        >>> found = qt.models.landauer_currents(
        ...     [[1.0, 0.1], [0.1, 1.0]],
        ...     temperatures=[1.0, 2.0], chemical_potentials=[0.0, 0.0], rates=[0.1, 0.1],
        ... )
        >>> found.energy_currents.sum(), found.heat_currents[1] > 0.0
        (0.0000, True)
    """

    particle_currents: Float[Array, " modes"]
    energy_currents: Float[Array, " modes"]
    heat_currents: Float[Array, " modes"]
    error: Real


@checked
def landauer_currents(
    hamiltonian: OperatorLike, *, temperatures: Any, chemical_potentials: Any, rates: Any
) -> LandauerCurrents:
    """The exact currents through H = sum_ij h_ij c_i^+ c_j, each mode with a wide lead of its own.

        E'_i = int dw/2pi w sum_j T_ij (f_i - f_j),  N'_i the same without w,
        T_ij = Gamma_i Gamma_j |G_ij|^2,             G = 1/(w - h + i Gamma/2).

    No coupling need be weak: it is what a master equation of such a system is to be judged by. A
    lead with a Lorentzian band Gamma L^2/((w - e)^2 + L^2) on mode i is, exactly, one more mode of
    energy e between i and a wide lead of rate 2 L, coupled to i by sqrt(Gamma L/2).

    Args:
        hamiltonian: h, Hermitian, (modes, modes).
        temperatures: of the leads, >= 0, (modes,).
        chemical_potentials: mu, (modes,).
        rates: Gamma of the leads, >= 0, (modes,); 0 for a mode that has none.

    Returns:
        `LandauerCurrents`; nan where the integrals are not found to eight digits of the largest,
        in single precision to four.

    Raises:
        ValueError: h is not Hermitian, a negative temperature or rate, or not one number for each
            mode.

    Source: Meir and Wingreen, Phys. Rev. Lett. 68, 2512 (1992).

    Examples:
        >>> found = qt.models.landauer_currents(
        ...     [[0.0, 0.5], [0.5, 0.0]],
        ...     temperatures=[0.0, 0.0], chemical_potentials=[100.0, -100.0], rates=[1.0, 1.0],
        ... )
        >>> found.particle_currents  # 2 g^2 Gamma / (4 g^2 + Gamma^2)
        [0.2500, -0.2500]
    """
    check_hermitian("hamiltonian", hamiltonian)
    h, found = as_complex(hamiltonian), []
    given = (temperatures, chemical_potentials, rates)
    for name, value in zip(("temperatures", "chemical_potentials", "rates"), given, strict=True):
        vector = as_vector(name, value)
        if vector.shape != h.shape[:1]:
            raise ValueError(
                f"`{name}` must have one entry for each of the {h.shape[0]} modes, got "
                f"{vector.shape[0]}."
            )
        if name != "chemical_potentials":
            check_nonnegative(name, vector, "every lead is thermal.", entries=True)
        found.append(vector)
    return _currents(h, *found)


@eqx.filter_jit
def _currents(h: Array, t: Array, mu: Array, gamma: Array) -> LandauerCurrents:
    connected = gamma > 0.0
    low = jnp.min(jnp.where(connected, mu - _REACH * t, jnp.inf))
    high = jnp.max(jnp.where(connected, mu + _REACH * t, -jnp.inf))
    unit = jax.lax.stop_gradient(jnp.where(high > low, high - low, 1.0))
    h, gamma_in, one = h / unit, gamma / unit, jnp.eye(h.shape[0])

    def through(x: Array) -> Array:
        g = _inverse(x * one - h + 0.5j * jnp.diag(gamma_in))
        return gamma_in[:, None] * gamma_in * jnp.abs(g) ** 2

    def integrand(x: Array) -> Array:
        empty, filled = jax.vmap(lambda t, mu: fermi_occupations(x * unit, t, mu))(t, mu)
        # by the smaller ones of the occupations, which keep their relative precision
        apart = jnp.where(filled < 0.5, filled, -empty)
        rest = jnp.where(filled < 0.5, 0.0, 1.0)
        bias = apart[:, None] - apart + rest[:, None] - rest
        flow = jnp.sum(through(x) * bias, axis=1) / (2.0 * np.pi)
        return jnp.stack([flow, x * flow])

    edges = jax.lax.stop_gradient(_edges(h, gamma_in, mu / unit, low / unit, high / unit))
    values, info = quadax.quadgk(
        integrand, edges, epsabs=0.0, epsrel=_PRECISION, max_ninter=_PANELS + edges.shape[0],
        extrapolate=False,
    )  # fmt: skip
    values = values + _of_steps(through, t, mu / unit)
    size = jnp.max(jnp.abs(values))
    error = jnp.where(size > 0.0, info.err / jnp.where(size > 0.0, size, 1.0), 0.0)
    values = jnp.where(error <= _ENOUGH[str(error.dtype)], values, jnp.nan)
    particles, energies = unit * values[0], unit**2 * values[1]
    return LandauerCurrents(particles, energies, energies - mu * particles, error)


def _edges(h: Array, gamma: Array, mu: Array, low: Real, high: Real) -> Float[Array, " edges"]:
    """Ends of panels that shrink towards every resonance and potential, so that none is missed.

    A resonance is at an eigenvalue of h - i Gamma/2, at any distance from those of h. Panels whose
    length goes with their distance see it, however narrow it is beside the range.
    """
    centers = jnp.concatenate([mu, eigvals(h - 0.5j * jnp.diag(gamma)).real])
    count = np.ceil(np.log(float(jnp.finfo(mu.dtype).eps)) / np.log(_RATIO))
    away = jnp.asarray(_RATIO ** np.arange(count), mu.dtype)
    offsets = (high - low) * jnp.concatenate([-away, jnp.zeros(1), away])
    ends = jnp.concatenate([jnp.stack([low, high]), (centers[:, None] + offsets).ravel()])
    return jnp.sort(jnp.clip(ends, low, high))


def _of_steps(through: Callable[[Array], Array], t: Array, mu: Array) -> Float[Array, "2 modes"]:
    """0, with the derivatives by mu of the integrals over occupations that are steps, at T = 0.

    The points between mu and its value make second derivatives right; a rounding further there is
    no mode that nothing is coupled to.
    """
    fixed = jax.lax.stop_gradient(mu)
    x, moved = 0.5 * (mu + fixed) + jnp.finfo(mu.dtype).eps, jnp.where(t == 0.0, mu - fixed, 0.0)
    passed = jax.vmap(through)(x)  # at the energy of lead j, (j, modes, modes)
    out = einsum("jjk->j", passed) * moved
    into = einsum("jij,j->i", passed, moved)
    return jnp.stack([out - into, x * out - einsum("jij,j->i", passed, x * moved)]) / (2.0 * np.pi)


def _inverse(a: Array) -> Array:
    """By Gauss and Jordan: XLA's LU did not come back from batches of 1,000 here (0.10, CPU)."""
    n = a.shape[0]

    def column(carry: tuple[Array, Array], k: Array) -> tuple[tuple[Array, Array], Array]:
        table, left = carry
        pivot = jnp.argmax(jnp.where(left, jnp.abs(table[:, k]), -1.0))
        row = table[pivot] / table[pivot, k]
        cleared = table - table[:, k, None] * row
        return (cleared.at[pivot].set(row), left.at[pivot].set(False)), pivot

    start = jnp.concatenate([a, jnp.eye(n, dtype=a.dtype)], axis=1), jnp.ones(n, bool)
    (table, _), order = jax.lax.scan(column, start, jnp.arange(n))
    return table[order, n:]
