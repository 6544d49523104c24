"""Spins and electrons on lattices: chains, pairs and dimers, some between two reservoirs."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._checked import checked
from .._checks import (
    as_nonnegative,
    as_numbers,
    as_scalar,
    as_vector,
    check_count,
    check_size,
    concretely,
    is_concrete,
)
from .._types import Operator, RealLike
from ..algebra.composite import embed, fermions, tensor
from ..algebra.operators import create, dag, destroy, product, sigmax, sigmay, sigmaz
from ..dynamics.dissipators import Lindblad
from ..dynamics.hamiltonians import Driven
from ..dynamics.open_system import OpenSystem


@checked
def xxz_chain(
    sites: int, *, exchange: RealLike, anisotropy: RealLike, fields: Any = 0.0
) -> Operator:
    """H = J sum_k (x_k x_{k+1} + y_k y_{k+1} + Delta z_k z_{k+1}) + sum_k h_k z_k, Pauli matrices.

    Delta = 0 is the XX chain, Delta = 1 Heisenberg's; two sites are a coupled pair of spins.

    Args:
        sites: n >= 2, static.
        exchange: J, in units of energy.
        anisotropy: Delta.
        fields: h, one for all sites or one for each.

    Returns:
        Hermitian operator, (2^n, 2^n).

    Raises:
        ValueError: fewer than two sites, what is no finite number, or not one field for each site.

    Examples:
        >>> h = qt.models.xxz_chain(2, exchange=1.0, anisotropy=1.0)
        >>> qt.algebra.eigenvalues(h)  # a singlet below a triplet
        [-3.0, 1.0, 1.0, 1.0]
    """
    return _chain(sites, exchange, anisotropy, fields)(0.0)


def _chain(sites: int, exchange: RealLike, anisotropy: RealLike, fields: Any) -> Driven:
    """The same as numbers times operators, whose zeros are known inside `jit` too."""
    check_count("sites", sites, 2)
    check_size("sites", 4, power=sites)
    j, delta = as_scalar("exchange", exchange), as_scalar("anisotropy", anisotropy)
    fields = as_numbers("fields", fields, "one field, or one for each site")
    h = as_vector("fields", fields if np.ndim(fields) else [fields] * sites)
    if h.shape[0] != sites:
        raise ValueError(f"`fields` must be one number or {sites} of them, got {h.shape[0]}.")
    dims = (2,) * sites

    def bonds(operators: tuple[Operator, ...]) -> Array:
        bond = sum((tensor(a, a) for a in operators[1:]), tensor(operators[0], operators[0]))
        return sum(
            (embed(bond, dims, (k, k + 1)) for k in range(1, sites - 1)), embed(bond, dims, (0, 1))
        )

    flips = concretely(bonds, (sigmax(), sigmay()))
    aligned = concretely(bonds, (sigmaz(),))
    up = [concretely(lambda a, k=k: embed(a, dims, k), sigmaz()) for k in range(sites)]
    return Driven([(j, flips), (j * delta, aligned), *((h[k], up[k]) for k in range(sites))])


@checked
def boundary_driven_chain(
    sites: int,
    *,
    exchange: RealLike,
    anisotropy: RealLike,
    fields: Any = 0.0,
    rate: RealLike = 1.0,
    bias: RealLike = 1.0,
) -> OpenSystem:
    """An `xxz_chain` whose ends are driven to opposite magnetizations.

    On the first spin s^+ = (x + iy)/2 at the rate g (1 + b)/2 and s^- at g (1 - b)/2, on the last
    one the other way round. At b = 1 and J = g = 1 the XX chain has <z_1> = 1/17 and the current
    4/17 at every length.

    Args:
        sites: n >= 2, static.
        exchange: J.
        anisotropy: Delta.
        fields: one for all sites or one for each.
        rate: g >= 0.
        bias: b between -1 and 1.

    Returns:
        An `OpenSystem` with two dissipators, (first, last), that have no temperature.

    Raises:
        ValueError: fewer than two sites, a negative rate, or a bias outside [-1, 1].

    Source: Prosen, Phys. Rev. Lett. 107, 137201 (2011).

    Examples:
        >>> chain = qt.models.boundary_driven_chain(2, exchange=1.0, anisotropy=0.0)
        >>> rho = qt.steady_state(chain).state
        >>> qt.expectation(qt.embed(qt.sigmaz(), (2, 2), 0), rho)  # 1/17
        0.0588
    """
    h = _chain(sites, exchange, anisotropy, fields)
    g = as_nonnegative("rate", rate, "it is that of jumps.")
    b = as_scalar("bias", bias)
    if is_concrete(b) and not -1.0 <= b <= 1.0:
        raise ValueError(f"`bias` must lie between -1 and 1, got {float(b):g}; rates are >= 0.")
    dims = (2,) * sites

    def end(site: int, b: Any) -> Lindblad:
        operators = [concretely(lambda a: embed(a, dims, site), a) for a in (destroy(2), create(2))]
        return Lindblad(operators, [0.5 * g * (1.0 + b), 0.5 * g * (1.0 - b)])

    return OpenSystem(h, [end(0, b), end(sites - 1, -b)])


@checked
def spin_current(sites: int, bond: int) -> Operator:
    """The operator i (s^+_k s^-_{k+1} - h.c.) of the current from site k to k + 1.

    Inside an `xxz_chain` d<z_k>/dt is 4 J times what comes in less what goes out.

    Args:
        sites: n >= 2.
        bond: k, from 0 to n - 2.

    Returns:
        Hermitian operator, (2^n, 2^n).

    Raises:
        ValueError: there is no such bond.

    Examples:
        >>> chain = qt.models.boundary_driven_chain(2, exchange=1.0, anisotropy=0.0)
        >>> rho = qt.steady_state(chain).state
        >>> qt.expectation(qt.models.spin_current(2, 0), rho)  # 4/17
        0.2353
    """
    check_count("sites", sites, 2)
    check_size("sites", 4, power=sites)
    check_count("bond", bond, 0)
    if bond > sites - 2:
        raise ValueError(f"`bond` must be below {sites - 1} for {sites} sites, got {bond}.")
    half = 1j * tensor(destroy(2), create(2))
    return embed(half + dag(half), (2,) * sites, (bond, bond + 1))


@checked
def hubbard_dimer(interaction: RealLike, hopping: RealLike) -> Operator:
    """Two sites with both spins, -t sum_s (c^+_1s c_2s + h.c.) + U sum_i n_i,up n_i,down.

    All fillings: energies 0 (four times), +-t (twice each), U, (U +- sqrt(U^2 + 16 t^2))/2,
    U +- t (twice each) and 2 U.

    Args:
        interaction: U, in units of energy.
        hopping: t, in units of energy.

    Returns:
        Hermitian operator in the basis of occupations (1 up, 1 down, 2 up, 2 down), (16, 16).

    Raises:
        ValueError: what is no finite number.

    Examples:
        >>> h = qt.models.hubbard_dimer(interaction=3.0, hopping=2.0)
        >>> qt.algebra.eigenvalues(h)[0]  # (3 - sqrt(73))/2
        -2.7720
    """
    u, t = as_scalar("interaction", interaction), as_scalar("hopping", hopping)
    c = fermions(4)
    hops = [product(dag(c[a]), c[b]) for a, b in ((0, 2), (1, 3))]
    occupied = [product(dag(a), a) for a in c]
    double = product(occupied[0], occupied[1]) + product(occupied[2], occupied[3])
    return u * double - t * sum((hop + dag(hop) for hop in hops), jnp.zeros((16, 16)))
