"""Entropies of states, their rates, and free energies (hbar = k_B = 1, natural logarithms).

The entropy is not differentiable where the support of the state grows: there S' = +inf. Forward
mode says so. Reverse mode cannot (an infinite entry of the gradient times a zero would be nan), so
its gradient there is -ln(max(l, tiny)) - 1, large and finite.
"""

import functools

import jax
import jax.numpy as jnp
from jax.scipy.special import xlog1py, xlogy
from jaxtyping import Array

from .._checked import checked
from .._checks import as_complex, as_real, check_finite, check_square, nan_below_zero
from .._compiled import compiled_for_qubits
from .._jax import Primitive, ShapedArray, ad, batching, mlir
from .._precise import einsum, matmul
from .._types import Operator, OperatorLike, Real, RealLike
from ..algebra.divided_differences import AtLeast, Below, Log, One, Restricted
from ..algebra.levels import eigenvalues
from ..algebra.operators import expectation
from ..algebra.spectral import apply, eigensystem, frechet
from ..algebra.states import boltzmann, check_temperature, thermal_state


def support_of(rho: Operator, support: float | None) -> float:
    """The bound below which an eigenvalue counts as 0: 4 d eps unless it is given."""
    if support is None:
        return 4 * rho.shape[0] * float(jnp.finfo(rho.dtype).eps)
    check_finite("support", support)
    return support


def _overlap(a: Operator, b: Operator) -> Real:
    """Re tr(a b)."""
    return jnp.sum(a * b.T).real


def _growth(slope, outflow, *rho_dot, support, tolerance):
    """+inf where probability flows into the null block faster than the tolerance, else 0."""
    sizes = [jnp.max(jnp.abs(x), axis=tuple(range(slope.ndim, x.ndim))) for x in rho_dot]
    size = functools.reduce(jnp.maximum, sizes)
    bound = support * size if tolerance is None else tolerance
    return jnp.where(outflow > bound, jnp.inf, 0.0).astype(slope.dtype)


# A linear map for JAX's transposition: forward it follows the support rule, backward it is the
# (large, finite) slope. No custom_jvp or custom_vjp can tell the two modes apart.
_growth_p = Primitive("support_growth")
_growth_p.def_impl(_growth)
_growth_p.def_abstract_eval(lambda slope, *_, **__: ShapedArray(slope.shape, slope.dtype))
mlir.register_lowering(_growth_p, mlir.lower_fun(_growth, multiple_results=False))


def _growth_jvp(primals, tangents, **static):
    tangents = [ad.instantiate_zeros(t) for t in tangents]
    return _growth_p.bind(*primals, **static), _growth_p.bind(*tangents, **static)


def _growth_batch(args, axes, **static):
    size = next(a.shape[axis] for a, axis in zip(args, axes, strict=True) if axis is not None)
    args = [batching.bdim_at_front(a, axis, size) for a, axis in zip(args, axes, strict=True)]
    return _growth_p.bind(*args, **static), 0


ad.primitive_jvps[_growth_p] = _growth_jvp
ad.primitive_transposes[_growth_p] = lambda ct, _, *others, **__: [ct, *[None for _ in others]]
batching.primitive_batchers[_growth_p] = _growth_batch


def growth_of_support(
    slope: Real, outflow: Real, rho_dot: tuple[Array, ...], support: float, tolerance: float | None
) -> Real:
    """+inf where the support of a state grows, else 0; backward it is `slope`, as said above.

    Args:
        slope: -tr(P0 ln(max(rho, tiny)) rho').
        outflow: tr(P0 rho'), with P0 on the null block.
        rho_dot: rho', in one array or several.
        support: eigenvalues below it count as 0.
        tolerance: what may flow as rounding; `support` times max|rho'| by default.
    """
    return _growth_p.bind(slope, outflow, *rho_dot, support=support, tolerance=tolerance)


@functools.partial(jax.custom_jvp, nondiff_argnums=(1, 2))
def _entropy(rho: Operator, support: float, tolerance: float | None) -> Real:
    lam = jnp.maximum(eigenvalues(rho), 0.0)
    return -jnp.sum(xlogy(lam, lam))


