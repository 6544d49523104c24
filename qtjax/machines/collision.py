"""Strokes at one instant of the cycle: collisions with ancillas, and resets of parts.

Both are linear maps of states, so a cycle of them has an exact limit cycle too.
"""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Num

from .._checks import (
    as_complex,
    as_nonnegative,
    as_scalar,
    check_hermitian,
    check_operator,
    is_concrete,
)
from .._types import Operator, OperatorLike, Real, RealLike
from ..algebra.composite import embed, partial_trace, replace_part, tensor
from ..algebra.hermitian_basis import from_components
from ..algebra.operators import dag, expectation, product
from ..algebra.states import thermal_state
from ..dynamics.propagator import RESOLUTION, Propagator, linear_propagator
from ..dynamics.reset import as_fresh, as_places, check_either, fresh
from ..information.entropy import cross_entropy_rate
from ..numerics.exponentials import unitary_expm1
from .stroke import AbstractStroke, Contact, as_contact, flux_of_heats

_UNITARITY = 1e-8


class Collision(AbstractStroke):
    """A collision with fresh ancillas: rho -> tr_anc[U (rho x tau) U^+].

    U is given, or U = exp(-i duration (H + sum_k H_k + V)). The heat from an ancilla is minus its
    gain of energy, -tr[(rho x tau)(U^+ H_k U - H_k)], and the work is the gain of the system and
    all ancillas together: what it costs to switch V on and off. Spohn's production of a cycle
    counts D(rho'_SA || rho'_S x tau) of it, which is inf for a pure tau that does not stay pure.

    Args:
        hamiltonian: H of the system, which counts as its energy, (d, d). What else moves it during
            the collision belongs to V.
        ancillas: the Hamiltonian H_k of one ancilla, (a, a), or a sequence of several; there is a
            heat for each.
        interaction: V on system x ancillas, in that order, (d a, d a).
        duration: of the collision, >= 0. With `unitary` it only counts in the period.
        unitary: U itself, on the same space, instead of `interaction`.
        temperature: of the ancillas, each in its Gibbs state: a number >= 0, or one for each.
        state: tau itself, the joint state of all ancillas, instead of `temperature`; they may be
            correlated.
        contact: as of a `Stroke`: a name, or one for each ancilla.

    Raises:
        ValueError: operators that are not Hermitian, not unitary or of another dimension, a state
            that is none, a negative duration or temperature, or both or none of `interaction` and
            `unitary`, of `temperature` and `state`.

    Source: Strasberg, Schaller, Brandes and Esposito, Phys. Rev. X 7, 021003 (2017).

    Examples:
        >>> h, swap = qt.number(2), jnp.eye(4)[jnp.array([0, 2, 1, 3])]
        >>> stroke = qt.machines.Collision(h, 2.0 * h, unitary=swap, temperature=2 / np.log(3))
        >>> rho, (heat, work) = stroke.propagator(1).apply(qt.pure_state([1, 0]))
        >>> rho[1, 1].real, heat, work
        (0.25, 0.5, -0.25)
    """

    hamiltonian: Operator
    ancillas: tuple[Complex[Array, "_ _"], ...]
    interaction: Complex[Array, "whole whole"] | None
    unitary: Complex[Array, "whole whole"] | None
    state: Complex[Array, "rest rest"] | None
    temperatures: tuple[Real | None, ...]
    duration: Real
    contact: Contact = eqx.field(static=True)

    def __init__(
        self,
        hamiltonian: OperatorLike,
        ancillas: Any,
        *,
        interaction: Num[Array | np.ndarray, "whole whole"] | None = None,
        duration: RealLike = 0.0,
        unitary: Num[Array | np.ndarray, "whole whole"] | None = None,
        temperature: Any = None,
        state: Num[Array | np.ndarray, "rest rest"] | None = None,
        contact: Any = None,
    ):
        check_hermitian("hamiltonian", hamiltonian)
        self.hamiltonian = as_complex(hamiltonian)
        self.ancillas = _hamiltonians(ancillas)
        size = math.prod(h.shape[0] for h in self.ancillas)
        whole = self.hamiltonian.shape[0] * size
        check_either("interaction", interaction, "unitary", unitary)
        self.interaction = self.unitary = None
        if interaction is not None:
            check_hermitian("interaction", interaction, whole)
            self.interaction = as_complex(interaction)
        else:
            _check_unitary("unitary", unitary, whole)
            self.unitary = as_complex(unitary)
        self.temperatures, self.state = _prepared(temperature, state, len(self.ancillas), size)
        self.duration = as_nonnegative("duration", duration, "a collision takes time forward.")
        self.contact = as_contact(contact, len(self.ancillas))

    def energy(self, s: RealLike) -> Operator:
        return self.hamiltonian

    def propagator(
        self, steps: int, *, tolerance: RealLike = 1e-9, resolution: int = RESOLUTION
    ) -> Propagator:
        parts, (step, rounding) = self._embedded(), self._step()
        dims = self.hamiltonian.shape[0], step.shape[0] // self.hamiltonian.shape[0]
        tau = self._ancilla_state()

        def action(rho: Operator) -> tuple[Operator, Float[Array, " ancillas"], Real]:
            change = _moved(step, tensor(rho, tau))
            gains = jnp.stack([expectation(h, change) for h in parts])
            return partial_trace(change, dims, 0), -gains[1:], gains.sum()

        unit = jnp.max(jnp.stack([jnp.max(jnp.abs(h)) for h in parts]))
        rounding = rounding + jax.lax.stop_gradient(jnp.abs(jnp.trace(tau) - 1.0))
        found = linear_propagator(action, self.hamiltonian, unit=unit, rounding=rounding)
        return found._replace(rounded=self._rounded(step, parts, found))

    def _rounded(
        self, step: Operator, parts: list[Operator], found: Propagator
    ) -> Float[Array, "m n"]:
        """What rounding may do to each entry of the map, and what U may be off by."""
        n, lost = self.hamiltonian.size, _rounding_of(step)
        if self.unitary is not None:
            lost = lost + jnp.maximum(found.rounding - 32 * jnp.finfo(lost.dtype).eps, 0.0)
        dims = self.hamiltonian.shape[0], step.shape[0] // self.hamiltonian.shape[0]
        basis = jnp.abs(jax.vmap(from_components)(jnp.eye(n, dtype=lost.dtype)))
        states = jnp.sum(basis * partial_trace(lost, dims, 0).real, axis=(1, 2))
        books = jnp.stack([jnp.sum(jnp.abs(h) * lost) for h in [*parts[1:], sum(parts)]])
        rows = jnp.concatenate([states, books])[:, None] + found.rounding * jnp.abs(found.increment)
        units = jnp.where(np.arange(rows.shape[0]) < n, 1.0, found.unit)
        return jax.lax.stop_gradient(rows / units[:, None])

    def entropy_flux(self, rho: Operator, heats: Float[Array, " baths"]) -> Real:
        """tr((tau' - tau) ln tau) for the ancillas' state tau' afterwards; sum Q_k/T_k in Gibbs."""
        if self.state is None:
            return flux_of_heats(self, heats)
        change = _moved(self._step()[0], tensor(rho, self.state))
        dims = rho.shape[0], self.state.shape[0]
        return cross_entropy_rate(-partial_trace(change, dims, 1), self.state)

    def _ancilla_state(self) -> Complex[Array, "rest rest"]:
        if self.state is not None:
            return self.state
        pairs: Any = zip(self.ancillas, self.temperatures, strict=True)
        return tensor(*(thermal_state(h, temperature) for h, temperature in pairs))

    def _embedded(self) -> list[Complex[Array, "whole whole"]]:
        """H and all H_k on system x ancillas."""
        dims = [h.shape[0] for h in (self.hamiltonian, *self.ancillas)]
        return [embed(h, dims, k) for k, h in enumerate((self.hamiltonian, *self.ancillas))]

    def _step(self) -> tuple[Complex[Array, "whole whole"], Real]:
        """U - 1, and by how much it may be off, not differentiated."""
        if self.unitary is not None:
            step, size = self.unitary - np.eye(self.unitary.shape[0]), 1.0
        else:
            interaction: Any = self.interaction
            exponent = -1j * self.duration * sum(self._embedded(), interaction)
            size = jnp.max(jnp.sum(jnp.abs(exponent), axis=0))
            step = unitary_expm1(exponent[None])[0]
        defect = jnp.max(jnp.abs(step + dag(step) + product(dag(step), step)))
        return step, jax.lax.stop_gradient(defect + jnp.finfo(defect.dtype).eps * size)


