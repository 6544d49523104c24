"""The steady state of a generator: by elimination, or by a Krylov method without its matrix."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax
import numpy as np
from jaxtyping import Array, Complex, Float

from .._checked import checked
from .._checks import as_complex, check_density_matrix, is_concrete
from .._describe import as_html, as_text
from .._in_turn import in_turn
from .._precise import einsum, matmul, warn_of_float32
from .._results import RESULTS, raise_if_failed
from .._types import Operator, OperatorLike, Real, RealLike
from ..algebra.hermitian_basis import from_components, to_components
from ..algebra.operators import commutator, dag, product
from ..algebra.spectral import eigensystem
from ..numerics.null_vector import NullVector, null_vector
from .asymptotic import (
    LARGEST_DECOMPOSED,
    asymptotic,
    check_decomposable,
    conserved_quantities,
)
from .channels import dissipate
from .describe import describe_steady
from .dissipators import jump_operators
from .open_system import OpenSystem
from .sectors import Sectors, known_sectors
from .secular import warn_unless_secular

# Beyond this many entries of rho that populations turn into, the default takes no matrix.
LARGEST_DENSE = 256


class SteadyState(eqx.Module):
    """The state that a generator leaves as it is.

    Args:
        state: rho with L(rho) = 0 and trace 1, (d, d); all nan where it is not unique.
        gap: 1 over the condition number with respect to relative changes of rates and energies, so
            neither units nor decades between rates show in it; 0 where the state is not unique.
        residual: max|L(rho)|, in units of energy.
        error: estimate of max|d rho|, rounding included.
        result: `RESULTS.successful`, `steady_state_not_unique`, `steady_state_inaccurate`,
            `steady_state_oscillates` or `not_finite`, per lane.

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), 1.0, 1 / np.log(3), qt.Flat(0.1))
        >>> steady = qt.steady_state(qt.OpenSystem(qt.number(2), bath))
        >>> steady.state.diagonal().real
        [0.75, 0.25]
        >>> bool(steady.error < 1e-12)
        True
    """

    state: Operator
    gap: Real
    residual: Real
    error: Real
    result: Any

    def __repr__(self) -> str:
        return as_text(self, describe_steady)

    def _repr_html_(self) -> str:
        return as_html(self, describe_steady)


class _Generator(NamedTuple):
    """H and all jumps of the baths at one time."""

    hamiltonian: Operator
    rates: Float[Array, " jumps"]
    operators: Complex[Array, "jumps d d"]


@checked
def steady_state(
    system: OpenSystem,
    t: RealLike = 0.0,
    *,
    rho0: OperatorLike | None = None,
    solver: Any = None,
    tolerance: float | None = None,
    throw: bool = True,
) -> SteadyState:
    """The steady state L_t(rho) = 0 of the generator frozen at time t.

    With `rho0` it is the one that rho0 goes to, lim rho(t) for t -> inf: the projection of rho0 on
    the null space of L along its range, where L may conserve as much as it likes.

    By elimination, populations last, up to 256 entries of rho that populations turn into (d = 16;
    more where concrete operators keep sectors apart, as a chain of five spins that conserves its
    magnetization inside): right also for rates that are many decades apart, as long as the fast and
    the slow ones act on different entries in the given basis. Beyond, and with any Lineax solver,
    from (s u tr - L) rho = s u with u = 1/d and s the size of L, which is regular exactly if the
    steady state is unique; L acts on the components of rho, and no matrix is made unless the solver
    makes one. There uniqueness and `error` are estimated from a second solve whose answer is known.

    Derivatives are those of the implicit function, in both modes; they are not bounded by `error`.

    Args:
        system: the open system of dimension d.
        t: time.
        rho0: the initial state, (d, d), where the steady state is not unique; for d <= 32. Its
            derivatives hold as long as as many quantities remain conserved.
        solver: a Lineax solver, such as `lineax.LU()` or `lineax.GMRES(rtol, atol)`. By default
            elimination, and beyond 256 such entries GMRES with a preconditioner.
        tolerance: of the result: where `error` is above it, the status says so. 1e-9 by default, in
            single precision 1e-4.
        throw: raise `SolverError` if the outcome is concrete and not successful. Inside `jit`,
            `vmap` or `grad` nothing is raised: read `result`, lane by lane.

    Returns:
        `SteadyState`.

    Raises:
        ValueError: `rho0` is no state, or comes with a `solver` or d > 32.
        SolverError: more than one steady state (no bath, zero rates, levels that no bath
            connects) and no `rho0`: the message says how many quantities are conserved; a `rho0`
            that oscillates for ever; rates that span more decades than the precision holds; or a
            parameter that is not finite.

    Examples:
        >>> hot = qt.LocalBath(qt.destroy(2), 1.0, 2.0, qt.Flat(0.1))
        >>> cold = qt.LocalBath(qt.destroy(2), 1.0, 0.5, qt.Flat(0.1))
        >>> system = qt.OpenSystem(qt.number(2), [hot, cold])
        >>> steady = qt.steady_state(system)
        >>> qt.dynamics.heat_currents(system, 0.0, steady.state)
        [0.02567, -0.02567]
    """
    warn_of_float32()
    if rho0 is not None:
        check_density_matrix("rho0", rho0, system.dimension)
        check_decomposable("system", system)
        rho0 = as_complex(rho0)
        if solver is not None:
            raise ValueError("`solver` finds a unique steady state: leave it or `rho0` away.")
    if is_concrete(system, t):
        h = system.hamiltonian(t)
        for k, bath in enumerate(system.baths):
            warn_unless_secular(f"baths[{k}]", bath, h)
    if tolerance is None:
        tolerance = 1e-9 if jnp.result_type(float) == jnp.float64 else 1e-4
    sectors = known_sectors(system)
    solution = _steady_state(system, t, rho0, solver, float(tolerance), sectors)
    if throw:
        raise_if_failed(solution, partial(_conserved_words, system, t, solution))
    return solution


def _conserved_words(system: OpenSystem, t: RealLike, solution: SteadyState) -> str:
    """How many quantities are conserved, where that is what is wrong."""
    unique = not bool(solution.result == RESULTS.steady_state_not_unique)
    if unique or system.dimension > LARGEST_DECOMPOSED:
        return ""
    count = int(conserved_quantities(system, t))
    return f"It conserves {count} independent quantities, the trace among them."


@eqx.filter_jit
def _steady_state(
    system: OpenSystem,
    t: RealLike,
    rho0: Operator | None,
    solver: Any,
    tolerance: float,
    sectors: Sectors,
) -> SteadyState:
    jumps = [jump_operators(bath, system.hamiltonian, t) for bath in system.baths]
    h = system.hamiltonian(t)
    rates = jnp.concatenate([jnp.zeros(0), *(found[0] for found in jumps)])
    operators = jnp.concatenate([jnp.zeros((0, *h.shape), h.dtype), *(found[1] for found in jumps)])
    generator = _Generator(h, rates, operators)
    finite = jnp.all(jnp.isfinite(h)) & jnp.all(jnp.isfinite(rates))
    if rho0 is not None:
        state, gap, error, result = asymptotic(system, t, rho0, tolerance)
        result = RESULTS.where(_drowned(generator), RESULTS.steady_state_inaccurate, result)
        result = RESULTS.where(finite, result, RESULTS.not_finite)
        residual = jnp.max(jnp.abs(_action(generator, state)))
        return SteadyState(state, gap, residual, error, result)
    if solver is None and len(sectors.populations) <= LARGEST_DENSE:
        state, gap, error = _dense(generator, sectors)
    else:
        components, gap, error = _matrix_free(generator, solver, tolerance)
        state = from_components(components)
    unique = gap > 0.0
    result: Any = jax.tree.map(jnp.asarray, RESULTS.successful)
    accurate = error <= tolerance
    result = RESULTS.where(accurate, result, RESULTS.steady_state_inaccurate)
    result = RESULTS.where(unique | _drowned(generator), result, RESULTS.steady_state_not_unique)
    result = RESULTS.where(finite, result, RESULTS.not_finite)
    state = jnp.where(unique, state, jnp.nan)
    residual = jnp.max(jnp.abs(_action(generator, state)))
    return SteadyState(state, gap, residual, error, result)


def _action(generator: _Generator, rho: Operator) -> Operator:
    """L(rho)."""
    unitary = -1j * commutator(generator.hamiltonian, rho)
    return unitary + dissipate(generator.rates, generator.operators, rho)


def _strengths(generator: _Generator) -> Float[Array, " jumps"]:
    """|rate| times the square of the jump operator's largest entry."""
    return jnp.abs(generator.rates) * jnp.max(jnp.abs(generator.operators), axis=(1, 2)) ** 2