@_entropy.defjvp
def _entropy_jvp(support, tolerance, primals, tangents):
    (rho,), (rho_dot,) = primals, tangents
    inside = apply(Restricted(Log(), AtLeast(support)), rho)
    null_log = apply(Restricted(Log(), Below(support)), rho)
    null = apply(Restricted(One(), Below(support)), rho)
    slope, outflow = -_overlap(null_log, rho_dot), _overlap(null, rho_dot)
    growth = growth_of_support(slope, outflow, (rho_dot,), support, tolerance)
    rate = -_overlap(inside, rho_dot) - jnp.trace(rho_dot).real
    return _entropy(rho, support, tolerance), rate + growth


_compiled_entropy = compiled_for_qubits(_entropy, (1, 2))


@checked
def entropy(rho: OperatorLike) -> Real:
    """The von Neumann entropy S = -tr(rho ln rho), 0 ln 0 = 0.

    Three times differentiable where rho has full rank, at degenerate states too. At a
    rank-deficient state forward mode is exact inside the support and +inf where the support grows
    (see `entropy_rate`); reverse mode has -ln(max(l, tiny)) - 1 there, which is finite. Negative
    eigenvalues contribute 0.

    Args:
        rho: density matrix, (d, d).

    Returns:
        Entropy in nats.

    Raises:
        ValueError: rho is not square.

    Source: eq. (4).

    Examples:
        >>> rho = qt.thermal_state(qt.number(2), 1.0)
        >>> qt.entropy(rho), qt.entropy(qt.algebra.maximally_mixed(2))
        (0.5822, 0.6931)
    """
    check_square("rho", rho)
    rho = as_complex(rho)
    return _compiled_entropy(rho, support_of(rho, None), None)


@checked
def entropy_rate(
    rho: OperatorLike,
    rho_dot: OperatorLike,
    *,
    support: float | None = None,
    tolerance: float | None = None,
) -> Real:
    """The rate of entropy S' along rho', by automatic differentiation of `entropy`.

    Eigenvalues below `support` form the null block P0. With a0 = tr(P0 rho' P0), the block
    contributes 0 if a0 <= `tolerance`, and S' = +inf if it is larger: the support grows. In float64
    the relative error of S' is about 1e-16 / l_min / |ln l_min|.

    Args:
        rho: density matrix, (d, d).
        rho_dot: its rate of change, (d, d).
        support: eigenvalues below it count as 0; 4 d eps by default. Lower it for states whose
            tiny eigenvalues are known to be accurate, as those of a diagonal rho.
        tolerance: what may flow into the null block as rounding; `support` times max|rho'| by
            default.

    Returns:
        S' in nats per time; +inf where the support grows.

    Raises:
        ValueError: the shapes do not agree.

    Source: eq. (10).

    Examples:
        >>> rho, rho_dot = jnp.diag(jnp.array([0.75, 0.25])), -0.1 * qt.sigmaz()
        >>> qt.information.entropy_rate(rho, rho_dot)  # 0.1 ln 3
        0.1099
        >>> qt.information.entropy_rate(qt.pure_state([1, 0]), rho_dot)
        inf
    """
    check_square("rho", rho)
    check_square("rho_dot", rho_dot, jnp.shape(rho)[0])
    rho, rho_dot = as_complex(rho), as_complex(rho_dot)
    return _entropy_rate(rho, rho_dot, support_of(rho, support), tolerance)


@functools.partial(compiled_for_qubits, static_argnums=(2, 3))
def _entropy_rate(rho: Operator, rho_dot: Operator, bound: float, tolerance: float | None) -> Real:
    return jax.jvp(lambda r: _entropy(r, bound, tolerance), (rho,), (rho_dot,))[1]


