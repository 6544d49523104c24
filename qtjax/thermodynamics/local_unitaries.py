"""The unitary of one part of a whole that draws the most work, where no closed form is known.

The energy that is left, tr(H U rho U^+) with U = u x 1, is a quadratic form of the entries of u,

    E(u) = sum conj(u_ij) F_ijkl u_kl,

to be made least over the unitaries u of n levels. A search finds a u, so its work is attained: the
local ergotropy is not less. No u has more than `bound`, so it is not more either.
"""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optimistix
from jaxtyping import Array, Complex

from .._checked import checked
from .._checks import as_complex, check_count, check_size, check_square
from .._in_turn import solve
from .._precise import einsum
from .._results import RESULTS
from .._types import Operator, OperatorLike, Real
from ..algebra.composite import embed, partial_trace
from ..algebra.hermitian_basis import from_components
from ..algebra.levels import eigenvalues
from ..algebra.operators import dag, expectation, product
from ..algebra.spectral import eigensystem
from .ergotropy import ergotropy, local_ergotropy

Form = Complex[Array, "n n n n"]


class LocalUnitary(eqx.Module):
    """A unitary of one part, the work that it draws, and how much more there could be.

    Args:
        work: tr(H rho) - tr(H U rho U^+), attained by `unitary`; the local ergotropy is not less.
        bound: the local ergotropy is not more; equal to `work` but for rounding where that is
            known to be the largest: for a qubit, and where H does not couple the part.
        unitary: u of the part, (n, n).
        slope: largest entry of the gradient over all unitaries, as a part of the energies that u
            can move; 0 at a stationary point.
        result: `RESULTS.successful`, `not_stationary` (the search ended before it came to rest) or
            `not_finite`.

    Examples:
        >>> pair = qt.pure_state(jnp.eye(3).reshape(-1))
        >>> found = qt.thermodynamics.best_local_unitary(pair, pair, (3, 3), starts=4)
        >>> jnp.abs(jnp.trace(found.unitary)), found.slope < 1e-6
        (0.0000, True)
    """

    work: Real
    bound: Real
    unitary: Operator
    slope: Real
    result: Any


@checked
def best_local_unitary(
    rho: OperatorLike,
    hamiltonian: OperatorLike,
    dims: Sequence[int],
    site: int = 0,
    *,
    starts: int = 16,
    seed: int = 0,
    steps: int = 256,
) -> LocalUnitary:
    """The unitary of one part that draws the most work from a whole that H couples.

    BFGS over all unitaries from several starts, of which the best is kept: the one that is best for
    the part alone, and random ones. It can miss the best, and `bound` says by how much at most: the
    least of the ergotropy of the whole, of what the smallest eigenvalue of the quadratic form
    allows, and of the ergotropy of the part alone with what that eigenvalue allows of the coupling.
    The derivatives of `work` are those at a fixed u, which is right where the best one is alone.

    Args:
        rho: density matrix of the whole, (d, d).
        hamiltonian: Hermitian operator of the whole, (d, d).
        dims: dimension of each part; their product is d.
        site: the part that the unitaries act on.
        starts: of the search, static.
        seed: of the random starts, static.
        steps: of BFGS, at most, static.

    Returns:
        `LocalUnitary`, in units of energy.

    Raises:
        ValueError: the shapes do not agree, there is no such part, or `starts` or `steps` is none.

    Source: Salvia, De Palma and Giovannetti, Phys. Rev. A 107, 012405 (2023), who define the local
    ergotropy and solve it for qubits.

    Examples:
        >>> pair = qt.pure_state(jnp.eye(3).reshape(-1))  # of two qutrits, and their energy
        >>> found = qt.thermodynamics.best_local_unitary(pair, pair, (3, 3), starts=4)
        >>> found.work, found.bound
        (1.0000, 1.0000)
    """
    check_square("rho", rho)
    check_square("hamiltonian", hamiltonian, jnp.shape(rho)[0])
    check_count("starts", starts)
    check_count("seed", seed, 0)
    check_count("steps", steps)
    rho, h, dims = as_complex(rho), as_complex(hamiltonian), tuple(dims)
    part = partial_trace(rho, dims, site)  # raises where there is none
    n = part.shape[0]
    check_size("starts", starts, n, n)
    moved = h - _of_the_rest(h, dims, site)  # energies that u leaves as they are do not count
    bare = partial_trace(moved, dims, site) * (n / h.shape[0])
    form = _form(moved, rho, dims, site)
    size = jnp.max(jnp.abs(moved))
    scale = jax.lax.stop_gradient(jnp.where(size > 0.0, size, 1.0))
    fixed = jax.lax.stop_gradient((form / scale, bare, part))
    first = jnp.concatenate([_best_alone(*fixed[1:])[None], _random_unitaries(n, starts - 1, seed)])
    found = _search(fixed[0], first, steps)
    left = jax.vmap(lambda u: _energy(fixed[0], u))(found)
    u = found[jnp.argmin(jnp.where(jnp.isnan(left), jnp.inf, left))]
    coupled = _allowed(_form(moved - embed(bare, dims, site), rho, dims, site))
    bounds = [ergotropy(rho, h), _allowed(form), ergotropy(part, bare) + coupled]
    if n == 2:
        bounds.append(local_ergotropy(rho, h, dims, site))
    gradient = einsum("ijkl,kl->ij", fixed[0], u)
    turned = product(gradient, dag(u))
    slope = jnp.max(jnp.abs(turned - dag(turned)))
    work = expectation(moved, rho) - _energy(form, u)
    rest = 64.0 * jnp.sqrt(jnp.finfo(slope.dtype).eps)
    result: Any = jax.tree.map(jnp.asarray, RESULTS.successful)
    result = RESULTS.where(slope <= rest, result, RESULTS.not_stationary)
    result = RESULTS.where(jnp.isfinite(work), result, RESULTS.not_finite)
    return LocalUnitary(work, jnp.min(jnp.stack(bounds)), u, slope, result)