class Reset(AbstractStroke):
    """A reset of a part with some probability: rho -> p tau x tr_i rho + (1 - p) rho.

    The heat is the energy of the fresh part less that of the one thrown away, p tr((tau - rho_i)
    H_i); the rest of the energy change, that of the coupling which is cut, is work.

    Args:
        hamiltonian: H of the whole, which counts as its energy, (d, d).
        part: the Hamiltonian H_i of the part.
        probability: p between 0 and 1.
        temperature: of the fresh part, in its Gibbs state, >= 0.
        state: tau itself, instead of `temperature`.
        dims: dimensions of the parts of the system; the reset is of all of it by default.
        sites: which part, or parts, are reset.
        duration: what the reset takes of the period, >= 0; nothing else happens meanwhile.
        contact: as of a `Stroke`: a name or `None`.

    Raises:
        ValueError: operators that are not Hermitian or of another dimension, a state that is none,
            p outside [0, 1], a negative duration or temperature, or both or none of `temperature`
            and `state`.

    Examples:
        >>> h = qt.number(2)
        >>> reset = qt.machines.Reset(h, h, 0.5, temperature=1 / np.log(3))
        >>> rho, (heat, work) = reset.propagator(1).apply(qt.pure_state([0, 1]))
        >>> rho[1, 1].real, heat, work
        (0.625, -0.375, 0.0)
    """

    hamiltonian: Operator
    part: Complex[Array, "part part"]
    probability: Real
    state: Complex[Array, "part part"] | None
    temperatures: tuple[Real | None, ...]
    duration: Real
    dims: tuple[int, ...] = eqx.field(static=True)
    sites: tuple[int, ...] = eqx.field(static=True)
    contact: Contact = eqx.field(static=True)

    def __init__(
        self,
        hamiltonian: OperatorLike,
        part: Num[Array | np.ndarray, "part part"],
        probability: RealLike = 1.0,
        *,
        temperature: Any = None,
        state: Num[Array | np.ndarray, "part part"] | None = None,
        dims: Any = None,
        sites: Any = 0,
        duration: RealLike = 0.0,
        contact: Any = None,
    ):
        check_hermitian("hamiltonian", hamiltonian)
        check_hermitian("part", part)
        self.hamiltonian, self.part = as_complex(hamiltonian), as_complex(part)
        self.dims, self.sites = as_places(dims, sites, self.part, self.hamiltonian.shape[0])
        self.probability = _probability("probability", probability)
        temperature, self.state = as_fresh(temperature, state, self.part.shape[0])
        self.temperatures = (temperature,)
        self.duration = as_nonnegative("duration", duration, "a reset takes time forward.")
        self.contact = as_contact(contact, 1)

    def energy(self, s: RealLike) -> Operator:
        return self.hamiltonian

    def propagator(
        self, steps: int, *, tolerance: RealLike = 1e-9, resolution: int = RESOLUTION
    ) -> Propagator:
        tau = fresh(self.part, self.temperatures[0], self.state)
        local = embed(self.part, self.dims, self.sites)

        def action(rho: Operator) -> tuple[Operator, Float[Array, " 1"], Real]:
            new = replace_part(rho, tau, self.dims, self.sites)
            change = self.probability * (new - rho)
            heat, work = expectation(local, change), expectation(self.hamiltonian - local, change)
            return change, heat[None], work

        outside = jnp.maximum(-self.probability, self.probability - 1.0)
        rounding = jax.lax.stop_gradient(jnp.maximum(outside, 0.0))
        unit = jnp.maximum(jnp.max(jnp.abs(self.hamiltonian)), jnp.max(jnp.abs(self.part)))
        return linear_propagator(action, self.hamiltonian, unit=unit, rounding=rounding)

    def entropy_flux(self, rho: Operator, heats: Float[Array, " baths"]) -> Real:
        """p tr((rho_i - tau) ln tau); Q/T in a Gibbs state."""
        if self.state is None:
            return flux_of_heats(self, heats)
        change = self.state - partial_trace(rho, self.dims, self.sites)
        return cross_entropy_rate(self.probability * change, self.state)


