"""Resets at random times: a part is thrown away and a fresh one takes its place."""

import math
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex

from .._checks import (
    as_complex,
    as_counts,
    as_nonnegative,
    check_hermitian,
    concretely,
)
from .._types import Operator, OperatorLike, Real, RealLike
from ..algebra.composite import embed
from ..algebra.divided_differences import Sqrt
from ..algebra.spectral import apply
from ..algebra.states import thermal_state
from .arguments import as_state
from .channels import Channel
from .dissipators import AbstractDissipator
from .hamiltonians import AbstractHamiltonian


class ResetBath(AbstractDissipator):
    """A bath that resets a part to tau at a rate r: D(rho) = r (tau x tr_i rho - rho).

    Its heat is tr(D(rho) H) with the energy Hamiltonian of the system. Where parts are coupled that
    contains the coupling's energy, which every reset cuts; give `OpenSystem` the bare Hamiltonian
    as its `energy` to count the parts' alone.

    Args:
        part: the Hamiltonian H_i of the part.
        rate: r >= 0.
        temperature: of the fresh part, in its Gibbs state, >= 0.
        state: tau itself, instead of `temperature`.
        dims: dimensions of the parts of the system; the reset is of all of it by default.
        sites: which part, or parts, are reset.

    Raises:
        ValueError: a part that is not Hermitian or does not fit to `dims`, a state that is none, a
            negative rate or temperature, or both or none of `temperature` and `state`.

    Source: Linden, Popescu and Skrzypczyk, Phys. Rev. Lett. 105, 130401 (2010).

    Examples:
        >>> bath = qt.dynamics.ResetBath(qt.number(2), 0.1, temperature=1 / np.log(3))
        >>> bath.reference(qt.number(2)).diagonal().real
        [0.75, 0.25]
    """

    part: Complex[Array, "part part"]
    rate: Real
    temperature: Real | None
    state: Complex[Array, "part part"] | None
    dims: tuple[int, ...] = eqx.field(static=True)
    sites: tuple[int, ...] = eqx.field(static=True)

    def __init__(
        self,
        part: OperatorLike,
        rate: RealLike,
        *,
        temperature: RealLike | None = None,
        state: OperatorLike | None = None,
        dims: Any = None,
        sites: Any = 0,
    ):
        check_hermitian("part", part)
        self.part = as_complex(part)
        self.rate = as_nonnegative("rate", rate, "it is how often the part is reset.")
        self.temperature, self.state = as_fresh(temperature, state, self.part.shape[0])
        self.dims, self.sites = as_places(dims, sites, self.part)

    def channels(self, hamiltonian: AbstractHamiltonian) -> tuple[Channel, ...]:
        jumps = concretely(self._jumps, self.part, self.temperature, self.state)
        return tuple(Channel(self.rate, jump) for jump in jumps)

    def reference(self, hamiltonian: Operator) -> Operator:
        """tau on the part and the maximally mixed state of the rest, whatever H is, (d, d)."""
        rest = math.prod(self.dims) // self.part.shape[0]
        return embed(fresh(self.part, self.temperature, self.state), self.dims, self.sites) / rest

    def _jumps(
        self,
        part: Complex[Array, "part part"],
        temperature: Any,
        state: Complex[Array, "part part"] | None,
    ) -> Complex[Array, "jumps d d"]:
        """Columns of the root of tau times every level of the part."""
        if state is None:
            root = thermal_state(part, 2.0 * temperature)
            root = root / jnp.sqrt(jnp.sum(jnp.abs(root) ** 2))
        else:
            # a root of 0 has no derivative; one of rounding has it to half of the digits
            least = 4.0 * state.shape[0] * float(jnp.finfo(state.dtype).eps)
            root = apply(Sqrt(), state + least * jnp.eye(state.shape[0]))
        n = root.shape[0]
        jumps = (root.T[:, None, :, None] * np.eye(n)[None, :, None, :]).reshape(n * n, n, n)
        return jnp.stack([embed(jump, self.dims, self.sites) for jump in jumps])


def fresh(part: Operator, temperature: Any, state: Operator | None) -> Operator:
    """The state of a fresh part: the one given, or the Gibbs state."""
    return thermal_state(part, temperature) if state is None else state


def as_fresh(temperature: Any, state: Any, d: int) -> tuple[Real | None, Operator | None]:
    """The temperature or the state of a fresh part, of which exactly one is given.

    Raises:
        ValueError: both or neither, a negative temperature, or what is no state of dimension d.
    """
    check_either("temperature", temperature, "state", state)
    if state is not None:
        return None, as_state("state", state, d)
    remedy = "what has a negative temperature is given as a `state`."
    return as_nonnegative("temperature", temperature, remedy), None


def as_places(
    dims: Any, sites: Any, part: Operator, d: int | None = None
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The dimensions of parts, which multiply to d, and those sites that an operator acts on.

    Raises:
        ValueError: dimensions or sites that do not fit.
    """
    size = part.shape[0] if d is None else d
    shape = (size,) if dims is None else as_counts("dims", dims, 1)
    places = as_counts("sites", sites)
    if d is not None and math.prod(shape) != d:
        raise ValueError(f"`dims` must multiply to d = {d} of the Hamiltonian, got {shape}.")
    inside = len(set(places)) == len(places) and all(k < len(shape) for k in places)
    found = [shape[k] for k in places] if inside else []
    if not inside or math.prod(found) != part.shape[0]:
        raise ValueError(
            f"`sites` must be distinct places in `dims` {shape} that hold the part of dimension "
            f"{part.shape[0]}, got {places}."
        )
    return shape, places


def check_either(first: str, one: Any, second: str, other: Any) -> None:
    """Raise unless exactly one of two arguments is given."""
    if (one is None) == (other is None):
        got = "neither" if one is None else "both"
        raise ValueError(f"`{first}` or `{second}` must be given, and not both; got {got}.")
