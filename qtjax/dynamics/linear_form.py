"""The master equation as sum_j f_j(t) M_j: scalar functions of time times fixed real matrices.

Where a Hamiltonian is a sum of schedules times fixed operators, and the baths are rates times fixed
jump operators, only the scalars depend on time:

    x' = sum_j f_j(t) M_j x,   Q_b' = sum_r e_r(t) f_r(t) v_r . x,   W' = sum_k e_k'(t) a_k . x

with x the components of rho in a Hermitian basis. The fused integrators live on that form. What is
known of an operator when the program is traced (its zeros) is read here, from its concrete value;
nothing needs to be declared, and an operator that is itself traced (so that it may be batched or
differentiated) is a full matrix.
"""

import functools
import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from jaxtyping import Array, Float

from .._checks import is_concrete
from .._types import Operator, RealLike
from ..algebra.hermitian_basis import (
    commutator_map,
    jump_map,
    real_map,
    sparse_real_map,
    to_components,
)
from .dissipators import AbstractDissipator, Lindblad
from .hamiltonians import AbstractHamiltonian, Driven, Static
from .open_system import OpenSystem
from .schedules import AbstractSchedule, Constant, Schedule


class FixedMatrix(eqx.Module):
    """A real matrix with values at places that are known when the program is traced.

    Args:
        values: at the places, (places,).
        places: pairs (row, column), static.
        shape: (rows, columns), static.
    """

    values: Float[Array | np.ndarray, " places"]
    places: tuple[tuple[int, int], ...] = eqx.field(static=True)
    shape: tuple[int, int] = eqx.field(static=True)

    @property
    def is_full(self) -> bool:
        """Whether every place may hold something."""
        return len(self.places) == self.shape[0] * self.shape[1]


class Row(NamedTuple):
    """A contribution (product of factors) v . x to the derivative of one book.

    Args:
        book: its number: the baths in order, then the work.
        factors: pairs (number of the function, how often differentiated).
        vector: v as a matrix with one row.
    """

    book: int
    factors: tuple[tuple[int, int], ...]
    vector: FixedMatrix


class Functions(eqx.Module):
    """The scalars f_j(t): of the Hamiltonian, of the baths, and of a separate energy.

    Args:
        hamiltonian: schedules of its terms.
        baths: for every bath its rates if they are constant, else the bath itself.
        energy: schedules of the terms of the energy where it is another operator.
    """

    hamiltonian: tuple[Schedule, ...]
    baths: tuple[Float[Array | np.ndarray, " _"] | AbstractDissipator, ...]
    energy: tuple[Schedule, ...]

    def __call__(self, t: RealLike) -> list[Float[Array, ""]]:
        """Their values at time t."""
        dtype = jnp.result_type(float)
        scalars = [jnp.asarray(s(t), dtype).reshape(()) for s in self.hamiltonian + self.energy]
        split = len(self.hamiltonian)
        rates = [rate for bath in self.baths for rate in _rates(bath, t)]
        return scalars[:split] + rates + scalars[split:]


class LinearForm(NamedTuple):
    """The form of the module's docstring.

    Args:
        functions: t -> the values f_j(t).
        degrees: degree of each function between breakpoints; `None` if it is no polynomial.
        matrices: pairs (number of the function, M_j).
        rows: of the books.
        books: baths + 1.
    """

    functions: Functions
    degrees: tuple[int | None, ...]
    matrices: tuple[tuple[int, FixedMatrix], ...]
    rows: tuple[Row, ...]
    books: int


def linear_form(system: OpenSystem) -> LinearForm:
    """The linear form of a system that has one (`why_not_linear`).

    Args:
        system: the open system; what is concrete in it decides which zeros are known.

    Returns:
        `LinearForm`.
    """
    terms = [_commutator(h) for h in _operators(system.hamiltonian)]
    baths = [_bath_terms(bath) for bath in system.baths]
    jumps = [term for bath in baths for term in bath.terms]
    booked = system.hamiltonian if system.energy is None else system.energy
    functions = Functions(
        _schedules(system.hamiltonian),
        tuple(bath.rates for bath in baths),
        () if system.energy is None else _schedules(booked),
    )
    counts = [len(bath.terms) for bath in baths]
    matrices = list(enumerate([*terms, *(_combination(*term) for term in jumps)]))
    starts = len(terms) + np.cumsum([0, *counts])
    first = 0 if system.energy is None else int(starts[-1])
    degrees = (
        *map(_degree, functions.hamiltonian),
        *itertools.chain(*map(_rate_degrees, functions.baths, counts)),
        *map(_degree, functions.energy),
    )
    rows: list[Row] = []
    for k, operator in enumerate(_operators(booked), first):
        vector = _observable(operator)
        for bath, start in enumerate(starts[:-1]):
            for j in range(int(start), int(starts[bath + 1])):
                weights, parts = jumps[j - len(terms)]
                whole = _combination(weights, [_row_times(vector, part) for part in parts])
                rows.append(Row(bath, ((k, 0), (j, 0)), whole))
        if degrees[k] != 0:  # the derivative of a constant books nothing
            rows.append(Row(len(baths), ((k, 1),), vector))
        if system.energy is not None:
            for j, matrix in matrices[: len(terms)]:
                rows.append(Row(len(baths), ((k, 0), (j, 0)), _row_times(vector, matrix)))
    rows = [row for row in rows if row.vector.places]
    matrices = _merged(matrices, functions, len(terms))
    return LinearForm(functions, degrees, tuple(matrices), tuple(rows), len(baths) + 1)


