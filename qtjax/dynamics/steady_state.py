"""The steady state of a generator: by elimination, or by a Krylov method without its matrix."""

from collections.abc import Callable
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._checked import checked
from .._checks import is_concrete
from .._describe import as_html, as_text
from .._in_turn import in_turn, inv
from .._jax import unvmap_any
from .._memory import told_of_memory
from .._precise import einsum, matmul, warn_of_precision
from .._results import RESULTS, raise_if_failed
from .._types import Operator, OperatorLike, Real, RealLike
from ..algebra.operators import dag, product
from ..numerics.null_vector import NullVector, null_vector
from .arguments import as_state
from .asymptotic import (
    LARGEST_DECOMPOSED,
    asymptotic,
    check_decomposable,
    conserved_quantities,
)
from .describe import describe_steady
from .generator import (
    Generator,
    action,
    eigenvectors,
    generator_at,
    in_basis,
    strengths,
)
from .level_blocks import are_in_levels, is_in_levels, steady_in_levels
from .many_lanes import Found, are_few, steady_of_few
from .open_system import OpenSystem
from .sector_blocks import matrix_free
from .sectors import Sectors, known_sectors, one_sector
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
    steady state is unique; L acts on the blocks of rho that populations turn into, and no matrix is
    made unless the solver makes one. There uniqueness and `error` are estimated from a second solve
    whose answer is known. So they are of 17 to 49 entries whose populations LU factors give to
    twelve digits, all of them in all lanes of a batch: elimination takes ten times as long there.

    With Davies baths of the system's own H alone, on five levels and more, from the rate equation
    of the levels (of blocks where levels coincide); where that is not sure, as above, unless a list
    of their jump operators would fill memory.

    Derivatives are those of the implicit function, in both modes; they are not bounded by `error`.

    Args:
        system: the open system of dimension d.
        t: time.
        rho0: the initial state, (d, d), where the steady state is not unique; for d <= 32. Its
            derivatives hold as long as as many quantities remain conserved.
        solver: a Lineax solver, such as `lineax.LU()` or `lineax.GMRES(rtol, atol)`. By default
            elimination, and beyond 256 such entries `EarlyGMRES` with a preconditioner.
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
    warn_of_precision()
    if rho0 is not None:
        rho0 = as_state("rho0", rho0, system.dimension)
        check_decomposable("system", system)
        if solver is not None:
            raise ValueError("`solver` finds a unique steady state: leave it or `rho0` away.")
    if is_concrete(system, t):
        h = system.hamiltonian(t)
        for k, bath in enumerate(system.baths):
            warn_unless_secular(f"baths[{k}]", bath, h)
    if tolerance is None:
        tolerance = 1e-9 if jnp.result_type(float) == jnp.float64 else 1e-4
    sectors = known_sectors(system)
    with told_of_memory():
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
    if rho0 is not None:
        generator = generator_at(system, t)
        state, gap, error, result = asymptotic(system, t, rho0, tolerance)
        result = RESULTS.where(_drowned(generator), RESULTS.steady_state_inaccurate, result)
        result = RESULTS.where(_is_finite(generator), result, RESULTS.not_finite)
        residual = jnp.max(jnp.abs(action(generator, state)))
        return SteadyState(state, gap, residual, error, result)

    def from_jumps() -> tuple[Found, Array, Array]:
        generator = generator_at(system, t)
        found = _found(generator, sectors, solver)
        return found, _is_finite(generator), _drowned(generator)

    if solver is not None or not are_in_levels(system):
        return _judged(*from_jumps(), tolerance)
    found, finite = steady_in_levels(system, t)
    drowned = jnp.asarray(False)
    if not is_in_levels(system):  # else there is no other way
        sure = (found.error <= tolerance) & (found.gap > 0.0)
        quick = found, finite, drowned
        found, finite, drowned = _where_sure(quick, sure, from_jumps)
    return _judged(found, finite, drowned, tolerance)


def _is_finite(generator: Generator) -> Array:
    h, rates, _ = generator
    return jnp.all(jnp.isfinite(h)) & jnp.all(jnp.isfinite(rates))


def _judged(found: Found, finite: Array, drowned: Array, tolerance: float) -> SteadyState:
    """A steady state with its outcome."""
    state, gap, error, residual = found
    unique = gap > 0.0
    result: Any = jax.tree.map(jnp.asarray, RESULTS.successful)
    accurate = error <= tolerance
    result = RESULTS.where(accurate, result, RESULTS.steady_state_inaccurate)
    result = RESULTS.where(unique | drowned, result, RESULTS.steady_state_not_unique)
    result = RESULTS.where(finite, result, RESULTS.not_finite)
    state, residual = (jnp.where(unique, x, jnp.nan) for x in (state, residual))
    return SteadyState(state, gap, residual, error, result)


