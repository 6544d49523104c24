"""What is not known of an equation of motion, for `numerics.resolution` to look at."""

from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._types import RealLike
from ..algebra.hermitian_basis import to_components
from ..algebra.operators import dag
from ..numerics.equation import Radius, Scalars, Watched
from ..numerics.growth import growth
from .channels import Moving, dissipate
from .open_system import OpenSystem
from .terms import Part

WAVE = 4.0  # the longest step for exp(i w t), in units of 1/w


class _Watching(eqx.Module):
    """The functions that are not known, each times the norm of what it multiplies, and what the
    moving channels do to an operator without symmetry."""

    functions: Scalars
    weights: Float[Array, " count"]
    movers: list[Moving]
    probe: np.ndarray

    def __call__(self, t: RealLike) -> Float[Array, " count"]:
        values = [jnp.zeros(0), *(value[None] for value in self.functions(t))]
        found = [jnp.concatenate(values) * self.weights]
        return jnp.concatenate([*found, *(moved(mover, t, self.probe) for mover in self.movers)])


def probe(d: int) -> np.ndarray:
    """A Hermitian operator without symmetry, (d, d)."""
    parts = np.random.default_rng(0).normal(size=(2, d, d)) / d
    found = parts[0] + 1j * parts[1] + (parts[0] - 1j * parts[1]).T
    return found.astype(jnp.result_type(complex))


def moved(channel: Moving, t: RealLike, probe: Any) -> Float[Array, " n"]:
    """What a moving channel does to an operator, about as large as its matrix."""
    d = probe.shape[0]
    return d * to_components(dissipate(*channel.function(t), jnp.asarray(probe)))


class _Defect(eqx.Module):
    """How far functions of time are from Hermitian, relative to their largest entry."""

    functions: tuple[Callable[[Any], Any], ...]

    def __call__(self, t: RealLike) -> Float[Array, ""]:
        found = [jnp.zeros(())]
        for function in self.functions:
            h = jnp.asarray(function(t), jnp.result_type(complex))
            size = jnp.max(jnp.abs(h))
            found.append(jnp.max(jnp.abs(h - dag(h))) / jnp.where(size > 0.0, size, 1.0))
        return jnp.max(jnp.stack(found))


def defect(system: OpenSystem) -> _Defect | None:
    """How far the Hamiltonians of a system are from Hermitian; `None` if they cannot be."""
    hamiltonians = [system.hamiltonian, *([] if system.energy is None else [system.energy])]
    functions = [function for h in hamiltonians for function in h.unproven]
    return _Defect(tuple(functions)) if functions else None


def watched_functions(
    system: OpenSystem, parts: Sequence[Part], bounds: Sequence[Any], movers: Sequence[Moving]
) -> Watched | None:
    """The functions that are no known polynomials, and what moves.

    Args:
        system: whose functions they are.
        parts: all of them.
        bounds: of every scalar, on the norm of what it multiplies.
        movers: the channels that are a matrix at every time.

    Returns:
        `Watched`; `None` if there is nothing to look at.
    """
    smooth, unknown, weights, k = [], [], [], 0
    known = [mover.radius for mover in movers]
    radii = [radius for radius in known if radius is not None]
    for part in parts:
        if part.radius is not None:
            radii.append(part.radius)
        elif part.degree is None and part.smooth:
            smooth.append(part.function)
        elif part.degree is None:
            unknown.append(part)
            weights += bounds[k : k + part.count]
        k += part.count
    movers = [mover for mover, radius in zip(movers, known, strict=True) if radius is None]
    values, off, groups = None, defect(system), ()
    if unknown or movers:
        dtype = jnp.result_type(float)
        stack = jnp.stack([jnp.zeros((), dtype), *(jnp.asarray(w, dtype) for w in weights)])[1:]
        scalars = Scalars(tuple(p.function for p in unknown), tuple(p.count for p in unknown))
        values = _Watching(scalars, stack, list(movers), probe(system.dimension))
        groups = (1,) * len(weights) + (system.dimension**2,) * len(movers)
    radius = _Radius(smooth, radii) if smooth or radii else None
    if values is None and off is None and radius is None:
        return None
    return Watched(values, off, radius, groups)


class _Radius(eqx.Module):
    """How far around an interval of times all is analytic, and functions grow by no orders."""

    smooth: list[Callable[[Any], Any]]
    radii: list[Radius]

    def __call__(self, start: RealLike, end: RealLike, bins: int) -> Float[Array, " bins"]:
        types = [growth(part, start) for part in self.smooth]
        longest = [WAVE / g.type for g in types if g is not None and g.type is not None]
        found = jnp.min(jnp.stack([jnp.asarray(jnp.inf), *longest]))
        found = jnp.broadcast_to(found, bins)
        for radius in self.radii:
            found = jnp.minimum(found, radius(start, end, bins))
        return found
