"""Von Neumann entropy, its rate, relative entropy and free energies."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._checks import as_complex, as_real
from .._types import Operator, OperatorLike, Real, RealLike
from ..algebra.operators import expectation
from ..algebra.spectral import LOG, eigh, frechet, logm
from ..algebra.states import thermal_state


@jax.custom_jvp
def entropy(rho: OperatorLike) -> Real:
    """S = -tr(rho ln rho), eq. (4), with 0 ln 0 = 0; eigenvalues below 0 contribute 0.

    Derivatives to third order are right at degenerate states. At a pure state the gradient
    -(ln rho + 1) has an infinite entry on the null block; ln of the smallest number stands for it,
    so that directions inside the support are exact and nothing is nan. `entropy_rate` gives +inf
    where the support grows.

    Args:
        rho: density matrix, (d, d).

    Returns:
        Entropy in nats, a scalar.

    Source: eq. (4).
    """
    values, _ = eigh(rho)
    positive = values > 0.0
    return -jnp.sum(jnp.where(positive, values * jnp.log(jnp.where(positive, values, 1.0)), 0.0))


@entropy.defjvp
def _entropy_jvp(primals, tangents):
    (rho,), (x,) = primals, tangents
    return entropy(rho), -jnp.einsum("ij,ji->", logm(rho), x).real - jnp.trace(x).real


def entropy_rate(
    rho: OperatorLike,
    rho_dot: OperatorLike,
    *,
    support: RealLike | None = None,
    tolerance: RealLike | None = None,
) -> Real:
    """dS/dt by autodiff: the jvp of `entropy` along rho', eq. (10).

    Args:
        rho: density matrix, (d, d).
        rho_dot: its rate of change, Hermitian and traceless, (d, d).
        support: eigenvalues below this form the null block P0; 4 d eps by default.
        tolerance: a growth tr(P0 rho' P0) up to this counts as none; `support` times the size of
            rho' by default.

    Returns:
        A scalar in nats per time; +inf where the support grows.

    Source: eq. (10).
    """
    rho, rho_dot = as_complex(rho), as_complex(rho_dot)
    rate = jax.jvp(entropy, (rho,), (rho_dot,))[1]
    growth, limit = _support_growth(rho, rho_dot, support, tolerance)
    return jnp.where(jnp.abs(growth) > limit, jnp.sign(growth) * jnp.inf, rate)


def entropy_rate_analytic(
    rho: OperatorLike,
    rho_dot: OperatorLike,
    *,
    support: RealLike | None = None,
    tolerance: RealLike | None = None,
) -> Real:
    """-tr(X ln rho) = -sum_i <i|X|i> ln l_i for any Hermitian X: dS/dt for X = rho', eq. (10).

    With X = D(rho) it is the paper's d_eS/dt (12), with X = -i[H, rho] its d_iS/dt (11).

    Args:
        rho: density matrix, (d, d).
        rho_dot: X, Hermitian, (d, d).
        support: eigenvalues below this form the null block P0; 4 d eps by default.
        tolerance: a growth tr(P0 X P0) up to this counts as none; `support` times the size of X by
            default.

    Returns:
        A scalar in nats per time; +inf where the support grows.

    Source: eqs. (10)-(12).
    """
    rho, rho_dot = as_complex(rho), as_complex(rho_dot)
    rate = -jnp.einsum("ij,ji->", logm(rho), rho_dot).real
    growth, limit = _support_growth(rho, rho_dot, support, tolerance)
    return jnp.where(jnp.abs(growth) > limit, jnp.sign(growth) * jnp.inf, rate)


def _support_growth(
    rho: Operator, rho_dot: Operator, support: RealLike | None, tolerance: RealLike | None
) -> tuple[Real, Real]:
    """tr(P0 rho' P0) of the null block, and the growth up to which it counts as none."""
    rho, rho_dot = jax.lax.stop_gradient((rho, rho_dot))
    values, vectors = eigh(rho)
    if support is None:
        support = 4.0 * rho.shape[0] * jnp.finfo(values.dtype).eps
    if tolerance is None:
        tolerance = support * jnp.max(jnp.abs(rho_dot))
    flow = jnp.einsum("ki,kl,li->i", vectors.conj(), rho_dot, vectors).real
    return jnp.sum(jnp.where(values < support, flow, 0.0)), jnp.asarray(tolerance)


@jax.custom_jvp
def relative_entropy(rho: OperatorLike, sigma: OperatorLike) -> Real:
    """D(rho||sigma) = tr rho (ln rho - ln sigma) >= 0; +inf if rho has weight outside supp sigma.

    Summed in Bregman form, sum_ij |<r_i|s_j>|^2 s_j phi((r_i - s_j)/s_j), phi(x) = (1+x)ln(1+x) - x:
    every term is >= 0, so nothing cancels near equilibrium.

    Args:
        rho: density matrix, (d, d).
        sigma: density matrix, (d, d).

    Returns:
        A scalar in nats. Derivatives are those of tr rho (ln rho - ln sigma) - tr rho + tr sigma.

    Source: Spohn, J. Math. Phys. 19, 1227 (1978).
    """
    r, left = eigh(rho)
    s, right = eigh(sigma)
    overlaps = jnp.abs(left.conj().T @ right) ** 2
    r, s = jnp.maximum(r, 0.0)[:, None], jnp.maximum(s, 0.0)[None, :]
    null = s <= rho.shape[0] * jnp.finfo(s.dtype).eps ** 2
    outside = jnp.sum(jnp.where(null, overlaps * r, 0.0))
    terms = jnp.where(null, 0.0, overlaps * _bregman(r, jnp.where(null, 1.0, s)))
    infinite = outside > 4.0 * rho.shape[0] * jnp.finfo(s.dtype).eps
    return jnp.where(infinite, jnp.inf, jnp.sum(terms))


@relative_entropy.defjvp
def _relative_entropy_jvp(primals, tangents):
    (rho, sigma), (x, y) = primals, tangents
    along_rho = jnp.einsum("ij,ji->", logm(rho) - logm(sigma), x).real
    along_sigma = jnp.einsum("ij,ji->", rho, frechet(LOG, sigma, y)).real - jnp.trace(y).real
    return relative_entropy(rho, sigma), along_rho - along_sigma


def _bregman(r: Array, s: Array) -> Float[Array, "d d"]:
    """s phi((r-s)/s) = r ln(r/s) - r + s >= 0, by a series where r is close to s."""
    x = (r - s) / s
    small = jnp.abs(x) < 0.05
    powers = sum((-x) ** k / ((k + 1.0) * (k + 2.0)) for k in range(12))
    near = x**2 * powers
    positive = r > 0.0
    far = jnp.where(positive, (1.0 + x) * jnp.log(jnp.where(positive, r / s, 1.0)), 0.0) - x
    return s * jnp.where(small, near, far)


def free_energy(rho: OperatorLike, hamiltonian: OperatorLike, temperature: RealLike) -> Real:
    """The nonequilibrium free energy F = tr(rho H) - T S(rho).

    Args:
        rho: density matrix, (d, d).
        hamiltonian: Hermitian operator, (d, d).
        temperature: of the bath.

    Returns:
        A scalar; `equilibrium_free_energy` plus T D(rho||tau).
    """
    return expectation(hamiltonian, rho) - temperature * entropy(as_complex(rho))


def equilibrium_free_energy(hamiltonian: OperatorLike, temperature: RealLike) -> Real:
    """F_eq = -T ln tr exp(-H/T); the ground energy at T = 0.

    Args:
        hamiltonian: Hermitian operator, (d, d).
        temperature: >= 0.

    Returns:
        A scalar. Derivatives are those of `free_energy` at the Gibbs state.
    """
    h, t = as_complex(hamiltonian), as_real("temperature", temperature)
    return free_energy(thermal_state(h, t), h, t)
