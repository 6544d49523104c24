"""Equilibrium at any coupling: the Gibbs state of the whole, as one part of it sees it.

With H = H_S + H_R + V the equilibrium of the system is tr_R e^{-H/T}/Z, not the Gibbs state of H_S;
written as one, e^{-H*/T}/Z*, with Z* = Z/Z_R, it defines the Hamiltonian of mean force H* and the
free energy F* = -T ln Z* = F - F_R.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from .._checked import checked
from .._checks import as_complex, as_counts, as_positive, check_hermitian, is_concrete
from .._types import Operator, OperatorLike, Real, RealLike
from ..algebra.composite import partial_trace
from ..algebra.divided_differences import Log
from ..algebra.levels import eigenvalues
from ..algebra.operators import identity
from ..algebra.spectral import apply
from ..algebra.states import thermal_state
from ..dynamics.open_system import OpenSystem
from ..information.coherence import dephase
from ..information.entropy import equilibrium_free_energy
from .parts import check_parts


@checked
def mean_force_state(
    system: OpenSystem, temperature: RealLike, parts: int | Sequence[int] = 0, t: RealLike = 0.0
) -> Operator:
    """The state tr_R e^{-H/T}/Z of some parts of a composite system in equilibrium.

    For weak coupling it is the Gibbs state of the parts, up to the second order of V.

    Args:
        system: with parts, such as `models.reaction_coordinate` returns; its baths do not matter.
        temperature: T >= 0, of the whole.
        parts: which are the system; the rest is traced out.
        t: the time whose H is meant.

    Returns:
        Density matrix of the parts, (d, d).

    Raises:
        ValueError: the system declares no parts, there are no such parts, or T is negative.

    Source: Campisi, Talkner and Haenggi, Phys. Rev. Lett. 102, 210401 (2009).

    Examples:
        >>> both = qt.tensor(qt.number(2), qt.number(2))
        >>> system = qt.composite_system((qt.number(2), qt.number(2)), both)
        >>> qt.thermodynamics.mean_force_state(system, 1.0).diagonal()
        [0.7661, 0.2339]
        >>> qt.thermal_state(qt.number(2), 1.0).diagonal()  # without the coupling
        [0.7311, 0.2689]
    """
    chosen = _chosen(system, parts)
    whole = thermal_state(system.energy_hamiltonian(t), temperature)
    return partial_trace(whole, system.dims, chosen)


@checked
def mean_force_free_energy(
    system: OpenSystem, temperature: RealLike, parts: int | Sequence[int] = 0, t: RealLike = 0.0
) -> Real:
    """F* = F - F_R = -T ln(Z/Z_R), the free energy that a system has beside that of its reservoir.

    Its derivatives are the strong-coupling entropy S* = -dF*/dT and energy U* = F* + T S*, which
    is not tr(rho H*).

    Args:
        system: with parts.
        temperature: T >= 0.
        parts: which are the system; the rest is the reservoir, with H_R the sum of its parts.
        t: the time whose H is meant.

    Returns:
        F* in units of energy.

    Raises:
        ValueError: the system declares no parts, there are no such parts, or T is negative.

    Source: Seifert, Phys. Rev. Lett. 116, 020601 (2016).

    Examples:
        >>> both = qt.tensor(qt.number(2), qt.number(2))
        >>> system = qt.composite_system((qt.number(2), qt.number(2)), both)
        >>> qt.thermodynamics.mean_force_free_energy(system, 1.0)  # without the coupling -0.3133
        -0.2665
    """
    chosen = _chosen(system, parts)
    rest = [h for k, h in enumerate(system.parts) if k not in chosen]
    whole = equilibrium_free_energy(system.energy_hamiltonian(t), temperature)
    return whole - sum(equilibrium_free_energy(h(t), temperature) for h in rest)


@checked
def mean_force_hamiltonian(
    system: OpenSystem, temperature: RealLike, parts: int | Sequence[int] = 0, t: RealLike = 0.0
) -> Operator:
    """The Hamiltonian of mean force H* = -T ln(tr_R e^{-H/T}/Z_R).

    e^{-H*/T}/Z* is `mean_force_state`. H* depends on the temperature, and is H_S without coupling.

    Args:
        system: with parts.
        temperature: T > 0.
        parts: which are the system.
        t: the time whose H is meant.

    Returns:
        Hermitian operator, (d, d); all nan where a traced temperature is too low.

    Raises:
        ValueError: the system declares no parts, there are no such parts, T is not positive, or so
            low that the state's smallest weight, below 4 d eps, is lost in rounding.

    Source: Campisi, Talkner and Haenggi, Phys. Rev. Lett. 102, 210401 (2009).

    Examples:
        >>> both = qt.tensor(qt.number(2), qt.number(2))
        >>> system = qt.composite_system((qt.number(2), qt.number(2)), both)
        >>> h = qt.thermodynamics.mean_force_hamiltonian(system, 1.0)
        >>> h.diagonal()  # 1 + ln((1 + e^-1) / (1 + e^-2))
        [0.0000, 1.1863]
    """
    temperature = as_positive("temperature", temperature, "at T = 0 the logarithm diverges.")
    rho = mean_force_state(system, temperature, parts, t)
    d = rho.shape[0]
    smallest = eigenvalues(jax.lax.stop_gradient(rho))[0]
    known = smallest >= 4 * d * jnp.finfo(smallest.dtype).eps
    if is_concrete(known) and not known:
        raise ValueError(
            f"`temperature` = {float(temperature):.6g} is too low: the smallest weight of the "
            f"state, {float(smallest):.2g}, is lost in rounding, and with it ln rho. "
            "Take a higher temperature, or `mean_force_state`."
        )
    free = mean_force_free_energy(system, temperature, parts, t)
    found = free * identity(d) - temperature * apply(Log(), rho)
    return jnp.where(known, found, jnp.nan)


@checked
def ultrastrong_state(
    hamiltonian: OperatorLike,
    operator: OperatorLike,
    temperature: RealLike,
    levels: tuple[int, ...] | None = None,
) -> Operator:
    """The limit of the mean-force state at infinite coupling by S: the Gibbs state of sum P H P.

    P are the projectors on the eigenspaces of S, so the state has no coherence between them. It is
    the limit with the counter term (for a reaction coordinate, (g^2/W) S^2 added to H), or where
    S^2 is a number; otherwise only the largest S^2 survives.

    Args:
        hamiltonian: H_S, Hermitian, (d, d).
        operator: S, Hermitian, (d, d).
        temperature: T >= 0.
        levels: degeneracies of S in ascending order, static; found from a concrete S by default.

    Returns:
        Density matrix, (d, d).

    Raises:
        ValueError: operators that are not Hermitian or of one size, a negative temperature, or a
            traced S and no `levels`.

    Source: Cresser and Anders, Phys. Rev. Lett. 127, 250601 (2021).

    Examples:
        >>> qt.thermodynamics.ultrastrong_state(qt.number(2), qt.sigmax(), 1.0)
        [[0.5, 0.0], [0.0, 0.5]]
    """
    check_hermitian("hamiltonian", hamiltonian)
    check_hermitian("operator", operator, np.shape(hamiltonian)[0])
    return thermal_state(dephase(as_complex(hamiltonian), operator, levels), temperature)


def _chosen(system: OpenSystem, parts: int | Sequence[int]) -> tuple[int, ...]:
    """The parts that are the system, checked."""
    check_parts(system)
    chosen, count = as_counts("parts", parts), len(system.parts)
    if not chosen or len(set(chosen)) < len(chosen) or max(chosen) >= count:
        raise ValueError(f"`parts` must be distinct parts between 0 and {count - 1}, got {chosen}.")
    return chosen