def _probability(name: str, value: RealLike) -> Real:
    """A number between 0 and 1."""
    found = as_scalar(name, value)
    if is_concrete(found) and not 0.0 <= float(found) <= 1.0:
        raise ValueError(f"`{name}` must be between 0 and 1, got {float(found):g}.")
    return found


def _moved(step: Operator, rho: Operator) -> Operator:
    """U rho U^+ - rho = [U - 1, rho] U^+ for U = 1 + step.

    Phases of U do not come in where they move nothing, so rare swaps keep their digits.
    """
    phases = jnp.diagonal(step)
    turn = step - jnp.diag(phases)
    half = (phases[:, None] - phases) * rho + product(turn, rho) - product(rho, turn)
    change = half + product(half, dag(step))
    return 0.5 * (change + dag(change))


def _rounding_of(step: Operator) -> Float[Array, "whole whole"]:
    """What rounding may do to each entry of that, of any state."""
    phases, eps = jnp.diagonal(step), jnp.finfo(step.dtype).eps
    turn = jnp.max(jnp.sum(jnp.abs(step - jnp.diag(phases)), axis=1))
    return jax.lax.stop_gradient(eps * (turn + jnp.abs(phases[:, None] - phases)))


def _hamiltonians(value: Any) -> tuple[Complex[Array, "_ _"], ...]:
    """The Hamiltonians of the ancillas."""
    one = not isinstance(value, list | tuple)
    found = (value,) if one else tuple(value)
    if not found:
        raise ValueError("`ancillas` must hold at least one Hamiltonian, got none.")
    for k, h in enumerate(found):
        check_hermitian("ancillas" if one else f"ancillas[{k}]", h)
    return tuple(map(as_complex, found))