def _drowned(generator: _Generator) -> Array:
    """Whether the smallest rate, but for those that are 0, is lost in rounding of the largest."""
    strengths = _strengths(generator)
    smallest = jnp.min(jnp.where(strengths > 0.0, strengths, jnp.inf), initial=jnp.inf)
    largest = jnp.max(strengths, initial=0.0) + jnp.max(jnp.abs(generator.hamiltonian))
    return smallest < 1e4 * jnp.finfo(strengths.dtype).eps * largest


def _dense(generator: _Generator, sectors: Sectors) -> NullVector:
    """By elimination, on the entries of Re rho + Im rho in the given basis or in that of H.

    In the given basis fast and slow jumps often act on different entries; where all of them are
    slower than the coherent motion, they would be lost beside it, but in the eigenbasis of H they
    are not. (On components in Pauli strings every entry would sum all rates.)
    """
    fixed = jax.lax.stop_gradient(generator)
    d = fixed.hamiltonian.shape[0]
    one = jnp.eye(d, dtype=fixed.hamiltonian.dtype)
    moving = jnp.max(jnp.abs(fixed.hamiltonian * (1.0 - one)))
    fast = jnp.max(_strengths(fixed), initial=0.0)
    basis = jnp.where(moving > fast, _eigenvectors(fixed.hamiltonian, sectors), one)
    turned, spread = _in_basis(generator, basis)
    held = np.array(sectors.populations)
    matrix, sizes = _entries(turned, spread, held)
    i, j = np.divmod(held, d)
    swapped = np.searchsorted(held, j * d + i)
    real = matrix.real + matrix.imag[:, swapped]
    found = null_vector(real, 1.0 * (i == j), sizes=sizes + sizes[:, swapped])
    parts = jnp.zeros(d * d).at[held].set(found.solution).reshape(d, d)
    rho = 0.5 * (parts + parts.T) + 0.5j * (parts - parts.T)
    rho = product(product(basis, rho), dag(basis))
    alone = _alone(sectors, *jax.lax.stop_gradient((turned, spread, found.error)))
    return NullVector(rho, jnp.where(alone, found.gap, 0.0), jnp.where(alone, found.error, jnp.inf))


