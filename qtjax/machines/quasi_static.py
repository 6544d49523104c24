"""The Otto cycle without friction and with complete thermalization: one line of arithmetic."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from .._checked import checked
from .._checks import as_complex, as_positive, check_hermitian
from .._precise import matmul
from .._types import OperatorLike, Real, RealLike
from ..algebra.levels import eigenvalues
from . import figures


class QuasiStaticOtto(NamedTuple):
    """What a quasi-static Otto cycle takes in and gives out.

    Args:
        heat_cold: Q_c, into the medium.
        heat_hot: Q_h, into the medium.
        work_output: W_out = Q_h + Q_c.
        efficiency: W_out / Q_h; nan outside the engine regime.
        coefficient_of_performance: Q_c / W; nan outside the refrigerator regime.
        heat_error: what heats and work may be off by; no larger ones count as none.

    Examples:
        >>> temperatures = 1 / np.log(9), 2 / np.log(3)
        >>> otto = qt.machines.quasi_static_otto(qt.number(2), 2.0 * qt.number(2), *temperatures)
        >>> otto.heat_cold, otto.heat_hot, otto.work_output
        (-0.15, 0.3, 0.15)
    """

    heat_cold: Real
    heat_hot: Real
    work_output: Real
    efficiency: Real
    coefficient_of_performance: Real
    heat_error: Real


@checked
def quasi_static_otto(
    cold: OperatorLike, hot: OperatorLike, cold_temperature: RealLike, hot_temperature: RealLike
) -> QuasiStaticOtto:
    """An Otto cycle whose isochores thermalize completely and whose ramps keep populations.

    With E_k, E'_k the levels of the two Hamiltonians and p_k, p'_k their Gibbs populations,

        Q_h = sum_k E'_k (p'_k - p_k),    Q_c = -sum_k E_k (p'_k - p_k).

    Levels belong together in ascending order, as slow ramps carry them where none cross.

    Args:
        cold: Hamiltonian of the cold isochore, Hermitian, (d, d).
        hot: Hamiltonian of the hot isochore, Hermitian, (d, d).
        cold_temperature: T_c > 0.
        hot_temperature: T_h > 0.

    Returns:
        `QuasiStaticOtto`.

    Raises:
        ValueError: Hamiltonians that are not Hermitian or of different size, or a temperature that
            is not positive.

    Source: Quan, Liu, Sun and Nori, Phys. Rev. E 76, 031105 (2007).

    Examples:
        >>> temperatures = 1 / np.log(9), 2 / np.log(3)
        >>> otto = qt.machines.quasi_static_otto(qt.number(2), 2.0 * qt.number(2), *temperatures)
        >>> otto.heat_hot, 2.0 * (1 / 4 - 1 / 10)
        (0.3, 0.3)
        >>> otto.efficiency
        0.5
    """
    check_hermitian("cold", cold)
    check_hermitian("hot", hot, np.shape(cold)[0])
    remedy = "take the limit of small ones for T = 0."
    t_cold = as_positive("cold_temperature", cold_temperature, remedy)
    t_hot = as_positive("hot_temperature", hot_temperature, remedy)
    levels = eigenvalues(as_complex(cold)), eigenvalues(as_complex(hot))
    p_cold, p_hot = (jax.nn.softmax(-e / t) for e, t in zip(levels, (t_cold, t_hot), strict=True))
    moved = p_hot - p_cold
    heat_cold, heat_hot = -matmul(levels[0], moved), matmul(levels[1], moved)
    work = heat_hot + heat_cold
    heats = jnp.stack([heat_cold, heat_hot])
    # E_k (p'_k - p_k) is no surer than E_k p_k, and p_k is sure to p_k (1 - p_k) E/T roundings
    known = [(p_cold, levels[0], t_cold), (p_hot, levels[1], t_hot)]
    moves = jnp.stack([p * (1.0 + (1.0 - p) * jnp.max(jnp.abs(e)) / t) for p, e, t in known])
    sizes = jnp.abs(jnp.stack(levels))
    lost = 8 * jnp.finfo(heats.dtype).eps * matmul(sizes, moves.sum(axis=0)).max()
    none = figures.rounding(heats, heats, jnp.zeros_like(heats), lost)
    return QuasiStaticOtto(
        heat_cold,
        heat_hot,
        work,
        figures.efficiency(work, heat_hot, none),
        figures.coefficient_of_performance(-work, heat_cold, none),
        none,
    )