def _prepared(
    temperature: Any, state: Any, parts: int, size: int
) -> tuple[tuple[Real | None, ...], Operator | None]:
    """The temperatures of ancillas, or their state."""
    several = isinstance(temperature, list | tuple) or np.ndim(temperature) > 0
    if state is not None or temperature is None or not several:
        one, state = as_fresh(temperature, state, size)
        return (one,) * parts, state
    found = list(temperature)
    if len(found) != parts:
        raise ValueError(f"`temperature` must be one number, or {parts} of them, got {len(found)}.")
    remedy = "ancillas of negative temperature are given as a `state`."
    return tuple(as_nonnegative(f"temperature[{k}]", t, remedy) for k, t in enumerate(found)), None


def _check_unitary(name: str, value: Any, d: int) -> None:
    """Raise unless a concrete matrix is unitary."""
    check_operator(name, value, d)
    if not is_concrete(value):
        return
    matrix = np.asarray(value)
    defect = np.max(np.abs(matrix.conj().T @ matrix - np.eye(d)))
    if defect > (1e-4 if matrix.dtype in (np.complex64, np.float32) else _UNITARITY):
        raise ValueError(
            f"`{name}` must be unitary, but max|U^dagger U - 1| = {defect:.3g}; give the "
            "exponential of -i times something Hermitian, or `interaction` and `duration`."
        )