@checked
def entropy_rate_analytic(
    rho: OperatorLike,
    rho_dot: OperatorLike,
    *,
    support: float | None = None,
    tolerance: float | None = None,
) -> Real:
    """The rate of entropy as a formula: -tr(rho' ln rho) = -sum_i <i|rho'|i> ln l_i.

    The same quantity as `entropy_rate` by another route, with the same rule at the edge of the
    support. rho' may be a part of the generator: eqs. (11) and (12).

    Args:
        rho: density matrix, (d, d).
        rho_dot: its rate of change or a part of it, traceless, (d, d).
        support: eigenvalues below it count as 0; 4 d eps by default.
        tolerance: what may flow into the null block as rounding; `support` times max|rho'| by
            default.

    Returns:
        S' in nats per time; +inf where the support grows.

    Raises:
        ValueError: the shapes do not agree.

    Source: eq. (10).

    Examples:
        >>> rho, rho_dot = jnp.diag(jnp.array([0.75, 0.25])), -0.1 * qt.sigmaz()
        >>> qt.information.entropy_rate_analytic(rho, rho_dot)  # 0.1 ln 3
        0.1099
    """
    check_square("rho", rho)
    check_square("rho_dot", rho_dot, jnp.shape(rho)[0])
    rho, rho_dot = as_complex(rho), as_complex(rho_dot)
    return _entropy_rate_analytic(rho, rho_dot, support_of(rho, support), tolerance)


@functools.partial(compiled_for_qubits, static_argnums=2)
def _entropy_rate_analytic(
    rho: Operator, rho_dot: Operator, bound: float, tolerance: RealLike | None
) -> Real:
    size = jax.lax.stop_gradient(jnp.max(jnp.abs(rho_dot)))
    outflow = _overlap(apply(Restricted(One(), Below(bound)), rho), rho_dot)
    rate = -_overlap(apply(Restricted(Log(), AtLeast(bound)), rho), rho_dot)
    grows = outflow > (bound * size if tolerance is None else tolerance)
    return jnp.where(grows, jnp.inf, rate)


@checked
def cross_entropy_rate(
    rho_dot: OperatorLike, sigma: OperatorLike, *, support: float | None = None
) -> Real:
    """The rate -tr(rho' ln sigma) of -tr(rho ln sigma) at fixed sigma, whatever rho is.

    Args:
        rho_dot: rate of change of a state, traceless, (d, d).
        sigma: density matrix, (d, d).
        support: eigenvalues of sigma below it count as 0; 4 d eps by default.

    Returns:
        In nats per time; +inf (-inf) where probability flows into (out of) the null block of
        sigma, by more than `support` times max|rho'|.

    Raises:
        ValueError: the shapes do not agree.

    Examples:
        >>> tau = qt.thermal_state(qt.number(2), 2.0)
        >>> qt.information.cross_entropy_rate(-0.1 * qt.sigmaz(), tau)  # Q'/T
        0.0500
    """
    check_square("rho_dot", rho_dot)
    check_square("sigma", sigma, jnp.shape(rho_dot)[0])
    rho_dot, sigma = as_complex(rho_dot), as_complex(sigma)
    return _cross_entropy_rate(rho_dot, sigma, support_of(sigma, support))


@functools.partial(compiled_for_qubits, static_argnums=2)
def _cross_entropy_rate(rho_dot: Operator, sigma: Operator, bound: float) -> Real:
    size = jax.lax.stop_gradient(jnp.max(jnp.abs(rho_dot)))
    inflow = _overlap(apply(Restricted(One(), Below(bound)), sigma), rho_dot)
    rate = -_overlap(apply(Restricted(Log(), AtLeast(bound)), sigma), rho_dot)
    return jnp.where(jnp.abs(inflow) > bound * size, jnp.sign(inflow) * jnp.inf, rate)


def _bregman(x: Array) -> Array:
    """(1 + x) ln(1 + x) - x >= 0, by its series where the two terms cancel."""
    small = jnp.abs(x) < 0.05
    y = jnp.where(small, x, 0.0)
    series = jnp.zeros_like(x)
    for k in range(13, 1, -1):
        series = (-1) ** k / (k * (k - 1)) + y * series
    return jnp.where(small, y**2 * series, xlog1py(1 + x, x) - x)


