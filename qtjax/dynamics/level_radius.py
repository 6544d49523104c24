"""How far in complex time a bath is analytic that follows the levels of H(t)."""

from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._types import RealLike
from ..algebra.levels import eigenvalues
from .channels import Radius
from .hamiltonians import AbstractHamiltonian, Term, hamiltonian_rate
from .spectra import Spectrum, scale_of
from .terms import growth_of

COLD = 80.0  # gaps over temperatures beyond which nothing thermal is left
FINEST = 2048  # of an interval, where levels may meet


def radius_of(bath: Any, hamiltonian: AbstractHamiltonian, levels: Sequence[int]) -> Radius | None:
    """The `radius` of what a bath does by the levels of H(t) and its spectrum at their gaps.

    Args:
        bath: with `spectrum` and `temperature`.
        hamiltonian: of the system.
        levels: how many eigenvalues each of them holds, in ascending order.

    Returns:
        `None` where H(t) is no known polynomial, or the spectrum has no known scale.
    """
    parts = [term.schedule if isinstance(term, Term) else term for term in hamiltonian.terms()]
    known = all(growth_of(part)[0] is not None for part in parts)
    if scale_of(bath.spectrum) is None or not known:
        return None
    ends = tuple(np.cumsum(levels)[:-1].tolist())
    return _LevelRadius(hamiltonian, bath.spectrum, bath.temperature, ends)


class _LevelRadius(eqx.Module):
    """(start, end) -> (middle, half) -> how far around these times all is analytic.

    Levels that stay apart keep analytic projectors (Kato): with |H'| <= v/2 they do within
    spacing/(4 v), and the spacing changes by v at most per unit of time. The rates are analytic
    between the thermal poles at 2 pi i T n, which count where e^(-gap/T) does, and change on
    the scale of the spectrum. Where levels may meet, what is finer than 1/2,048 of the interval
    may be missed, as where functions are sampled.
    """

    hamiltonian: AbstractHamiltonian
    spectrum: Spectrum
    temperature: Any
    ends: tuple[int, ...] = eqx.field(static=True)  # of levels but the last

    def __call__(self, start: RealLike, end: RealLike) -> Callable[[Any, Any], Any]:
        ts = start + (end - start) * (0.5 - 0.5 * np.cos(np.pi * (np.arange(9) + 0.5) / 9))
        slopes = jax.vmap(lambda t: hamiltonian_rate(self.hamiltonian, t))(ts)
        speed = 2.0 * jnp.sqrt(jnp.max(jnp.sum(jnp.abs(slopes) ** 2, axis=(1, 2))))
        per_speed = jnp.where(speed > 0.0, 1.0 / jnp.where(speed > 0.0, speed, 1.0), jnp.inf)
        scale, ends = scale_of(self.spectrum), np.array(self.ends, int)
        assert scale is not None
        finest = (end - start) / FINEST

        def around(middle: RealLike, half: RealLike) -> Array:
            energies = eigenvalues(self.hamiltonian(middle))
            spacing = jnp.min(energies[ends] - energies[ends - 1], initial=jnp.inf)
            spacing = spacing - speed * half
            apart = jnp.maximum(0.25 * spacing * per_speed, finest)
            pole = 0.5 * np.pi * self.temperature
            pole = jnp.where(spacing > COLD * self.temperature, jnp.inf, pole)
            other = jnp.maximum(jnp.minimum(pole, 0.25 * scale) * per_speed, finest)
            return jnp.where(speed > 0.0, jnp.minimum(apart, other), jnp.inf)

        return around
