"""Closed composites that exchange excitations: recipes that return an `OpenSystem` with parts.

Ground levels are index 0: H = gap * number, lowered by `destroy`.
"""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from .._types import RealLike
from ..algebra.composite import embed
from ..algebra.operators import create, destroy, number
from ..dynamics.hamiltonians import AbstractHamiltonian
from ..dynamics.open_system import OpenSystem, composite_system, dimension_of


def exchange(
    parts: Sequence[Any], lowering: Sequence[Any], couplings: Any, baths: Any = ()
) -> OpenSystem:
    """Parts that exchange energy with part 0: sum_k g_k (L_0^+ L_k + h.c.).

    Args:
        parts: bare Hamiltonians, two or more; `Static` matrices or any Hamiltonian.
        lowering: the operator L_k of each part.
        couplings: g_k between part 0 and part k >= 1, one number or (parts - 1,).
        baths: dissipators on the whole.

    Returns:
        An `OpenSystem` with parts.

    Raises:
        ValueError: not one lowering operator for each part, or one coupling for each partner.
    """
    dims = tuple(
        dimension_of(p) if isinstance(p, AbstractHamiltonian) else jnp.shape(p)[0] for p in parts
    )
    g = jnp.atleast_1d(jnp.asarray(couplings))
    if len(lowering) != len(dims) or g.shape != (len(dims) - 1,):
        raise ValueError(
            f"`lowering` must give one operator for each of the {len(dims)} parts and `couplings` "
            f"one number for each partner of part 0, got {len(lowering)} and shape {g.shape}."
        )
    lowers = [embed(operator, dims, k) for k, operator in enumerate(lowering)]
    half = sum(g[k - 1] * lowers[0].conj().T @ lowers[k] for k in range(1, len(dims)))
    return composite_system(parts, half + jnp.conj(half).T, baths)


def partial_swap(gap: RealLike, coupling: RealLike) -> OpenSystem:
    """Two resonant qubits, H = gap (n_A + n_B) + g (|01><10| + h.c.): a partial swap.

    p_A(t) = a cos^2(g t) + b sin^2(g t) from a product of diagonal states with p_A = a, p_B = b;
    the swap is complete at g t = pi/2.

    Args:
        gap: of both qubits.
        coupling: g.

    Returns:
        An `OpenSystem` with two parts.

    Source: Scarani et al., Phys. Rev. Lett. 88, 097905 (2002).
    """
    return exchange((gap * number(2),) * 2, (destroy(2),) * 2, coupling)


def qubit_and_spins(gap: RealLike, gaps: Sequence[RealLike], couplings: Any) -> OpenSystem:
    """A qubit (part 0) that exchanges excitations with N spins (parts 1 to N): a finite reservoir.

    Args:
        gap: of the qubit.
        gaps: of the spins.
        couplings: one g or one for each spin.

    Returns:
        An `OpenSystem` with N + 1 parts, of dimension 2^(N+1).
    """
    count = len(gaps)
    g = jnp.broadcast_to(jnp.asarray(couplings, jnp.result_type(float)), count)
    parts = [gap * number(2), *(w * number(2) for w in gaps)]
    return exchange(parts, [destroy(2)] * (count + 1), g)


def qubit_and_oscillator(
    gap: RealLike, frequency: RealLike, coupling: RealLike, levels: int
) -> OpenSystem:
    """The Jaynes-Cummings model, gap n_q + frequency b^+ b + g (s^+ b + s b^+), truncated.

    Resonant and from |e> x |n>: p_e(t) = cos^2(g sqrt(n+1) t).

    Args:
        gap: of the qubit (part 0).
        frequency: of the oscillator (part 1).
        coupling: g.
        levels: dimension at which the oscillator is truncated.

    Returns:
        An `OpenSystem` with two parts.

    Source: Jaynes and Cummings, Proc. IEEE 51, 89 (1963).
    """
    oscillator = frequency * (create(levels) @ destroy(levels))
    return exchange((gap * number(2), oscillator), (destroy(2), destroy(levels)), coupling)