def divergence_inside(rho: Operator, sigma: Operator, support: float) -> tuple[Real, Real]:
    """D(rho||sigma) on the support of sigma, and the probability of rho outside it."""
    (r, u), (s, v) = eigensystem(rho), eigensystem(sigma)
    r = jnp.maximum(r, 0.0)
    # Overlaps of vectors, squared: traces of projectors would lose the small ones to rounding.
    overlaps = jnp.abs(matmul(u.conj().T, v)) ** 2
    full = ~(s < support)  # nan too, so that it is not lost
    base = jnp.where(full, s, 1.0)
    terms = overlaps * base * _bregman((r[:, None] - base) / base)
    outside = jnp.sum(jnp.where(full, 0.0, overlaps * r[:, None]))
    return jnp.sum(jnp.where(full, terms, 0.0)), outside


@functools.partial(jax.custom_jvp, nondiff_argnums=(2,))
def _relative_entropy(rho: Operator, sigma: Operator, support: float) -> Real:
    inside, outside = divergence_inside(rho, sigma, support)
    return jnp.where(outside > support, jnp.inf, inside)


@_relative_entropy.defjvp
def _relative_entropy_jvp(support, primals, tangents):
    (rho, sigma), (rho_dot, sigma_dot) = primals, tangents
    out = _relative_entropy(rho, sigma, support)
    along_rho = _overlap(apply(Log(), rho) - apply(Log(), sigma), rho_dot)
    dlog = frechet(Restricted(Log(), AtLeast(support)), sigma, sigma_dot)
    return out, along_rho + jnp.trace(sigma_dot).real - _overlap(rho, dlog)


_compiled_relative_entropy = compiled_for_qubits(_relative_entropy, 2)


@checked
def relative_entropy(
    rho: OperatorLike, sigma: OperatorLike, *, support: float | None = None
) -> Real:
    """The relative entropy D(rho||sigma) = tr rho(ln rho - ln sigma) of two states.

    Computed as sum_ij |<r_i|s_j>|^2 s_j phi((r_i - s_j)/s_j), phi(x) = (1+x)ln(1+x) - x: every term
    is >= 0, so nothing cancels near rho = sigma (D = 1e-17 is right to 1e-6). +inf where the
    support of rho is not inside that of sigma; the gradient there is a finite stand-in.

    Args:
        rho: density matrix, (d, d).
        sigma: density matrix, (d, d).
        support: eigenvalues of sigma below it count as 0; 4 d eps by default. Lower it for Gibbs
            states at low temperature, whose tiny eigenvalues are accurate.

    Returns:
        D >= 0 in nats, or +inf.

    Raises:
        ValueError: the shapes do not agree.

    Source: Bregman form; Spohn, J. Math. Phys. 19, 1227 (1978) for its use.

    Examples:
        >>> tau, mixed = qt.thermal_state(qt.number(2), 1.0), qt.algebra.maximally_mixed(2)
        >>> qt.information.relative_entropy(tau, mixed)  # ln 2 - S(tau)
        0.1109
        >>> qt.information.relative_entropy(mixed, qt.pure_state([1, 0]))
        inf
    """
    check_square("rho", rho)
    check_square("sigma", sigma, jnp.shape(rho)[0])
    rho, sigma = as_complex(rho), as_complex(sigma)
    return _compiled_relative_entropy(rho, sigma, support_of(rho, support))


@checked
def gibbs_divergence(rho: OperatorLike, hamiltonian: OperatorLike, temperature: RealLike) -> Real:
    """The relative entropy D(rho||tau) to the Gibbs state of H at T > 0, right in the cold too.

    As `relative_entropy` where the weights of tau stand above rounding, which keeps the digits of a
    small D; where rho has more weight on cold levels than their rounded weights in tau can say, as
    (F(rho) - F_eq)/T, which needs no logarithm of tau. So it is right and finite at every T > 0.

    Args:
        rho: density matrix, (d, d).
        hamiltonian: Hermitian operator H, (d, d).
        temperature: T > 0, in units of energy.

    Returns:
        D >= 0 in nats.

    Raises:
        ValueError: the shapes do not agree, H is not Hermitian, or T is negative.

    Examples:
        >>> excited = qt.pure_state([0, 1])
        >>> qt.information.gibbs_divergence(excited, qt.number(2), 0.01)  # 1/T in the cold
        100.0000
    """
    check_temperature(temperature)
    distance = relative_entropy(rho, thermal_state(hamiltonian, temperature))
    excess = free_energy(rho, hamiltonian, temperature)
    excess = (excess - equilibrium_free_energy(hamiltonian, temperature)) / temperature
    given = as_complex(rho), as_complex(hamiltonian), as_real("temperature", temperature)
    drowned = _is_drowned(*map(jax.lax.stop_gradient, given))
    return jnp.where(jnp.isinf(distance) | drowned, excess, distance)


