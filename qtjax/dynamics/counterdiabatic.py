"""Counterdiabatic driving: the term that carries every level along, at any speed.

H_CD = i sum_k P_k' P_k with the projectors P_k on the levels of H(t), which for levels that are not
degenerate is i sum_{m != n} |m><m|H'|n><n| / (E_n - E_m).
"""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._checked import checked
from .._checks import as_positive, as_vector, is_concrete
from .._precise import einsum
from .._types import Operator, Real, RealLike
from ..algebra.levels import group_levels, level_projectors
from .hamiltonians import AbstractHamiltonian, Sum, as_hamiltonian

_SAMPLES, _NODES = 1024, 4  # times at which levels are looked at, and of the mean between two
_TOGETHER = 512  # times of the mean at which H_CD is found side by side
_KEPT = 0.75  # of a level from one of these times to the next; half of it is lost at a crossing


class CounterdiabaticTerm(eqx.Module):
    """H_CD(t) of a Hamiltonian of scaled time, (d, d).

    Args:
        hamiltonian: H.
        duration: of the scaled time.
        levels: degeneracies in ascending order, static.
    """

    hamiltonian: AbstractHamiltonian
    duration: Real
    levels: tuple[int, ...] = eqx.field(static=True)

    def __call__(self, t: RealLike) -> Operator:
        def projectors(t: RealLike) -> Array:
            return level_projectors(self.hamiltonian(t), self.levels)

        t = jnp.asarray(t, self.duration.dtype)
        p, slope = jax.jvp(projectors, (t,), (jnp.ones_like(t),))
        half = 0.5j / self.duration * einsum("kij,kjl->il", slope, p)
        return half + half.conj().T


@checked
def counterdiabatic(
    hamiltonian: AbstractHamiltonian,
    duration: RealLike = 1.0,
    *,
    span: Sequence[RealLike] = (0.0, 1.0),
    levels: tuple[int, ...] | None = None,
) -> AbstractHamiltonian:
    """H(t) + H_CD(t), which keeps the populations of the levels of H(t) at any speed.

    For a qubit with the axis n(t) of its Bloch vector H_CD = (n x n').sigma/2. With `energy` H the
    work of an `OpenSystem` is that of the levels; H_CD vanishes with H', so that smooth ramps begin
    and end with H.

    Args:
        hamiltonian: an `AbstractHamiltonian`, or a function of time; of scaled time s = t/duration
            where a duration is given, as in a `Stroke`.
        duration: of the scaled time, > 0; 1 for a Hamiltonian of time itself.
        span: the first and the last (scaled) time of the drive, between which levels are looked at.
        levels: degeneracies in ascending order of energy, the same at all times, static. Found from
            a concrete H; all 1 for a traced one.

    Returns:
        An `AbstractHamiltonian`; twice differentiable in its parameters, a qubit's without bound.

    Raises:
        ValueError: levels that cross or come closer than what 1,024 times can tell, H that jumps,
            a duration that is not positive, or a span that is no interval.

    Source: Demirplak and Rice, J. Phys. Chem. A 107, 9937 (2003); Berry, J. Phys. A 42, 365303
        (2009).

    Examples:
        >>> h = qt.Driven([(jnp.cos, qt.sigmaz()), (jnp.sin, qt.sigmax())])
        >>> qt.dynamics.counterdiabatic(h)(0.5) - h(0.5)
        [[0.0, -0.5j], [0.5j, 0.0]]
    """
    h = as_hamiltonian(hamiltonian)
    return Sum((*h.terms(), _term(h, duration, span, levels)))


