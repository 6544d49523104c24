"""How far in complex time a bath is analytic that follows the levels of H(t)."""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._types import RealLike
from ..algebra.levels import eigenvalues
from ..numerics.equation import Radius
from ..numerics.growth import growth
from .hamiltonians import AbstractHamiltonian, Term, hamiltonian_rate
from .spectra import Spectrum, scale_of
from .terms import growth_of

COLD = 80.0  # gaps over temperatures beyond which nothing thermal is left
FINEST = 2048  # of an interval, where levels may meet
_TIMES = 3  # of every bin, at which dH/dt is taken
_GOLDEN = 0.6180339887498949  # keeps these times from beating with a period


def radius_of(bath: Any, hamiltonian: AbstractHamiltonian, levels: Sequence[int]) -> Radius | None:
    """The `radius` of what a bath does by the levels of H(t) and its spectrum at their gaps.

    Args:
        bath: with `spectrum` and `temperature`.
        hamiltonian: of the system.
        levels: how many eigenvalues each of them holds, in ascending order.

    Returns:
        `None` where the growth of H(t) is not proven, or the spectrum has no known scale.
    """
    parts = [term.schedule if isinstance(term, Term) else term for term in hamiltonian.terms()]
    growths = [growth_of(part) for part in parts]
    if scale_of(bath.spectrum) is None or not all(proven for _, proven in growths):
        return None
    waves = [part for part, (degree, _) in zip(parts, growths, strict=True) if degree is None]
    ends = tuple(np.cumsum(levels)[:-1].tolist())
    return _LevelRadius(hamiltonian, bath.spectrum, bath.temperature, waves, ends)


class _LevelRadius(eqx.Module):
    """(start, end, bins) -> how far around every bin all is analytic.

    Levels that stay apart keep analytic projectors (Kato): with s the largest difference of two
    eigenvalues of dH/dt they do within spacing/s, and no gap changes by more than s per unit of
    time. The rates are analytic between the thermal poles at 2 pi i T n, which count where
    e^(-gap/T) does, and change on the scale of the spectrum. Half of that is taken, a quarter of
    the scale: off the real axis dH/dt may be larger, up to cosh(1) times in 1/w around exp(i w t).
    Where levels may meet, what is finer than 1/2,048 of the interval may be missed, as where
    functions are sampled.
    """

    hamiltonian: AbstractHamiltonian
    spectrum: Spectrum
    temperature: Any
    waves: list[Any]  # functions of time that are no polynomials
    ends: tuple[int, ...] = eqx.field(static=True)  # of levels but the last

    def __call__(self, start: RealLike, end: RealLike, bins: int) -> Float[Array, " bins"]:
        width = (end - start) / bins
        middles = start + width * (np.arange(bins) + 0.5)
        energies = jax.vmap(lambda t: eigenvalues(self.hamiltonian(t)))(middles)
        above = np.array(self.ends, int)
        spacing = jnp.min(energies[:, above] - energies[:, above - 1], axis=1, initial=jnp.inf)
        longest = jnp.min(jnp.stack([jnp.asarray(jnp.inf), *_lengths(self.waves, start)]))
        speeds = self._speeds(start, width, bins, longest)
        near = _largest_within(speeds, 1)
        spacing = spacing - 0.5 * width * near
        pole = jnp.where(spacing > COLD * self.temperature, jnp.inf, np.pi * self.temperature)
        scale = scale_of(self.spectrum)
        assert scale is not None
        changes = jnp.minimum(jnp.minimum(0.5 * spacing, pole), 0.25 * scale)
        windows = (
            (width, near),
            (4.0 * width, _largest_within(speeds, 4)),
            (jnp.inf, speeds.max()),
        )
        found = [jnp.minimum(reach, _time_to(changes, speed)) for reach, speed in windows]
        found = jnp.maximum(jnp.max(jnp.stack(found), axis=0), (end - start) / FINEST)
        return jnp.minimum(found, longest)

    def _speeds(self, start: RealLike, width: RealLike, bins: int, wave: RealLike) -> Array:
        """A bound on how fast gaps change in every bin."""
        steps = np.arange(bins * _TIMES)
        ts = start + width * ((steps + steps * _GOLDEN % 1.0) / _TIMES)
        slopes = jax.vmap(lambda t: hamiltonian_rate(self.hamiltonian, t))(ts)
        means = jnp.trace(slopes, axis1=1, axis2=2)[:, None, None] / slopes.shape[-1]
        slopes = slopes - means * np.eye(slopes.shape[-1])
        speeds = jnp.sqrt(2.0 * jnp.sum(jnp.abs(slopes) ** 2, axis=(1, 2)))
        speeds = jnp.max(speeds.reshape(bins, _TIMES), axis=1)
        return jnp.where(width > wave, jnp.max(speeds), speeds)


def _lengths(waves: Sequence[Any], t: RealLike) -> list[Array]:
    """1/|w| of functions of time."""
    found = [growth(wave, t) for wave in waves]
    return [1.0 / g.type for g in found if g is not None and g.type is not None]


def _time_to(change: Array, speed: Array) -> Array:
    """How long a change takes; for ever without speed."""
    return jnp.where(speed > 0.0, change / jnp.where(speed > 0.0, speed, 1.0), jnp.inf)


def _largest_within(speeds: Float[Array, " bins"], reach: int) -> Float[Array, " bins"]:
    """The largest of every bin and those that are at most `reach` bins away."""
    count, padded = speeds.shape[0], jnp.pad(speeds, reach)
    return jnp.max(jnp.stack([padded[k : k + count] for k in range(2 * reach + 1)]), axis=0)