def _eigenvectors(h: Operator, sectors: Sectors) -> Operator:
    """Eigenvectors of H that keep sectors apart, in columns."""
    vectors, last = jnp.eye(h.shape[0], dtype=h.dtype), jnp.zeros(())
    for levels in sectors.levels:
        if len(levels) > 1:
            at = np.ix_(levels, levels)
            energies, found = eigensystem(in_turn(h[at], last))
            vectors, last = vectors.at[at].set(found), energies[0]
    return vectors


def _alone(sectors: Sectors, turned: _Generator, moduli: _Generator, after: Array) -> Array:
    """Whether no coherence rests that populations do not turn into."""
    alone = jnp.asarray(True)
    for group in sectors.coherences:
        matrix, sizes = _entries(turned, moduli, np.array(group))
        moves, after = _moves(in_turn(matrix, after), sizes)
        alone = alone & moves
    return alone


def _moves(matrix: Array, sizes: Array) -> tuple[Array, Array]:
    """Whether all that a block of coherences holds decays or turns; and by what doubt."""
    scale = jnp.max(sizes, initial=0.0)
    inverse = jnp.linalg.inv(matrix / jnp.where(scale > 0.0, scale, 1.0))
    doubt = jnp.max(matmul(jnp.abs(inverse), jnp.sum(sizes, axis=1))) / scale
    doubt = jnp.finfo(sizes.dtype).eps * doubt
    return doubt < 1e-2, doubt  # nan is not


def _in_basis(generator: _Generator, basis: Operator) -> tuple[_Generator, _Generator]:
    """H and the jumps in another basis, and the moduli of what was summed there.

    A difference of given energies rounds relative to itself; a sum of rates relative to the
    largest; and in another basis H to what was summed there.
    """
    h, rates, operators = generator
    size, inner = jnp.abs(basis), _turned(h, basis)
    inner = 0.5 * (inner + dag(inner))  # else rounding would be a flow one way
    summed = _turned(jnp.abs(h), size) - jnp.abs(inner)
    moduli = _turned(jnp.abs(operators), size)
    turned = _Generator(inner, rates, _turned(operators, basis))
    return turned, _Generator(summed, jnp.abs(rates), moduli)


