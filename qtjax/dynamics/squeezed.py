"""Squeezed thermal baths, in the frame that rotates at the frequency of the squeezing's carrier."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex

from .._checks import (
    as_complex,
    as_nonnegative,
    as_positive,
    as_scalar,
    check_operator,
    concretely,
    is_concrete,
)
from .._types import Operator, OperatorLike, Real, RealLike
from ..algebra.operators import dag, product
from .channels import Channel
from .dissipators import AbstractDissipator, Equilibrium
from .hamiltonians import AbstractHamiltonian
from .spectra import Spectrum, as_spectrum, check_spectrum, occupation, thermal_rates


class SqueezedBath(AbstractDissipator):
    """A squeezed thermal bath: gamma (n+1) D[R] + gamma n D[R^+].

    R = a cosh r + a^+ e^{i phi} sinh r, in the frame that rotates at the carrier of the squeezing:
    give the Hamiltonian of that frame and, as `energy` of the system, the one that is called energy
    (gap a^+ a). At r = 0 it is `LocalBath`. What it leaves as it is, by which Spohn's production is
    taken: for an oscillator the squeezed thermal state e^{-gap R^+R/T}, with <a^+ a> = N =
    n cosh 2r + sinh^2 r and <a a> = M = -(n + 1/2) e^{i phi} sinh 2r; for two levels, where
    a^2 = 0, the populations N/(2N+1) up and (N+1)/(2N+1) down.

    A truncated oscillator does not hold the squeezed state exactly: `evolve` warns where it has
    too few levels for it.

    Args:
        lowering: a, `destroy(d)`, embedded where the system has other parts, (d, d).
        gap: the energy that a takes out, > 0.
        temperature: T >= 0, before squeezing.
        spectrum: gamma(omega), or a number.
        squeezing: r >= 0.
        phase: phi.

    Raises:
        ValueError: a gap that is not positive, a negative temperature or squeezing, an operator
            that is not square or not finite, or more mean quanta N than an oscillator has levels.

    Source: Gardiner, Phys. Rev. Lett. 56, 1917 (1986); Breuer and Petruccione, sec. 3.4.3;
        Rossnagel et al., Phys. Rev. Lett. 112, 030602 (2014).

    Examples:
        >>> bath = qt.dynamics.SqueezedBath(qt.destroy(2), 1.0, 0.0, 0.1, squeezing=1.0)
        >>> bath.quanta, jnp.sinh(1.0) ** 2
        (1.381, 1.381)
        >>> bath.anomalous.real, -jnp.sinh(2.0) / 2
        (-1.813, -1.813)
    """

    lowering: Operator
    gap: Real
    temperature: Real
    spectrum: Spectrum
    squeezing: Real
    phase: Real
    two_level: bool = eqx.field(static=True)

    def __init__(
        self,
        lowering: OperatorLike,
        gap: RealLike,
        temperature: RealLike,
        spectrum: RealLike | Spectrum,
        squeezing: RealLike,
        phase: RealLike = 0.0,
    ):
        check_operator("lowering", lowering)
        self.lowering = as_complex(lowering)
        self.gap = as_positive("gap", gap, "squeezing is that of a quantum of some energy.")
        self.temperature = as_nonnegative("temperature", temperature, "the bath is thermal.")
        self.spectrum = as_spectrum(spectrum, "spectrum")
        remedy = "r >= 0; the other quadrature is squeezed at `phase` + pi."
        self.squeezing = as_nonnegative("squeezing", squeezing, remedy)
        self.phase = as_scalar("phase", phase)
        self.two_level = _is_nilpotent(self.lowering)
        check_spectrum(self.spectrum, self.gap)
        self._check_levels()

    @classmethod
    def from_moments(
        cls,
        lowering: OperatorLike,
        gap: RealLike,
        quanta: RealLike,
        anomalous: RealLike | complex | Complex[Array, ""],
        spectrum: RealLike | Spectrum,
    ) -> "SqueezedBath":
        """That of the moments N = <b^+ b> and M = <b b> of an oscillator that it has squeezed.

        Args:
            lowering: as above.
            gap: as above.
            quanta: N >= 0.
            anomalous: M, complex, with |M|^2 <= N (N + 1); where it is traced and larger, the bath
                is nan, and where it is traced and as large, of a temperature of gap/354 (gap/43 in
                float32) in place of 0, where moments have a slope.
            spectrum: as above.

        Raises:
            ValueError: |M|^2 > N (N + 1), which no state has, and as above.
        """
        quanta = as_nonnegative("quanta", quanta, "it is a mean number.")
        gap = as_positive("gap", gap, "squeezing is that of a quantum of some energy.")
        anomalous = as_complex(anomalous)
        # stands in for moments of 0 that may move, where angles and temperatures have no slope
        known = is_concrete((quanta, anomalous))
        rest = 0.0 if known else float(jnp.finfo(quanta.dtype).tiny) ** 0.5
        possible = jnp.abs(anomalous) ** 2 <= (1.0 + 1e-12) * quanta * (quanta + 1.0)
        tiny = jnp.abs(jax.lax.stop_gradient(anomalous)) < rest
        shifted = anomalous + jnp.where(tiny, rest, 0.0)
        size = jnp.abs(shifted)
        if is_concrete(possible) and not possible:
            raise ValueError(
                f"`anomalous` has |M| = {float(size):g}, but no state with N = {float(quanta):g} "
                f"quanta has more than sqrt(N (N + 1)) = {float((quanta**2 + quanta) ** 0.5):g}; "
                "squeeze less, or give more quanta."
            )
        excess = quanta * (quanta + 1.0) - size**2  # n (n + 1) of the thermal state
        cold = known and not excess > 0.0
        moving = excess - jax.lax.stop_gradient(excess)
        excess = jnp.where(excess > rest, excess, rest + moving)
        n = excess / (0.5 + jnp.sqrt(0.25 + excess))
        temperature = jnp.zeros_like(n) if cold else gap / (jnp.log1p(n) - jnp.log(n))
        longer = (size + size**2 / (quanta + n + 1.0)) / (n + 0.5)  # e^(2r) - 1
        squeezing = jnp.where(possible, 0.5 * jnp.log1p(longer), jnp.nan)
        return cls(lowering, gap, temperature, spectrum, squeezing, jnp.angle(-shifted))

    @property
    def quanta(self) -> Real:
        """N = n cosh 2r + sinh^2 r, the mean quanta of an oscillator that the bath has squeezed."""
        n = occupation(self.gap, self.temperature)
        return n * jnp.cosh(2.0 * self.squeezing) + jnp.sinh(self.squeezing) ** 2

    @property
    def anomalous(self) -> Complex[Array, ""]:
        """M = -(n + 1/2) e^{i phi} sinh 2r, the mean of its a^2."""
        n = occupation(self.gap, self.temperature)
        return -(n + 0.5) * jnp.sinh(2.0 * self.squeezing) * jnp.exp(1j * self.phase)

    def channels(self, hamiltonian: AbstractHamiltonian) -> tuple[Channel, ...]:
        down, up = concretely(thermal_rates, self.spectrum, self.gap, self.temperature)
        mode = concretely(_mode, self.lowering, self.squeezing, self.phase)
        return Channel(down, mode), Channel(up, concretely(dag, mode))

    def equilibrium(self, hamiltonian: Operator) -> Equilibrium:
        """gap R^+R at T of an oscillator, gap a^+a of two levels at T' = gap/ln(1 + 1/N).

        Whatever the Hamiltonian is.
        """
        if not self.two_level:
            mode = _mode(self.lowering, self.squeezing, self.phase)
            return Equilibrium(self.gap * product(dag(mode), mode), self.temperature)
        n = self.quanta
        hot = n > 0.0
        effective = self.gap / jnp.log1p(1.0 / jnp.where(hot, n, 1.0))
        excited = self.gap * product(dag(self.lowering), self.lowering)
        return Equilibrium(excited, jnp.where(hot, effective, 0.0))

    def _check_levels(self) -> None:
        """Raise if the squeezed state has more quanta than there are."""
        if self.two_level or not is_concrete(self.lowering, self.gap, self.temperature,
                                             self.squeezing):  # fmt: skip
            return
        quanta = float(concretely(lambda bath: bath.quanta, self))
        top = np.linalg.norm(np.asarray(self.lowering), 2) ** 2
        if quanta > top:
            raise ValueError(
                f"`squeezing` = {float(self.squeezing):g} makes a state with N = {quanta:.3g} mean "
                f"quanta, but `lowering` is that of at most {top:.3g}; squeeze less, or keep many "
                "more levels than N e^(2r)."
            )


def _mode(lowering: Operator, squeezing: Real, phase: Real) -> Operator:
    """R = a cosh r + a^+ e^{i phi} sinh r."""
    turned = jnp.exp(1j * phase) * jnp.sinh(squeezing)
    return jnp.cosh(squeezing) * lowering + turned * dag(lowering)


def _is_nilpotent(lowering: Operator) -> bool:
    """Whether a^2 = 0, as of two levels; of a traced operator, whether it has two."""
    if not is_concrete(lowering):
        return lowering.shape[0] == 2
    a = np.asarray(lowering)
    return bool(np.max(np.abs(a @ a)) <= 1e-12 * np.max(np.abs(a)) ** 2)