@compiled_for_qubits
def _is_drowned(rho: Operator, hamiltonian: Operator, temperature: Real) -> Array:
    """Whether rounding of tau's weights does more to D(rho||tau) than that of free energies."""
    energies, v = eigensystem(hamiltonian)
    held = jnp.abs(einsum("ik,ij,jk->k", v.conj(), rho, v).real)
    levels = (energies - energies[0]) / temperature
    weights, epsilon = jax.nn.softmax(-levels), jnp.finfo(levels.dtype).eps
    lost = jnp.minimum(epsilon / jnp.where(weights > 0.0, weights, epsilon), 1.0)
    return jnp.sum(held * lost) > epsilon * (levels.shape[0] + levels[-1])


@checked
def free_energy(rho: OperatorLike, hamiltonian: OperatorLike, temperature: RealLike) -> Real:
    """The nonequilibrium free energy F = tr(rho H) - T S(rho) = F_eq + T D(rho||tau).

    Args:
        rho: density matrix, (d, d).
        hamiltonian: Hermitian operator H, (d, d).
        temperature: T >= 0 of the bath, in units of energy.

    Returns:
        F in units of energy.

    Raises:
        ValueError: the shapes do not agree, or T is negative.

    Source: docs/physics.md, A6.

    Examples:
        >>> mixed = qt.algebra.maximally_mixed(2)
        >>> qt.information.free_energy(mixed, qt.number(2), 1.0)  # 1/2 - ln 2
        -0.1931
    """
    check_temperature(temperature)
    temperature = nan_below_zero(as_real("temperature", temperature))
    return expectation(hamiltonian, rho) - temperature * entropy(rho)


@jax.custom_jvp
def _equilibrium_free_energy(hamiltonian: Operator, temperature: Real) -> Real:
    ground, weights, cold = boltzmann(hamiltonian, temperature)
    log_z = jnp.log(jnp.trace(weights).real)
    return ground - jnp.where(cold, 0.0, temperature) * log_z


@_equilibrium_free_energy.defjvp
def _equilibrium_free_energy_jvp(primals, tangents):
    (hamiltonian, temperature), (h_dot, temperature_dot) = primals, tangents
    out = _equilibrium_free_energy(hamiltonian, temperature)
    tau, gibbs_entropy = _gibbs(hamiltonian, temperature)
    return out, _overlap(tau, h_dot) - temperature_dot * gibbs_entropy


_compiled_equilibrium_free_energy = compiled_for_qubits(_equilibrium_free_energy)


def _gibbs(hamiltonian: Operator, temperature: Real) -> tuple[Operator, Real]:
    """The Gibbs state and its entropy ln Z + <H - E_0>/T, smooth however small its weights."""
    ground, weights, cold = boltzmann(hamiltonian, temperature)
    z = jnp.trace(weights).real
    excitation = expectation(hamiltonian, weights / z) - ground
    bound = jnp.where(cold, 0.0, excitation / jnp.where(cold, 1.0, temperature))
    return weights / z, jnp.log(z) + bound


@checked
def equilibrium_free_energy(hamiltonian: OperatorLike, temperature: RealLike) -> Real:
    """The free energy F_eq = -T ln tr e^{-H/T} of the Gibbs state; E_0 at T = 0.

    Args:
        hamiltonian: Hermitian operator, (d, d).
        temperature: T >= 0, in units of energy. T = inf gives -inf.

    Returns:
        F_eq in units of energy. Its derivative in T is -S(tau), in H it is tau.

    Raises:
        ValueError: H is not Hermitian, or T is negative.

    Examples:
        >>> qt.information.equilibrium_free_energy(qt.number(2), 1.0)  # -ln(1 + e^-1)
        -0.3133
    """
    check_temperature(temperature)
    return _compiled_equilibrium_free_energy(
        as_complex(hamiltonian), as_real("temperature", temperature)
    )