def _merged(
    matrices: list[tuple[int, FixedMatrix]], functions: Functions, terms: int
) -> list[tuple[int, FixedMatrix]]:
    """The matrices with those of all baths whose rates they contain already as one."""
    baths = functions.baths
    if len(baths) < 2 or not all(isinstance(r, np.ndarray) and r.size == 1 for r in baths):
        return matrices
    whole = _combination(np.ones(len(baths)), [matrix for _, matrix in matrices[terms:]])
    return [*matrices[:terms], (terms, whole)]


def why_not_linear(system: OpenSystem, smooth: bool = False) -> str | None:
    """What keeps a system from having a linear form, in words; `None` if nothing does.

    Args:
        system: the open system.
        smooth: whether plain callables are taken to be smooth.
    """
    hamiltonians = [system.hamiltonian, *([] if system.energy is None else [system.energy])]
    schedules: list[Any] = []
    for part in hamiltonians:
        if not isinstance(part, Static | Driven):
            return f"H(t) is a {type(part).__name__}, not a sum of schedules times operators"
        schedules += list(_schedules(part))
    for k, bath in enumerate(system.baths):
        if bath.follows_hamiltonian:
            return f"baths[{k}] ({type(bath).__name__}) follows H(t)"
        if bath.fixed_operators() is None:
            return f"baths[{k}] ({type(bath).__name__}) has no fixed jump operators"
        schedules += bath.schedules()
    for schedule in schedules:
        if not smooth and not isinstance(schedule, AbstractSchedule):
            return "a schedule is a plain callable, which may jump at times that are not known"
    return None


def _schedules(hamiltonian: AbstractHamiltonian) -> tuple[Schedule, ...]:
    return hamiltonian.schedules if isinstance(hamiltonian, Driven) else (Constant(1.0),)


def _operators(hamiltonian: AbstractHamiltonian) -> tuple[Operator, ...]:
    return hamiltonian.operators if isinstance(hamiltonian, Driven) else (hamiltonian(0.0),)


class _BathTerms(NamedTuple):
    """The functions of a bath (itself if they move), and for each weights and matrices."""

    rates: Any
    terms: list[tuple[Any, list[FixedMatrix]]]


def _bath_terms(bath: AbstractDissipator) -> _BathTerms:
    """The terms of a bath: one for every rate, or a single one where that loses nothing.

    Rates that are traced may differ between lanes: they stay apart from matrices that do not.
    """
    operators: Any = bath.fixed_operators()
    matrices = [_jump(operator) for operator in operators]
    apart = [(np.ones(1), [matrix]) for matrix in matrices]
    if not bath.constant:
        return _BathTerms(bath, apart)
    rates = _constant_rates(bath)
    if (is_concrete(operators) and not is_concrete(rates)) or not matrices:
        return _BathTerms(rates, apart)
    return _BathTerms(np.ones(1, rates.dtype), [(rates, matrices)])


def _constant_rates(bath: AbstractDissipator) -> Any:
    nothing = np.zeros((bath.dimension,) * 2, jnp.result_type(complex))
    if not is_concrete(bath):
        return bath.jumps(0.0, jnp.asarray(nothing))[0]
    with jax.ensure_compile_time_eval():  # so that they are known inside `jit` too
        return np.asarray(bath.jumps(0.0, jnp.asarray(nothing))[0])


def _rates(bath: Any, t: RealLike) -> Sequence[Any]:
    if not isinstance(bath, AbstractDissipator):
        return [jnp.asarray(rate) for rate in bath]
    nothing = jnp.zeros((bath.dimension,) * 2, jnp.result_type(complex))
    return list(bath.jumps(t, nothing)[0])


def _degree(schedule: Schedule) -> int | None:
    return schedule.degree if isinstance(schedule, AbstractSchedule) else None


def _rate_degrees(bath: Any, count: int) -> list[int | None]:
    if not isinstance(bath, AbstractDissipator):
        return [0] * count
    if isinstance(bath, Lindblad):
        return [_degree(rate) for rate in bath.rates]
    return [None for _ in range(count)]