@checked
def counterdiabatic_cost(
    hamiltonian: AbstractHamiltonian,
    duration: RealLike = 1.0,
    *,
    span: Sequence[RealLike] = (0.0, 1.0),
    levels: tuple[int, ...] | None = None,
) -> Real:
    """The time-averaged Frobenius norm of H_CD, by Gauss-Legendre in 1,024 parts.

    Levels that part again within one such part, as closely as they may, cost it less than 1e-4.
    For a qubit whose axis turns by an angle a at one pace, a/(sqrt(2) duration).

    Args:
        hamiltonian: as for `counterdiabatic`.
        duration: as for `counterdiabatic`.
        span: as for `counterdiabatic`.
        levels: as for `counterdiabatic`.

    Returns:
        A scalar, in units of energy.

    Raises:
        ValueError: as for `counterdiabatic`.

    Source: Zheng, Campbell, De Chiara and Poletti, Phys. Rev. A 94, 042132 (2016).

    Examples:
        >>> h = qt.Driven([(jnp.cos, qt.sigmaz()), (jnp.sin, qt.sigmax())])
        >>> qt.dynamics.counterdiabatic_cost(h, duration=2.0), 1 / (jnp.sqrt(2) * 2.0)
        (0.3536, 0.3536)
    """
    term = _term(as_hamiltonian(hamiltonian), duration, span, levels)
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    start, end = as_vector("span", span, exactly=2)
    breaks = jnp.clip(term.hamiltonian.breakpoints(), start, end)
    edges = jnp.sort(
        jnp.concatenate([start + (end - start) * np.linspace(0, 1, _SAMPLES + 1), breaks])
    )
    lengths = jnp.diff(edges)[:, None]
    ts = edges[:-1, None] + 0.5 * lengths * (nodes + 1.0)
    weights = 0.5 * lengths / (end - start) * weights

    def square_at(t: Real) -> Real:
        found = term(t)
        return jnp.sum(found.real**2 + found.imag**2)

    square = jax.lax.map(square_at, ts.reshape(-1), batch_size=_TOGETHER)
    moving = square > 0.0  # the root has no derivative at 0
    norms = jnp.where(moving, jnp.sqrt(jnp.where(moving, square, 1.0)), 0.0)
    return jnp.sum(weights.reshape(-1) * norms)


def _term(
    h: AbstractHamiltonian,
    duration: RealLike,
    span: Sequence[RealLike],
    levels: tuple[int, ...] | None,
) -> CounterdiabaticTerm:
    """H_CD, after a look at the levels of a concrete H."""
    remedy = "no finite drive keeps populations in a sudden quench."
    duration = as_positive("duration", duration, remedy)
    start, end = as_vector("span", span, exactly=2)
    if is_concrete(start, end) and not start < end:
        raise ValueError(f"`span` must be (start, end), got ({float(start):g}, {float(end):g}).")
    if is_concrete(h, start, end):
        levels = _look(h, np.linspace(float(start), float(end), _SAMPLES + 1), levels)
    d = jax.eval_shape(h, jnp.zeros(())).shape[0]
    return CounterdiabaticTerm(h, duration, (1,) * d if levels is None else tuple(levels))


def _look(
    h: AbstractHamiltonian, ts: np.ndarray, levels: tuple[int, ...] | None
) -> tuple[int, ...]:
    """The degeneracies; raises where levels cross, or H jumps."""
    jumps = np.asarray(h.jumps())
    if np.any((jumps > ts[0]) & (jumps <= ts[-1])):
        raise ValueError("`hamiltonian` must not jump: no finite drive follows a quench.")
    matrices = np.asarray(jax.vmap(h)(jnp.asarray(ts)))
    _, vectors = np.linalg.eigh(matrices)
    if levels is None:  # an accidental meeting of levels is not a degeneracy
        levels = max(map(group_levels, matrices[1:-1:64]), key=len)
    ends = np.cumsum(levels)
    for k, (end, n) in enumerate(zip(ends, levels, strict=True)):
        block = vectors[:, :, end - n : end]
        overlaps = np.einsum("tia,tib->tab", block[:-1].conj(), block[1:])
        kept = np.sum(np.abs(overlaps) ** 2, axis=(1, 2)) / n
        if np.any(kept < _KEPT):
            worst = int(np.argmin(kept))
            raise ValueError(
                f"Levels of `hamiltonian` cross: level {k} is another one at t = "
                f"{ts[worst + 1]:.6g} than at {ts[worst]:.6g}. No counterdiabatic drive follows "
                "levels in ascending order there; couple them so that they avoid each other by "
                f"more than {len(ts) - 1} times can miss."
            )
    return tuple(levels)
