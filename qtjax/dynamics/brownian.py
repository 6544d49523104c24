"""The spectrum of a damped oscillator between a system and an Ohmic bath."""

from .._checks import as_positive, as_real, as_scalar
from .._types import Real, RealLike
from .spectra import AbstractSpectrum


class Brownian(AbstractSpectrum):
    """The underdamped Brownian spectrum gamma(w) = 2 J(w), peaked at the frequency W.

    J(w) = 2 g^2 W k w / ((W^2 - w^2)^2 + k^2 w^2), the bath that a coupling g S (a + a^+) to an
    oscillator W a^+ a with Ohmic friction is for the system. The reorganization energy is
    (1/pi) int_0^inf dw J/w = g^2/W. A Davies bath with it is the weak-coupling description of
    what `models.reaction_coordinate` keeps as a part of its own.

    Args:
        coupling: g, in units of energy.
        frequency: W > 0.
        width: k > 0, the rate at which the oscillator loses energy, and the width of the peak at
            half its height.

    Raises:
        ValueError: a frequency or a width that is not positive, or what is no finite number.

    Source: Garg, Onuchic and Ambegaokar, J. Chem. Phys. 83, 4491 (1985).
    """

    coupling: Real
    frequency: Real
    width: Real

    def __init__(self, coupling: RealLike, frequency: RealLike, width: RealLike):
        self.coupling = as_scalar("coupling", coupling)
        self.frequency = as_positive("frequency", frequency, "it is where the spectrum peaks.")
        self.width = as_positive("width", width, "it is the friction of the oscillator.")

    def __call__(self, omega: RealLike) -> Real:
        x, friction = omega / self.frequency, self.width / self.frequency
        strength = 4.0 * self.coupling * (self.coupling / self.frequency) * friction
        return strength * x / ((1.0 - x**2) ** 2 + (friction * x) ** 2)

    @classmethod
    def from_qutip(cls, lam: RealLike, gamma: RealLike, w0: RealLike) -> "Brownian":
        """That of J = lam^2 gamma w/((w0^2 - w^2)^2 + gamma^2 w^2): `UnderDampedEnvironment`."""
        return cls(as_real("lam", lam) / (2.0 * as_real("w0", w0)) ** 0.5, w0, gamma)