def _of_the_rest(h: Operator, dims: tuple[int, ...], site: int) -> Operator:
    """1 x tr_part(H)/n: what of H the part does not feel."""
    others = tuple(k for k in range(len(dims)) if k != site)
    if not others:
        return jnp.trace(h) / h.shape[0] * jnp.eye(h.shape[0], dtype=h.dtype)
    return embed(partial_trace(h, dims, others) / dims[site], dims, others)


def _form(h: Operator, rho: Operator, dims: tuple[int, ...], site: int) -> Form:
    """F_cdab = sum_xy H_cx,ay rho_by,dx, with the part in front of the rest."""

    def split(a: Operator) -> Array:
        order = [site, *(k for k in range(len(dims)) if k != site)]
        axes = [*order, *(len(dims) + k for k in order)]
        n = dims[site]
        return a.reshape(dims * 2).transpose(axes).reshape(n, -1, n, a.shape[0] // n)

    return einsum("cxay,bydx->cdab", split(h), split(rho))


def _energy(form: Form, u: Operator) -> Real:
    return jnp.sum(u.conj() * einsum("cdab,ab->cd", form, u)).real


def _allowed(form: Form) -> Real:
    """E(1) - n min E/|u|^2: what the form could fall by if all matrices were unitary."""
    n = form.shape[0]
    matrix = form.reshape(n * n, n * n)
    return _energy(form, jnp.eye(n, dtype=form.dtype)) - n * eigenvalues(matrix)[0]


def _best_alone(bare: Operator, part: Operator) -> Operator:
    """The unitary that makes the state of the part passive."""
    levels, populated = eigensystem(bare)[1], eigensystem(part)[1][:, ::-1]
    return product(levels, dag(populated))


def _random_unitaries(n: int, count: int, seed: int) -> Complex[Array, "count n n"]:
    normal = np.random.default_rng(seed).normal(size=(2, count, n, n))
    return jnp.asarray(np.linalg.qr(normal[0] + 1j * normal[1])[0]) + jnp.zeros((), complex)


def _search(form: Form, first: Complex[Array, "starts n n"], steps: int) -> Array:
    """Where BFGS comes to rest from each start, in Cayley's coordinates around it."""
    n = form.shape[0]
    one = jnp.eye(n, dtype=form.dtype)

    def turned(x: Array, u: Operator) -> Operator:
        half = 0.5j * from_components(x)
        return product(solve(one + half, one - half), u)

    def left(x: Array, u: Operator) -> Real:
        return _energy(form, turned(x, u))

    def ended(u: Operator) -> Operator:
        tolerance = float(jnp.finfo(form.real.dtype).eps) ** 0.625
        solver = optimistix.BFGS(rtol=tolerance, atol=tolerance)
        start = jnp.zeros(n * n, form.real.dtype)
        found = optimistix.minimise(left, solver, start, u, max_steps=steps, throw=False)
        return turned(found.value, u)

    return jax.lax.stop_gradient(jax.vmap(ended)(first))
