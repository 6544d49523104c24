"""The spectrum of a damped oscillator between a system and an Ohmic bath."""

import jax.numpy as jnp

from .._checks import as_positive, as_real, as_scalar, check_nonnegative
from .._types import Real, RealLike
from .spectra import AbstractSpectrum


class Brownian(AbstractSpectrum):
    """gamma(w) = strength w W^4 / ((W^2 - w^2)^2 + k^2 w^2) = 2 J(w): Brownian motion, a cavity.

    The spectrum of an oscillator of frequency W that loses energy at the rate k. For k << W it is a
    Lorentzian peak at W, of width k at half its height strength W^2/k; at low frequencies it is
    Ohmic. For k >> W it is `DrudeLorentz(strength, W^2/k)`.

    Args:
        strength: dimensionless coupling at low frequencies, >= 0.
        frequency: W > 0.
        width: k > 0.

    Raises:
        ValueError: a negative strength, a frequency or a width that is not positive.

    Source: Garg, Onuchic and Ambegaokar, J. Chem. Phys. 83, 4491 (1985).

    Examples:
        >>> qt.dynamics.Brownian(0.1, frequency=2.0, width=0.5)(2.0)
        3.2
    """

    strength: Real
    frequency: Real
    width: Real

    def __init__(self, strength: RealLike, frequency: RealLike, width: RealLike):
        check_nonnegative("strength", strength, "a bath cannot couple with a negative strength.")
        self.strength = as_real("strength", strength)
        self.frequency = as_positive("frequency", frequency, "it is that of an oscillator.")
        self.width = as_positive("width", width, "a peak without width is an oscillator.")

    def __call__(self, omega: RealLike) -> Real:
        x, friction = omega / self.frequency, self.width / self.frequency
        peak = ((1.0 - x) * (1.0 + x)) ** 2 + (friction * x) ** 2
        return self.strength * omega / peak

    @property
    def frequency_scale(self) -> Real:
        """How far the poles are from the real axis: k/2, or W^2/k where nothing oscillates."""
        half = 0.5 * self.width
        square = half**2 - self.frequency**2
        over = square > 0.0
        slow = self.frequency**2 / (half + jnp.sqrt(jnp.where(over, square, 1.0)))
        return jnp.where(over, slow, half)

    @classmethod
    def from_coordinate(
        cls, coupling: RealLike, frequency: RealLike, width: RealLike
    ) -> "Brownian":
        """That of a coupling g S (a + a^+) to an oscillator W a^+ a with Ohmic friction k.

        J(w) = 2 g^2 W k w / ((W^2 - w^2)^2 + k^2 w^2); its reorganization energy is g^2/W. A Davies
        bath with it is the weak-coupling description of what `models.reaction_coordinate` keeps as
        a part of its own.
        """
        g = as_scalar("coupling", coupling)
        w = as_positive("frequency", frequency, "it is where the spectrum peaks.")
        k = as_positive("width", width, "it is the friction of the oscillator.")
        return cls(4.0 * (g / w) ** 2 * (k / w), w, k)

    @classmethod
    def from_peak(cls, strength: RealLike, center: RealLike, width: RealLike) -> "Brownian":
        """strength (w^2/((omega-c)^2 + w^2) - w^2/((omega+c)^2 + w^2)): W^2 = c^2 + w^2, k = 2 w.

        About `strength` at the center c > 0 where w << c; w is half of the full width at half
        maximum.
        """
        height = as_real("strength", strength)
        c = as_positive("center", center, "for a peak at 0 take `DrudeLorentz`.")
        w = as_positive("width", width, "a peak without width is an oscillator.")
        frequency = jnp.hypot(c, w)
        scaled = (w / frequency) ** 2 * (c / frequency) / frequency
        return cls(4.0 * height * scaled, frequency, 2.0 * w)

    @classmethod
    def from_qutip(cls, lam: RealLike, gamma: RealLike, w0: RealLike) -> "Brownian":
        """That of J = lam^2 gamma w/((w0^2 - w^2)^2 + gamma^2 w^2): `UnderDampedEnvironment`."""
        lam, gamma, w0 = as_real("lam", lam), as_real("gamma", gamma), as_real("w0", w0)
        return cls(2.0 * (lam / w0) ** 2 * (gamma / w0) / w0, w0, gamma)
