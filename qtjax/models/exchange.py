"""Closed composites that exchange excitations: recipes that return an `OpenSystem` with parts.

Ground levels are index 0: H = gap * number, lowered by `destroy`.
"""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from .._checked import checked
from .._checks import (
    as_numbers,
    as_scalar,
    as_sequence,
    check_count,
    check_finite,
    check_operator,
    check_size,
)
from .._precise import matmul
from .._types import RealLike
from ..algebra.composite import embed
from ..algebra.operators import create, destroy, number
from ..dynamics.hamiltonians import as_hamiltonian
from ..dynamics.open_system import OpenSystem, composite_system, dimension_of


@checked
def exchange(
    parts: Sequence[Any], lowering: Sequence[Any], couplings: Any, baths: Any = ()
) -> OpenSystem:
    """Parts that exchange energy with part 0: sum_k g_k (L_0^+ L_k + h.c.).

    Args:
        parts: bare Hamiltonians, two or more; matrices, callables or any Hamiltonian.
        lowering: the operator L_k of each part.
        couplings: g_k between part 0 and part k >= 1, one number or (parts - 1,).
        baths: dissipators on the whole.

    Returns:
        An `OpenSystem` with parts.

    Raises:
        ValueError: fewer than two parts, not one lowering operator for each part, not one coupling
            for each partner, or operators that do not act on their parts.

    Examples:
        >>> system = qt.models.exchange([qt.number(2)] * 2, [qt.destroy(2)] * 2, couplings=0.1)
        >>> qt.algebra.eigenvalues(system.hamiltonian(0.0))  # one excitation: 1 -+ g
        [0.00, 0.90, 1.10, 2.00]
    """
    parts = as_sequence("parts", parts, "a sequence of Hamiltonians")
    parts = [as_hamiltonian(part, f"parts[{k}]") for k, part in enumerate(parts)]
    if len(parts) < 2:
        raise ValueError(f"`parts` must hold two Hamiltonians or more, got {len(parts)}.")
    dims = tuple(dimension_of(part) for part in parts)
    check_size("parts", *dims, *dims)
    lowering = as_sequence("lowering", lowering, "a sequence of operators")
    g = jnp.atleast_1d(jnp.asarray(as_numbers("couplings", couplings, "numbers")))
    check_finite("couplings", g)
    if len(lowering) != len(dims) or g.shape != (len(dims) - 1,):
        raise ValueError(
            f"`lowering` must give one operator for each of the {len(dims)} parts and `couplings` "
            f"one number for each partner of part 0, got {len(lowering)} and shape {g.shape}."
        )
    for k, (operator, d) in enumerate(zip(lowering, dims, strict=True)):
        check_operator(f"lowering[{k}]", operator, d)
    lowers = [embed(operator, dims, k) for k, operator in enumerate(lowering)]
    half = sum(matmul(g[k - 1] * lowers[0].conj().T, lowers[k]) for k in range(1, len(dims)))
    return composite_system(parts, half + jnp.conj(half).T, baths)


@checked
def partial_swap(gap: RealLike, coupling: RealLike) -> OpenSystem:
    """Two resonant qubits, H = gap (n_A + n_B) + g (|01><10| + h.c.): a partial swap.

    p_A(t) = a cos^2(g t) + b sin^2(g t) from a product of diagonal states with p_A = a, p_B = b;
    the swap is complete at g t = pi/2.

    Args:
        gap: of both qubits.
        coupling: g.

    Returns:
        An `OpenSystem` with two parts.

    Raises:
        ValueError: what is no finite number.

    Source: Scarani et al., Phys. Rev. Lett. 88, 097905 (2002).

    Examples:
        >>> pair, start = qt.models.partial_swap(gap=1.0, coupling=0.1), qt.pure_state([0, 0, 1, 0])
        >>> end = qt.evolve(pair, start, [0.0, np.pi / 0.3]).state  # g t = pi/3
        >>> qt.partial_trace(end, (2, 2), 0).diagonal()
        [0.7500, 0.2500]
    """
    qubit, coupling = as_scalar("gap", gap) * number(2), as_scalar("coupling", coupling)
    return exchange((qubit, qubit), (destroy(2), destroy(2)), coupling)


@checked
def qubit_and_spins(gap: RealLike, gaps: Sequence[RealLike], couplings: Any) -> OpenSystem:
    """A qubit (part 0) that exchanges excitations with N spins (parts 1 to N): a finite reservoir.

    Args:
        gap: of the qubit.
        gaps: of the spins.
        couplings: one g or one for each spin.

    Returns:
        An `OpenSystem` with N + 1 parts, of dimension 2^(N+1).

    Raises:
        ValueError: what is no finite number, not one coupling for each spin, or more spins than
            fit into memory.

    Examples:
        >>> system = qt.models.qubit_and_spins(gap=1.0, gaps=[1.0, 1.0], couplings=0.1)
        >>> system.dims
        (2, 2, 2)
        >>> qt.algebra.eigenvalues(system.hamiltonian(0.0))[:4]  # one excitation: 1 -+ sqrt(2) g
        [0.0000, 0.8586, 1.0000, 1.1414]
    """
    found = as_sequence("gaps", gaps, "a sequence of numbers")
    check_size("gaps", 4, power=len(found) + 1)
    energies = [as_scalar("gap", gap)]
    energies += [as_scalar(f"gaps[{k}]", w) for k, w in enumerate(found)]
    g = jnp.asarray(as_numbers("couplings", couplings, "numbers"))
    g = jnp.full(len(found), g) if g.ndim == 0 else g
    return exchange([w * number(2) for w in energies], [destroy(2)] * len(energies), g)


@checked
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

    Raises:
        ValueError: what is no finite number, or fewer than two levels.

    Source: Jaynes and Cummings, Proc. IEEE 51, 89 (1963).

    Examples:
        >>> system = qt.models.qubit_and_oscillator(gap=1.0, frequency=1.0, coupling=0.1, levels=3)
        >>> qt.algebra.eigenvalues(system.hamiltonian(0.0))  # n -+ g sqrt(n)
        [0.0000, 0.9000, 1.1000, 1.8586, 2.1414, 3.0000]
    """
    check_count("levels", levels, 2)
    check_size("levels", *2 * (2, levels))
    qubit = as_scalar("gap", gap) * number(2)
    oscillator = as_scalar("frequency", frequency) * matmul(create(levels), destroy(levels))
    coupling = as_scalar("coupling", coupling)
    return exchange((qubit, oscillator), (destroy(2), destroy(levels)), coupling)