def _combination(rates: Any, matrices: Sequence[FixedMatrix]) -> FixedMatrix:
    """sum_r rate_r M_r, at all places of all of them."""
    if len(matrices) == 1 and isinstance(rates, np.ndarray) and rates[0] == 1.0:
        return matrices[0]
    shape = matrices[0].shape
    if any(matrix.is_full for matrix in matrices):
        return _full(sum(rate * dense(m) for rate, m in zip(rates, matrices, strict=True)))  # pyright: ignore
    places = tuple(sorted({place for matrix in matrices for place in matrix.places}))
    index = {place: k for k, place in enumerate(places)}
    values: list[Any] = [0.0] * len(places)
    for rate, matrix in zip(rates, matrices, strict=True):
        for place, value in zip(matrix.places, matrix.values, strict=True):
            values[index[place]] = values[index[place]] + rate * value
    stack = np.asarray if is_concrete(values) else jnp.stack
    return FixedMatrix(stack(values), places, shape)


def _commutator(operator: Operator) -> FixedMatrix:
    return _matrix(operator, "commutator")


def _jump(operator: Operator) -> FixedMatrix:
    return _matrix(operator, "jump")


def _observable(operator: Operator) -> FixedMatrix:
    return _matrix(operator, "observable")


def _matrix(operator: Operator, kind: str) -> FixedMatrix:
    if not is_concrete(operator):
        return _full(_dense(operator, kind))
    values = np.asarray(operator)
    return _known(values.tobytes(), values.dtype.str, values.shape[0], kind)


@functools.lru_cache(maxsize=4096)
def _known(data: bytes, dtype: str, d: int, kind: str) -> FixedMatrix:
    operator: Any = np.frombuffer(data, dtype).reshape(d, d)
    eps, real = float(np.finfo(operator.dtype).eps), operator.real.dtype
    if kind == "observable":
        return _sparse(sp.coo_array(to_components(operator, np)[None].astype(real)), eps)
    make = commutator_map if kind == "commutator" else jump_map
    return _sparse(sparse_real_map(make(sp.csr_array(operator), sp), d).astype(real), eps)


def _dense(operator: Any, kind: str) -> Any:
    if kind == "observable":
        return to_components(operator)[None]
    make = commutator_map if kind == "commutator" else jump_map
    return real_map(make(operator, jnp), operator.shape[0])


def _sparse(matrix: Any, eps: float) -> FixedMatrix:
    """A sparse matrix without the entries that are rounding."""
    size = np.max(np.abs(matrix.data), initial=0.0)
    kept = np.abs(matrix.data) > 16 * eps * size
    rows, columns, values = (a[kept] for a in (*matrix.coords, matrix.data))
    order = np.lexsort((columns, rows))
    places = tuple(zip(rows[order].tolist(), columns[order].tolist(), strict=True))
    return FixedMatrix(values[order], places, matrix.shape)


@functools.lru_cache
def _all_places(rows: int, columns: int) -> tuple[tuple[int, int], ...]:
    return tuple((i, j) for i in range(rows) for j in range(columns))


def _full(matrix: Array) -> FixedMatrix:
    shape = (matrix.shape[0], matrix.shape[1])
    return FixedMatrix(matrix.reshape(-1), _all_places(*shape), shape)


def dense(matrix: FixedMatrix) -> Array:
    """The matrix with all its entries, (rows, columns)."""
    if matrix.is_full:
        return jnp.asarray(matrix.values).reshape(matrix.shape)
    rows, columns = np.array(matrix.places, int).reshape(-1, 2).T
    return jnp.zeros(matrix.shape, matrix.values.dtype).at[rows, columns].set(matrix.values)


def _row_times(vector: FixedMatrix, matrix: FixedMatrix) -> FixedMatrix:
    """v^T M."""
    if (
        is_concrete(vector.values, matrix.values)
        and not isinstance(vector.values, Array)
        and not isinstance(matrix.values, Array)
    ):
        product = np.zeros((1, matrix.shape[1]), vector.values.dtype)
        entries = dict(zip((j for _, j in vector.places), vector.values, strict=True))
        for (i, j), value in zip(matrix.places, matrix.values, strict=True):
            product[0, j] += entries.get(i, 0.0) * value
        size = float(
            np.max(np.abs(vector.values), initial=0.0) * np.max(np.abs(matrix.values), initial=0.0)
        )
        keep = np.where(
            np.abs(product) > 16 * np.finfo(vector.values.dtype).eps * size, product, 0.0
        )
        return _sparse(sp.coo_array(keep), 0.0)
    return _full(dense(vector) @ dense(matrix))
