"""The equation of motion: the only place that turns an open system into a linear equation.

The components x of rho in the Hermitian basis obey x' = sum_j f_j(t) M_j x where the Hamiltonian is
a sum of schedules times operators and the baths are rates times jump operators; the books are

    Q_b' = sum over rates r of bath b and terms k of H: f_k f_r (a_k^T D_r) . x,
    W' = sum over k: f_k' a_k . x

and, for a bath that exchanges particles, N_b' in units of an energy that the caller gives; its heat
is Q_b - mu_b N_b.

A Hamiltonian that is a function of time is taken apart into such a sum (`separated`). One that is
no sum of few scalars times operators is one over the operators of the basis, as long as these are
few. A bath that moves otherwise, and such an H(t) on more levels, add a matrix G(t), made anew at
every time.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._checks import is_concrete
from .._precise import matmul
from .._types import RealLike
from ..algebra.hermitian_basis import to_components
from ..algebra.real_generators import real_commutator
from ..numerics.equation import (
    Balance,
    FixedMatrix,
    LinearEquation,
    Row,
    Scalars,
    Watched,
    combination,
    dense,
    norms,
    row_times,
)
from .channels import Channel, Moving, of_kind
from .dissipators import Particles
from .hamiltonians import AbstractHamiltonian, hamiltonian_rate
from .open_system import OpenSystem, energy_unit
from .schedules import Constant
from .separated import separated
from .terms import (
    Part,
    Terms,
    bath_terms,
    commutator_matrix,
    first_moving,
    hamiltonian_terms,
    observable_matrix,
)
from .watching import defect, moved, probe, watched_functions

SUM_DIMENSION = 4  # up to which a function of time is a sum over the operators of the basis

Matrix = Float[Array, "m n"]
Matrices = list[tuple[int, FixedMatrix]]  # with the number of the function that multiplies each


class Books(NamedTuple):
    """The books of a system, with any leading axes.

    Args:
        heat: from each bath, (..., baths).
        work: done by H(t), (...).
        particles: from each bath, 0 for those that exchange none, (..., baths); `None` if no bath
            does.
        chemical_work: mu N of each bath, likewise.
    """

    heat: Array
    work: Array
    particles: Array | None = None
    chemical_work: Array | None = None


def read_books(system: OpenSystem, books: Array, quantum: RealLike) -> Books:
    """The books of the equation of motion by their names.

    Args:
        system: the open system.
        books: in the order of the equation, (..., books).
        quantum: the energy that was booked for a particle.
    """
    count = len(system.baths)
    energy, work = books[..., :count], books[..., -1]
    leads = exchanging(system)
    if not leads:
        return Books(energy, work)
    counted = books[..., count : count + len(leads)] / quantum
    particles = jnp.zeros_like(energy).at[..., np.array([b for b, _ in leads])].set(counted)
    potentials = jnp.zeros(count, energy.dtype)
    for b, exchanged in leads:
        if not exchanged.moves:
            potentials = potentials.at[b].set(exchanged.chemical_potential)
    chemical_work = potentials * particles
    for k, (b, _) in enumerate(moving_leads(system), count + len(leads)):
        chemical_work = chemical_work.at[..., b].set(books[..., k])
    return Books(energy - chemical_work, work, particles, chemical_work)


def energy_per_particle(system: OpenSystem, ts: Float[Array, " times"]) -> RealLike:
    """The energy to book for a particle, so that all books are as exact as the state.

    Args:
        system: the open system.
        ts: times, of which the first and the last count, (times,).
    """
    return energy_unit(system, jnp.linspace(ts[0], ts[-1], 9)) if exchanging(system) else 1.0


def exchanging(system: OpenSystem) -> list[tuple[int, Particles]]:
    """The baths that exchange particles, with their numbers."""
    found = [(b, bath.particles) for b, bath in enumerate(system.baths)]
    return [(b, exchanged) for b, exchanged in found if exchanged is not None]


def moving_leads(system: OpenSystem) -> list[tuple[int, Particles]]:
    """Those whose chemical potential is a function of time, so that its work is a book."""
    return [lead for lead in exchanging(system) if lead[1].moves]


def equation_of_motion(system: OpenSystem, quantum: RealLike = 1.0) -> LinearEquation:
    """The linear equation of an open system.

    Its books are the energies from the baths, `quantum` times the particles from those that
    exchange some, the chemical work of those whose mu moves, and the work; `read_books` reads them.

    Args:
        system: the open system; what is concrete in it decides which zeros are known.
        quantum: the energy that is booked for a particle, see `energy_per_particle`.

    Returns:
        `LinearEquation` for the components of rho in the Hermitian basis.
    """
    system = separated(system)
    channels = [tuple(bath.channels(system.hamiltonian)) for bath in system.baths]
    obstacle = no_sum(system)
    if obstacle is not None:
        return _moving_equation(system, channels, quantum, obstacle)
    return _sum_equation(system, channels, quantum)


def no_sum(system: OpenSystem) -> str | None:
    """What keeps an equation from being a sum of functions times matrices, in words."""
    for b, _ in moving_leads(system):
        return f"the chemical potential of baths[{b}] is a function of time"
    for h in (system.hamiltonian, system.energy_hamiltonian):
        if not h.is_sum and system.dimension > SUM_DIMENSION:
            return (
                f"H(t) ({type(h).__name__}) is only known as a function of time, on more than "
                f"{SUM_DIMENSION} levels"
            )
    return None


def _in_words(
    system: OpenSystem, channels: Sequence[Sequence[Any]], constant: bool, watched: Watched | None
) -> str:
    moving = [k for k, bath in enumerate(channels) if any(isinstance(c, Moving) for c in bath)]
    if moving:
        return (
            f"baths[{moving[0]}] ({type(system.baths[moving[0]]).__name__}) follows H(t), or is "
            "only known as a function of time"
        )
    if constant:
        return "nothing in the system moves"
    if watched is None:
        return "H and the rates are schedules times fixed operators"
    return "H and the rates are functions of time times fixed operators"


def _sum_equation(
    system: OpenSystem, channels: Sequence[Sequence[Any]], quantum: RealLike
) -> LinearEquation:
    followed = [
        [c for c in bath if isinstance(c, Channel) or c.scalars is None] for bath in channels
    ]
    moving, breakpoints = _movers(system, followed, quantum), system.breakpoints()
    h = hamiltonian_terms(system.hamiltonian)
    baths = [bath_terms(bath) for bath in channels]
    energy = None if system.energy is None else hamiltonian_terms(system.energy)
    parts = [p for terms in (h, *baths, *([] if energy is None else [energy])) for p in terms.parts]
    leads = exchanging(system)
    work = len(baths) + len(leads)  # the last book
    matrices, rows = _products(h, baths, energy, parts, work)
    rows += _particle_rows(leads, baths, len(h.factors), quantum)
    count = sum(part.count for part in parts)
    bounds = norms(matrices, [matrix.values for _, matrix in matrices], count)
    if energy is not None:
        sizes = [2.0 * jnp.max(jnp.abs(jnp.asarray(operator))) for operator in energy.factors]
        bounds[count - len(sizes) :] = sizes
    movers = [] if moving is None else [mover for bath in moving.baths for mover in bath]
    watched = watched_functions(system, parts, bounds, movers)
    still = all(part.degree == 0 for part in parts) and breakpoints.shape[0] == 0
    return LinearEquation(
        Scalars(tuple(part.function for part in parts), tuple(part.count for part in parts)),
        tuple(part.degree for part in parts for _ in range(part.count)),
        tuple(matrices), tuple(rows), work + 1, system.dimension**2, moving,
        () if moving is None else moving.rows, watched, breakpoints,
        _in_words(system, channels, still, watched), None,
        _balances(system, h, baths, quantum) if still and moving is None else (),
    )  # fmt: skip


def _products(
    h: Terms, baths: list[Terms], energy: Terms | None, parts: list[Part], work: int
) -> tuple[Matrices, list[Row]]:
    """What the functions multiply: of H, of the baths and of an energy of its own."""
    starts = np.cumsum([len(h.factors), *(len(bath.factors) for bath in baths)]).tolist()
    commutators = [commutator_matrix(operator) for operator in h.factors]
    jumps = [weighted for bath in baths for weighted in bath.factors]
    matrices = list(enumerate([*commutators, *(combination(*weighted) for weighted in jumps)]))
    degrees = [part.degree for part in parts for _ in range(part.count)]
    rows = []
    booked, first = (h, 0) if energy is None else (energy, starts[-1])
    for k, operator in enumerate(booked.factors, first):
        vector = observable_matrix(operator)
        for b, start in enumerate(starts[:-1]):
            for j in range(start, starts[b + 1]):
                weights, terms = jumps[j - starts[0]]
                whole = combination(weights, [row_times(vector, term) for term in terms])
                rows.append(Row(b, ((k, 0), (j, 0)), whole))
        if degrees[k] != 0:  # the derivative of a constant books nothing
            rows.append(Row(work, ((k, 1),), vector))
        if energy is not None:
            for j, matrix in matrices[: starts[0]]:
                rows.append(Row(work, ((k, 0), (j, 0)), row_times(vector, matrix)))
    matrices = [(j, matrix) for j, matrix in matrices if matrix.places]
    return _merged(matrices, baths, starts[0]), [row for row in rows if row.vector.places]


def _particle_rows(
    leads: list[tuple[int, Particles]], baths: list[Terms], first: int, quantum: RealLike
) -> list[Row]:
    """What the fixed channels of the baths that exchange particles add to their books."""
    starts, rows = first + np.cumsum([0, *(len(bath.factors) for bath in baths)]), []
    for book, (b, exchanged) in enumerate(leads, len(baths)):
        vector = observable_matrix(exchanged.number)
        for j, (weights, terms) in enumerate(baths[b].factors, int(starts[b])):
            counted = combination(weights, [row_times(vector, term) for term in terms])
            rows.append(Row(book, ((j, 0),), combination([quantum], [counted])))
    return [row for row in rows if row.vector.places]


def _balances(
    system: OpenSystem, h: Terms, baths: list[Terms], quantum: RealLike
) -> tuple[Balance, ...]:
    """Of the energy, which all baths and the work book, and of particles that only leads move."""
    count, leads, found = len(baths), exchanging(system), []
    if not count:
        return ()
    if first_moving(system.dimension) == 0:  # the trace is kept, and no component of its own
        found.append(Balance(to_components(jnp.eye(system.dimension)), ()))
    work = () if system.energy is None else (count + len(leads),)
    found.append(Balance(to_components(system.energy_hamiltonian(0.0)), (*range(count), *work)))
    if leads:
        exchange, numbers = {b for b, _ in leads}, [exchanged.number for _, exchanged in leads]
        others = [commutator_matrix(operator) for operator in h.factors]
        for b, bath in enumerate(baths):
            others += [combination(*weighted) for weighted in bath.factors if b not in exchange]
        counted = observable_matrix(numbers[0])
        taken = [row_times(counted, other).values for other in others]
        kept = [jnp.all(jnp.asarray(values) == 0.0) for values in taken if values.size]
        kept += [jnp.all(number == numbers[0]) for number in numbers[1:]]
        holds = functools.reduce(jnp.logical_and, kept, True)
        books = tuple(range(count, count + len(leads)))
        found.append(Balance(quantum * to_components(numbers[0]), books, holds))
    return tuple(found)


class _Movers(eqx.Module):
    """What the moving channels of all baths do, with energies and particles, as a matrix."""

    energy: AbstractHamiltonian
    baths: list[list[Moving]]
    numbers: list[Array]  # components, of baths that move and exchange particles
    leads: tuple[tuple[int, int], ...] = eqx.field(static=True)  # these baths, with their books
    dimension: int = eqx.field(static=True)

    @property
    def rows(self) -> tuple[int, ...]:
        """Of what changes, and of the energies and particles of the baths that move."""
        books = [b for b, bath in enumerate(self.baths) if bath]
        books += [book for _, book in self.leads]
        n = self.dimension**2
        return (*range(first_moving(self.dimension), n), *(n + book for book in books))

    def __call__(self, t: RealLike, duration: RealLike) -> Matrix:
        energy = duration * to_components(self.energy(t))
        each = {
            b: functools.reduce(jnp.add, [mover.matrix(t) for mover in bath])
            for b, bath in enumerate(self.baths)
            if bath
        }
        books = [jnp.sum(energy[:, None] * part, axis=0) for part in each.values()]
        for (b, _), number in zip(self.leads, self.numbers, strict=True):
            books.append(jnp.sum(duration * number[:, None] * each[b], axis=0))
        changing = functools.reduce(jnp.add, each.values())[first_moving(self.dimension) :]
        return jnp.concatenate([duration * changing, jnp.stack(books)])


def _movers(
    system: OpenSystem, channels: Sequence[Sequence[Any]], quantum: RealLike
) -> _Movers | None:
    baths = [list(of_kind(bath, Moving)) for bath in channels]
    if not any(baths):
        return None
    found = [(book, *lead) for book, lead in enumerate(exchanging(system), len(baths))]
    found = [(book, b, exchanged) for book, b, exchanged in found if baths[b]]
    numbers = [quantum * to_components(exchanged.number) for _, _, exchanged in found]
    leads = tuple((b, book) for book, b, _ in found)
    return _Movers(system.energy_hamiltonian, baths, numbers, leads, system.dimension)


def _merged(matrices: Matrices, baths: list[Terms], terms: int) -> Matrices:
    """The matrices with those of all baths whose rates they contain already as one."""
    one = [len(bath.parts) == 1 and _is_one(bath.parts[0].function) for bath in baths]
    if len(baths) < 2 or not all(one):
        return matrices
    parts = [matrix for j, matrix in matrices if j >= terms]
    if len(parts) < 2:
        return matrices
    whole = combination(np.ones(len(parts)), parts)
    return [*(pair for pair in matrices if pair[0] < terms), (terms, whole)]


def _is_one(rate: Any) -> bool:
    return isinstance(rate, Constant) and is_concrete(rate.value) and float(rate.value) == 1.0


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
        return sum((mover.matrix(t) for mover in self.movers), start=total)


class _MovingGenerator(eqx.Module):
    """G(t, duration) built anew at every time: any H(t), baths that move with time or with H."""

    hamiltonian: AbstractHamiltonian
    energy: AbstractHamiltonian | None
    baths: tuple[_MovingBath, ...]
    numbers: list[Array]  # components, of the baths that exchange particles
    leads: tuple[int, ...] = eqx.field(static=True)  # these baths
    paid: list[Particles]  # of the baths whose chemical potential moves
    paying: tuple[int, ...] = eqx.field(static=True)  # these baths

    def __call__(self, t: RealLike, duration: RealLike) -> Matrix:
        h = self.hamiltonian(t)
        unitary = real_commutator(h)
        parts = [bath(t) for bath in self.baths]
        booked = self.hamiltonian if self.energy is None else self.energy
        energy = to_components(booked(t))
        work = to_components(hamiltonian_rate(booked, t))
        if self.energy is not None:
            work = work + duration * matmul(energy, unitary)
        books = [duration * matmul(energy, part) for part in parts]
        for b, number in zip(self.leads, self.numbers, strict=True):
            books.append(duration * matmul(number, parts[b]))
        for b, exchanged in zip(self.paying, self.paid, strict=True):
            worth = exchanged.potential(t) * to_components(exchanged.number)
            books.append(duration * matmul(worth, parts[b]))
        changing = sum(parts, unitary)[first_moving(h.shape[0]) :]
        return jnp.concatenate([duration * changing, jnp.stack([*books, work])])


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
            found += [moved(mover, t, self.probe) for mover in bath.movers]
        for exchanged in self.generator.paid:
            size = jnp.max(jnp.abs(exchanged.number))
            found.append(jnp.reshape(exchanged.potential(t) * size, 1))
        return jnp.concatenate(found)

    def groups(self) -> tuple[int, ...]:
        """How many of them belong to one operator."""
        size = self.probe.size
        found = [size] if self.generator.energy is None else [size, size]
        for bath in self.generator.baths:
            found += [1] * len(bath.rates) + [size] * len(bath.movers)
        return (*found, *(1 for _ in self.generator.paid))


def _moving_equation(
    system: OpenSystem, channels: Sequence[Sequence[Any]], quantum: RealLike, obstacle: str
) -> LinearEquation:
    d = system.dimension
    baths = tuple(_moving_bath(bath, d) for bath in channels)
    leads = exchanging(system)
    numbers = [quantum * to_components(exchanged.number) for _, exchanged in leads]
    generator = _MovingGenerator(
        system.hamiltonian, system.energy, baths, numbers, tuple(b for b, _ in leads),
        [x for _, x in moving_leads(system)], tuple(b for b, _ in moving_leads(system)),
    )  # fmt: skip
    books = len(baths) + len(leads) + len(generator.paid) + 1
    seen = _WatchedSystem(generator, probe(d))
    watched = Watched(seen, defect(system), groups=seen.groups())
    moved = tuple(range(first_moving(d), d * d + books))
    return LinearEquation(
        Scalars((), ()), (), (), (), books, d * d, generator, moved, watched,
        system.breakpoints(), obstacle,
    )  # fmt: skip


def _moving_bath(channels: Sequence[Channel | Moving], d: int) -> _MovingBath:
    movers = list(of_kind(channels, Moving))
    terms = bath_terms(of_kind(channels, Channel))
    fixed, rates, matrices = jnp.zeros((d * d, d * d)), [], []
    for part, weighted in zip(terms.parts, terms.factors, strict=True):
        rate = part.function
        matrix = dense(combination(*weighted))
        if isinstance(rate, Constant):
            fixed = fixed + rate.value * matrix
        else:
            rates.append(rate)
            matrices.append(matrix)
    return _MovingBath(fixed, rates, matrices, movers)