def _entries(turned: _Generator, moduli: _Generator, held: np.ndarray) -> tuple[Array, Array]:
    """L on some entries of rho, numbered row by row, and what rounding is relative to."""
    matrix = _lifted(turned, -1j, -0.5, held)
    return matrix, jnp.abs(matrix) + _lifted(moduli, 1.0, 0.5, held)


def _turned(x: Array, basis: Array) -> Array:
    """V^+ X V of stacks of operators."""
    return product(product(basis.conj().T, x), basis)


def _lifted(
    generator: _Generator, first: complex | float, second: float, held: np.ndarray
) -> Array:
    """sum_k rate_k L_k rho L_k^+ + K rho + rho K^+ as a matrix on the entries that are held.

    K = first H + second sum_k rate_k L_k^+ L_k.
    """
    h, rates, operators = generator
    d, conjugate = h.shape[0], operators.conj()
    still = first * h + second * einsum("k,kji,kjl->il", rates, conjugate, operators)
    i, j = np.divmod(held, d)
    if held.size == d * d:
        total = einsum("k,kac,kbd->abcd", rates, operators, conjugate).reshape(d * d, d * d)
    else:
        left, right = operators[:, i[:, None], i], conjugate[:, j[:, None], j]
        total = jnp.sum(rates[:, None, None] * left * right, axis=0)
    total = total + still[i[:, None], i] * (j[:, None] == j)
    return total + (i[:, None] == i) * still.conj()[j[:, None], j]


def _matrix_free(generator: _Generator, solver: Any, tolerance: float) -> NullVector:
    """By a Lineax solver on the components of rho."""
    d = generator.hamiltonian.shape[0]
    fixed: _Generator = jax.lax.stop_gradient(generator)
    scale = jnp.max(jnp.abs(fixed.hamiltonian)) + jnp.max(_strengths(fixed), initial=0.0)
    scale = jnp.where(scale > 0.0, scale, 1.0)
    if solver is None:
        close = max(1e-3 * tolerance, 16 * float(jnp.finfo(scale.dtype).eps))
        solver = lineax.GMRES(rtol=close, atol=close, restart=100, max_steps=60, stagnation_iters=4)

    def action(x: Array) -> Array:
        return to_components(_action(generator, from_components(x)))

    weights = to_components(np.eye(d), np)
    preconditioner = _preconditioner(fixed, scale)
    return null_vector(action, weights, solver=solver, scale=scale, preconditioner=preconditioner)


def _preconditioner(generator: _Generator, scale: Real) -> Callable[[Array], Array]:
    """The inverse of (u tr - L/s) without what couples coherences in the eigenbasis of H."""
    h, rates, operators = generator
    d = h.shape[0]
    energies, vectors = jnp.linalg.eigh(h)
    turned = product(product(dag(vectors), operators), vectors)
    gain = einsum("k,kij->ij", rates, jnp.abs(turned) ** 2)
    loss = einsum("k,kji->i", rates, jnp.abs(turned) ** 2)
    diagonal = jnp.diagonal(turned, axis1=1, axis2=2)
    kept = einsum("k,ki,kj->ij", rates, diagonal, diagonal.conj())
    decay = kept - 0.5 * (loss[:, None] + loss) - 1j * (energies[:, None] - energies)
    largest = jnp.max(jnp.abs(loss))
    largest = jnp.where(largest > 0.0, largest, scale)
    decay = jnp.where(jnp.abs(decay) > 1e-6 * largest, decay, -largest)
    flow = scale / d - gain + jnp.diag(loss + 1e-8 * largest)
    flow = scale * jnp.linalg.inv(flow)

    def apply(x: Array) -> Array:
        rho = product(product(dag(vectors), from_components(x)), vectors)
        populations = matmul(flow, jnp.diagonal(rho))
        rho = jnp.where(np.eye(d, dtype=bool), populations[:, None], -scale * rho / decay)
        return to_components(product(product(vectors, rho), dag(vectors)))

    return apply