def _found(generator: Generator, sectors: Sectors, solver: Any) -> Found:
    """By LU factors where these will do in all lanes, else by elimination or a Krylov method."""

    def thorough() -> Found:
        if solver is None and len(sectors.populations) <= LARGEST_DENSE:
            found = _dense(generator, sectors)
        else:
            known = sectors if solver is None else one_sector(generator.hamiltonian.shape[0])
            found = matrix_free(generator, known, solver)
        # nothing that XLA knows while it compiles: it would multiply large matrices then, slowly
        operators = in_turn(generator.operators, found.error)
        moved = action(generator._replace(operators=operators), found.solution)
        return Found(*found, jnp.max(jnp.abs(moved)))

    if solver is not None or not are_few(sectors):
        return thorough()
    return _where_sure(*steady_of_few(generator, sectors), thorough)


def _where_sure(quick: Any, sure: Array, thorough: Callable[[], Any]) -> Any:
    """What was found quickly, and thoroughly in lanes where that is not sure."""
    found = jax.lax.cond(unvmap_any(~sure), thorough, lambda: quick)
    return jax.tree.map(partial(jnp.where, sure), quick, found)


def _drowned(generator: Generator) -> Array:
    """Whether the smallest rate, but for those that are 0, is lost in rounding of the largest."""
    found = strengths(generator)
    smallest = jnp.min(jnp.where(found > 0.0, found, jnp.inf), initial=jnp.inf)
    largest = jnp.max(found, initial=0.0) + jnp.max(jnp.abs(generator.hamiltonian))
    return smallest < 1e4 * jnp.finfo(found.dtype).eps * largest


def _dense(generator: Generator, sectors: Sectors) -> NullVector:
    """By elimination, on the entries of Re rho + Im rho in the given basis or in that of H.

    In the given basis fast and slow jumps often act on different entries; where all of them are
    slower than the coherent motion, they would be lost beside it, but in the eigenbasis of H they
    are not. (On components in Pauli strings every entry would sum all rates.)
    """
    fixed = jax.lax.stop_gradient(generator)
    d = fixed.hamiltonian.shape[0]
    one = jnp.eye(d, dtype=fixed.hamiltonian.dtype)
    moving = jnp.max(jnp.abs(fixed.hamiltonian * (1.0 - one)))
    fast = jnp.max(strengths(fixed), initial=0.0)
    basis = jnp.where(moving > fast, eigenvectors(fixed.hamiltonian, sectors), one)
    turned, spread = in_basis(generator, basis)
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


def _alone(sectors: Sectors, turned: Generator, moduli: Generator, after: Array) -> Array:
    """Whether no coherence rests that populations do not turn into.

    Of those that only rest where a rate is negative no lane asks otherwise: a loop, as `cond` would
    look at them in every batch.
    """

    def looked_at(groups: tuple[tuple[int, ...], ...], after: Array) -> tuple[Array, Array]:
        alone = jnp.asarray(True)
        for group in groups:
            matrix, sizes = _entries(turned, moduli, np.array(group))
            moves, after = _moves(in_turn(matrix, after), sizes)
            alone = alone & moves
        return alone, after

    alone, after = looked_at(sectors.coherences, after)
    if not sectors.nilpotent:
        return alone
    carry = jnp.any(turned.rates < 0.0), jnp.asarray(True)
    _, others = jax.lax.while_loop(
        lambda c: c[0],
        lambda _: (jnp.asarray(False), looked_at(sectors.nilpotent, after)[0]),
        carry,
    )
    return alone & others


def _moves(matrix: Array, sizes: Array) -> tuple[Array, Array]:
    """Whether all that a block of coherences holds decays or turns; and by what doubt."""
    scale = jnp.max(sizes, initial=0.0)
    inverse = inv(matrix / jnp.where(scale > 0.0, scale, 1.0))
    doubt = jnp.max(matmul(jnp.abs(inverse), jnp.sum(sizes, axis=1))) / scale
    doubt = jnp.finfo(sizes.dtype).eps * doubt
    return doubt < 1e-2, doubt  # nan is not


def _entries(turned: Generator, moduli: Generator, held: np.ndarray) -> tuple[Array, Array]:
    """L on some entries of rho, numbered row by row, and what rounding is relative to."""
    matrix = _lifted(turned, -1j, -0.5, held)
    return matrix, jnp.abs(matrix) + _lifted(moduli, 1.0, 0.5, held)


def _lifted(generator: Generator, first: complex | float, second: float, held: np.ndarray) -> Array:
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
