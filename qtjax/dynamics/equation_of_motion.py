"""The equation of motion: the only place that turns an open system into a linear equation.

The components x of rho in the Hermitian basis obey x' = sum_j f_j(t) M_j x where the Hamiltonian is
a sum of schedules times operators and the baths are rates times jump operators; the books are

    Q_b' = sum over rates r of bath b and terms k of H: f_k f_r (a_k^T D_r) . x,
    W' = sum over k: f_k' a_k . x

A Hamiltonian that is only a function of time is such a sum too, over the operators of the basis,
as long as these are few. A bath that moves otherwise, and an H(t) on more levels, add a matrix
G(t), made anew at every time.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from jaxtyping import Array, Float

from .._checks import concretely, is_concrete
from .._precise import matmul
from .._types import Operator, RealLike
from ..algebra.hermitian_basis import (
    commutator_map,
    from_components,
    jump_map,
    real_map,
    sparse_real_map,
    to_components,
)
from ..algebra.operators import dag
from ..algebra.superoperators import dissipator_superoperator, hamiltonian_superoperator
from ..numerics.equation import (
    FixedMatrix,
    LinearEquation,
    Row,
    Scalars,
    Watched,
    combination,
    dense,
    from_sparse,
    full,
    norms,
    row_times,
)
from ..numerics.growth import Growth, growth
from .channels import Channel, Moving, dissipate
from .davies import Following
from .hamiltonians import AbstractHamiltonian, Term, hamiltonian_rate
from .open_system import OpenSystem
from .schedules import Constant, degree_of
from .spectra import scale_of

SUM_DIMENSION = 4  # up to which a function of time is a sum over the operators of the basis
FEW_CHANNELS = 8  # up to which the channels of a bath are kept apart from rates that are traced
WAVE = 4.0  # the longest step for exp(i w t), in units of 1/w

Matrix = Float[Array, "m n"]


class _Terms(NamedTuple):
    """Scalar functions with their degrees, and what each of them multiplies.

    `smooth` says of every function whether its growth is proven.
    """

    parts: list[Callable[[Any], Any]]
    counts: list[int]
    degrees: list[int | None]
    factors: list[Any]
    smooth: list[bool]

    def add(self, part: Callable[[Any], Any], factors: Sequence[Any]) -> None:
        """A function that gives one scalar for each factor."""
        degree, smooth = _growth_of(part)
        self.parts.append(part)
        self.counts.append(len(factors))
        self.degrees.extend([degree] * len(factors))
        self.factors.extend(factors)
        self.smooth.append(smooth)


def _growth_of(part: Callable[[Any], Any]) -> tuple[int | None, bool]:
    """The degree of a function of time between breakpoints, and whether its growth is proven."""
    declared = degree_of(part)
    if declared is not None:
        return declared, True
    found: list[Growth | None] = []
    jax.eval_shape(lambda t: found.append(growth(part, t)), jnp.zeros(()))
    proven = found[0]
    return None if proven is None or proven.type is not None else proven.degree, proven is not None


def equation_of_motion(system: OpenSystem) -> LinearEquation:
    """The linear equation of an open system; its books are the heats of the baths and the work.

    Args:
        system: the open system; what is concrete in it decides which zeros are known.

    Returns:
        `LinearEquation` for the components of rho in the Hermitian basis.
    """
    channels = [tuple(bath.channels(system.hamiltonian)) for bath in system.baths]
    obstacle = _no_sum(system)
    if obstacle is not None:
        return _moving_equation(system, channels, obstacle)
    return _sum_equation(system, channels)


def _no_sum(system: OpenSystem) -> str | None:
    """What keeps an equation from being a sum of functions times matrices, in words."""
    for h in (system.hamiltonian, system.energy_hamiltonian):
        if not h.is_sum and system.dimension > SUM_DIMENSION:
            return (
                f"H(t) ({type(h).__name__}) is only known as a function of time, on more than "
                f"{SUM_DIMENSION} levels"
            )
    return None


def _in_words(system: OpenSystem, moving: Any, constant: bool, watched: Watched | None) -> str:
    if moving is not None:
        k, bath = next((k, system.baths[k]) for k, found in enumerate(moving.baths) if found)
        return (
            f"baths[{k}] ({type(bath).__name__}) follows H(t), or is only known as a function of "
            "time"
        )
    if constant:
        return "nothing in the system moves"
    if watched is None:
        return "H and the rates are schedules times fixed operators"
    return "H and the rates are functions of time times fixed operators"


def _sum_equation(system: OpenSystem, channels: Sequence[tuple[Any, ...]]) -> LinearEquation:
    n = system.dimension**2
    h = _hamiltonian_terms(system.hamiltonian)
    baths = [_bath_terms(_of_kind(bath, Channel)) for bath in channels]
    moving = _movers(system, channels)
    energy = h if system.energy is None else _hamiltonian_terms(system.energy)
    separate = [] if system.energy is None else [energy]
    everything = [h, *baths, *separate]
    functions = Scalars(
        tuple(part for terms in everything for part in terms.parts),
        tuple(count for terms in everything for count in terms.counts),
    )
    degrees = tuple(degree for terms in everything for degree in terms.degrees)
    starts = np.cumsum([len(h.factors), *(len(bath.factors) for bath in baths)]).tolist()
    first = 0 if system.energy is None else starts[-1]
    commutators = [_commutator(operator) for operator in h.factors]
    jumps = [weighted for bath in baths for weighted in bath.factors]
    dissipators = [combination(*weighted) for weighted in jumps]
    matrices = list(enumerate([*commutators, *dissipators]))
    rows = []
    for k, operator in enumerate(energy.factors, first):
        vector = _observable(operator)
        for b, start in enumerate(starts[:-1]):
            for j in range(start, starts[b + 1]):
                weights, parts = jumps[j - starts[0]]
                whole = combination(weights, [row_times(vector, part) for part in parts])
                rows.append(Row(b, ((k, 0), (j, 0)), whole))
        if degrees[k] != 0:  # the derivative of a constant books nothing
            rows.append(Row(len(baths), ((k, 1),), vector))
        if system.energy is not None:
            for j, matrix in matrices[: starts[0]]:
                rows.append(Row(len(baths), ((k, 0), (j, 0)), row_times(vector, matrix)))
    rows = tuple(row for row in rows if row.vector.places)
    matrices = tuple((j, matrix) for j, matrix in matrices if matrix.places)
    bounds = norms(matrices, [matrix.values for _, matrix in matrices], int(starts[-1]))
    if system.energy is not None:
        bounds += [2.0 * jnp.max(jnp.abs(jnp.asarray(operator))) for operator in energy.factors]
    smooth = [known for terms in everything for known in terms.smooth]
    watched = _watched_functions(system, functions, degrees, smooth, bounds, moving)
    merged = _merged(matrices, baths, starts[0])
    breakpoints = system.breakpoints()
    still = all(degree == 0 for degree in degrees) and breakpoints.shape[0] == 0
    return LinearEquation(
        functions, degrees, merged, rows, len(baths) + 1, n, moving, watched, breakpoints,
        _in_words(system, moving, still, watched),
    )  # fmt: skip


def _of_kind(channels: Sequence[Any], kind: type) -> tuple[Any, ...]:
    return tuple(channel for channel in channels if isinstance(channel, kind))


class _Movers(eqx.Module):
    """What the moving channels of all baths do, with the heats, as a matrix."""

    energy: AbstractHamiltonian
    baths: list[list[Moving]]

    def __call__(self, t: RealLike, duration: RealLike) -> Matrix:
        d = self.energy(t).shape[0]
        energy = duration * to_components(self.energy(t))
        empty = jnp.zeros((d * d, d * d))
        parts = [sum((_moving_matrix(c, t) for c in bath), start=empty) for bath in self.baths]
        heats = [matmul(energy, part) for part in parts]
        return jnp.concatenate(
            [duration * sum(parts, start=empty), jnp.stack([*heats, jnp.zeros(d * d)])]
        )


def _moving_matrix(channel: Moving, t: RealLike) -> Matrix:
    """What a moving channel does to the components."""
    if channel.matrix is not None:
        return channel.matrix(t)
    rates, operators = channel.function(t)
    return real_map(dissipator_superoperator(rates, operators), operators.shape[-1])


def _movers(system: OpenSystem, channels: Sequence[tuple[Any, ...]]) -> _Movers | None:
    baths = [list(_of_kind(bath, Moving)) for bath in channels]
    return _Movers(system.energy_hamiltonian, baths) if any(baths) else None


def _hamiltonian_terms(hamiltonian: AbstractHamiltonian) -> _Terms:
    """Schedules and operators; a function of time as one function for each basis operator."""
    found = _Terms([], [], [], [], [])
    for term in hamiltonian.terms():
        if isinstance(term, Term):
            found.add(term.schedule, [term.operator])
        else:
            d = hamiltonian(jnp.zeros(())).shape[0]
            found.add(_Components(term), _basis(d, jnp.result_type(complex).name))
    return found


class _Components(eqx.Module):
    """The components of a function t -> operator."""

    function: Callable[[Any], Any]

    def __call__(self, t: RealLike) -> Float[Array, " n"]:
        return to_components(jnp.asarray(self.function(t), jnp.result_type(complex)))


@functools.lru_cache
def _basis(d: int, dtype: str) -> tuple[np.ndarray, ...]:
    """The operators of the Hermitian basis, (d, d) each."""
    with jax.ensure_compile_time_eval():
        operators = [np.asarray(from_components(x), dtype) for x in jnp.eye(d * d)]
    return tuple(operators)


def _bath_terms(channels: tuple[Channel, ...]) -> _Terms:
    """Rates that move one by one; those that do not as one sum where that loses nothing.

    Every factor is a pair of weights and matrices: which entries there are does not depend on the
    values of rates, so that new ones compile nothing. Rates that are traced may differ between
    lanes: they stay apart from matrices that do not.
    """
    singles = [single for channel in channels for single in channel.single()]
    fixed = [c for c in singles if isinstance(c.rate, Constant)]
    found = _Terms([], [], [], [], [])

    for channel in singles:
        if not isinstance(channel.rate, Constant):
            found.add(channel.rate, [(np.ones(1), [_jump(channel.operator)])])
    operators = [c.operator for c in fixed]
    rates = [c.rate.value for c in fixed if isinstance(c.rate, Constant)]
    apart = is_concrete(operators) and not is_concrete(rates) and len(fixed) <= FEW_CHANNELS
    if apart:
        for channel in fixed:
            found.add(channel.rate, [(np.ones(1), [_jump(channel.operator)])])
    elif fixed:
        found.add(Constant(1.0), [_dissipator(rates, operators)])
    return found


def _dissipator(rates: list[Any], operators: list[Operator]) -> tuple[Any, list[FixedMatrix]]:
    """All fixed channels of a bath: one by one if they are few, else in one matrix."""
    if is_concrete(rates, operators) and len(operators) <= FEW_CHANNELS:
        values = np.asarray([np.asarray(rate) for rate in rates])
        return values, [_jump(operator) for operator in operators]
    superoperator = dissipator_superoperator(jnp.stack(rates), jnp.stack(operators))
    whole = concretely(lambda s: real_map(s, operators[0].shape[0]), superoperator)
    return np.ones(1), [full(whole)]


def _merged(
    matrices: tuple[tuple[int, FixedMatrix], ...], baths: list[_Terms], terms: int
) -> tuple[tuple[int, FixedMatrix], ...]:
    """The matrices with those of all baths whose rates they contain already as one."""
    one = [len(bath.parts) == 1 and _is_one(bath.parts[0]) for bath in baths]
    if len(baths) < 2 or not all(one):
        return matrices
    parts = [matrix for j, matrix in matrices if j >= terms]
    if len(parts) < 2:
        return matrices
    whole = combination(np.ones(len(parts)), parts)
    return (*(pair for pair in matrices if pair[0] < terms), (terms, whole))


def _is_one(rate: Any) -> bool:
    return isinstance(rate, Constant) and is_concrete(rate.value) and float(rate.value) == 1.0


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
        return jnp.concatenate([*found, *(_moved(mover, t, self.probe) for mover in self.movers)])


def _probe(d: int) -> np.ndarray:
    """A Hermitian operator without symmetry, (d, d)."""
    parts = np.random.default_rng(0).normal(size=(2, d, d)) / d
    probe = parts[0] + 1j * parts[1] + (parts[0] - 1j * parts[1]).T
    return probe.astype(jnp.result_type(complex))


def _moved(channel: Moving, t: RealLike, probe: Any) -> Float[Array, " n"]:
    """What a moving channel does to an operator, about as large as its matrix."""
    d = probe.shape[0]
    if channel.matrix is not None:
        return d * matmul(channel.matrix(t), to_components(jnp.asarray(probe)))
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


def _defect(system: OpenSystem) -> _Defect | None:
    hamiltonians = [system.hamiltonian, *([] if system.energy is None else [system.energy])]
    functions = [term for h in hamiltonians for term in h.terms() if not isinstance(term, Term)]
    return _Defect(tuple(functions)) if functions else None


def _watched_functions(
    system: OpenSystem, functions: Scalars, degrees: Sequence[int | None], known: list[bool],
    bounds: list[Any], moving: _Movers | None,
) -> Watched | None:  # fmt: skip
    """The functions that are no known polynomials, and what moves."""
    parts, counts, weights, smooth, k = [], [], [], [], 0
    for part, count, proven in zip(functions.parts, functions.counts, known, strict=True):
        if degrees[k] is None and proven:
            smooth.append(part)
        elif degrees[k] is None:
            parts.append(part)
            counts.append(count)
            weights += bounds[k : k + count]
        k += count
    followers, movers = [], []
    for mover in [] if moving is None else [mover for bath in moving.baths for mover in bath]:
        if _is_analytic(mover.function, system.hamiltonian):
            followers.append(mover.function)
        else:
            movers.append(mover)
    defect, values = _defect(system), None
    if parts or movers:
        dtype = jnp.result_type(float)
        stack = jnp.stack([jnp.zeros((), dtype), *(jnp.asarray(w, dtype) for w in weights)])[1:]
        scalars = Scalars(tuple(parts), tuple(counts))
        values = _Watching(scalars, stack, movers, _probe(system.dimension))
    radius = _Radius(smooth, followers) if smooth or followers else None
    if values is None and defect is None and radius is None:
        return None
    return Watched(values, defect, radius)


def _is_analytic(function: Any, hamiltonian: AbstractHamiltonian) -> bool:
    """Whether a moving channel is known to be analytic where levels do not meet."""
    if not isinstance(function, Following) or scale_of(function.bath.spectrum) is None:
        return False
    parts = [term.schedule if isinstance(term, Term) else term for term in hamiltonian.terms()]
    return all(_growth_of(part)[0] is not None for part in parts)


class _Radius(eqx.Module):
    """How far around an interval of times all is analytic, and functions grow by no orders."""

    smooth: list[Callable[[Any], Any]]
    following: list[Any]  # `Following`

    def __call__(self, start: RealLike, end: RealLike) -> Callable[[Any, Any], Any]:
        types = [growth(part, start) for part in self.smooth]
        longest = [WAVE / g.type for g in types if g is not None and g.type is not None]
        radii = [function.radius(start, end) for function in self.following]

        def around(middle: RealLike, half: RealLike) -> Array:
            found = [jnp.asarray(jnp.inf), *longest, *(radius(middle, half) for radius in radii)]
            return jnp.min(jnp.stack(found))

        return around


class _MovingBath(eqx.Module):
    """The dissipator of a bath as a matrix that moves."""

    fixed: Matrix
    rates: list[Callable[[Any], Any]]  # no tuples: Diffrax's backsolve stumbles over empty ones
    matrices: list[Matrix]
    movers: list[Moving]

    def __call__(self, t: RealLike) -> Matrix:
        total = self.fixed
        for rate, matrix in zip(self.rates, self.matrices, strict=True):
            total = total + rate(t) * matrix
        return sum((_moving_matrix(mover, t) for mover in self.movers), start=total)


class _MovingGenerator(eqx.Module):
    """G(t, duration) built anew at every time: any H(t), baths that move with time or with H."""

    hamiltonian: AbstractHamiltonian
    energy: AbstractHamiltonian | None
    baths: tuple[_MovingBath, ...]

    def __call__(self, t: RealLike, duration: RealLike) -> Matrix:
        h = self.hamiltonian(t)
        unitary = real_map(hamiltonian_superoperator(h), h.shape[0])
        parts = [bath(t) for bath in self.baths]
        booked = self.hamiltonian if self.energy is None else self.energy
        energy = to_components(booked(t))
        work = to_components(hamiltonian_rate(booked, t))
        if self.energy is not None:
            work = work + duration * matmul(energy, unitary)
        heats = [duration * matmul(energy, part) for part in parts]
        return jnp.concatenate([duration * sum(parts, unitary), jnp.stack([*heats, work])])


class _WatchedSystem(eqx.Module):
    """H(t), the rates, and what the moving channels do to an operator without symmetry."""

    generator: _MovingGenerator
    probe: np.ndarray

    def __call__(self, t: RealLike) -> Float[Array, " count"]:
        d = self.probe.shape[0]
        found = [2.0 * to_components(self.generator.hamiltonian(t))]
        if self.generator.energy is not None:
            found.append(2.0 * to_components(self.generator.energy(t)))
        for bath in self.generator.baths:
            for rate, matrix in zip(bath.rates, bath.matrices, strict=True):
                found.append(jnp.asarray(rate(t)).reshape(1) * d * jnp.max(jnp.abs(matrix)))
            found += [_moved(mover, t, self.probe) for mover in bath.movers]
        return jnp.concatenate(found)


def _moving_equation(
    system: OpenSystem, channels: Sequence[tuple[Any, ...]], obstacle: str
) -> LinearEquation:
    d = system.dimension
    generator = _MovingGenerator(
        system.hamiltonian, system.energy, tuple(_moving_bath(bath, d) for bath in channels)
    )
    watched = Watched(_WatchedSystem(generator, _probe(d)), _defect(system))
    return LinearEquation(
        Scalars((), ()), (), (), (), len(channels) + 1, d * d, generator, watched,
        system.breakpoints(), obstacle,
    )  # fmt: skip


def _moving_bath(channels: tuple[Channel | Moving, ...], d: int) -> _MovingBath:
    movers = list(_of_kind(channels, Moving))
    terms = _bath_terms(_of_kind(channels, Channel))
    fixed, rates, matrices = jnp.zeros((d * d, d * d)), [], []
    for rate, weighted in zip(terms.parts, terms.factors, strict=True):
        matrix = dense(combination(*weighted))
        if isinstance(rate, Constant):
            fixed = fixed + rate.value * matrix
        else:
            rates.append(rate)
            matrices.append(matrix)
    return _MovingBath(fixed, rates, matrices, movers)


def _commutator(operator: Any) -> FixedMatrix:
    return _matrix(operator, "commutator")


def _jump(operator: Any) -> FixedMatrix:
    return _matrix(operator, "jump")


def _observable(operator: Any) -> FixedMatrix:
    return _matrix(operator, "observable")


def _matrix(operator: Any, kind: str) -> FixedMatrix:
    if not is_concrete(operator):
        return full(_dense(operator, kind))
    values = np.asarray(operator)
    return _known(values.tobytes(), values.dtype.str, values.shape[0], kind)


@functools.lru_cache(maxsize=4096)
def _known(data: bytes, dtype: str, d: int, kind: str) -> FixedMatrix:
    operator: Any = np.frombuffer(data, dtype).reshape(d, d)
    eps, real = float(np.finfo(operator.dtype).eps), operator.real.dtype
    if kind == "observable":
        return from_sparse(sp.coo_array(to_components(operator, np)[None].astype(real)), eps)
    make = commutator_map if kind == "commutator" else jump_map
    return from_sparse(sparse_real_map(make(sp.csr_array(operator), sp), d).astype(real), eps)


def _dense(operator: Any, kind: str) -> Any:
    if kind == "observable":
        return to_components(operator)[None]
    make = commutator_map if kind == "commutator" else jump_map
    return real_map(make(operator, jnp), operator.shape[0])
