"""Time-local generators whose rates turn negative, and exact amplitude damping.

Eq. (8) allows rates of either sign. A negative rate means that the dynamics is not CP-divisible;
it does not mean that the entropy falls.
"""

import equinox as eqx
import jax
import jax.numpy as jnp

from .._checked import checked
from .._checks import as_complex, as_nonnegative, as_positive, as_scalar, check_density_matrix
from .._types import Operator, OperatorLike, Real, RealLike
from ..algebra.composite import embed, tensor
from ..algebra.operators import create, destroy, number, sigmax, sigmay, sigmaz
from ..dynamics.dissipators import Lindblad
from ..dynamics.open_system import OpenSystem, composite_system
from ..dynamics.schedules import AbstractSchedule


class Oscillating(AbstractSchedule):
    """The rate mean + amplitude cos(frequency t), negative at times if amplitude > mean.

    Args:
        mean: in units of energy.
        amplitude: in units of energy.
        frequency: angular frequency.

    Raises:
        ValueError: what is no finite real number.

    Examples:
        >>> rate = qt.models.Oscillating(mean=1.0, amplitude=2.0, frequency=1.0)
        >>> rate(0.0), rate(np.pi)
        (3.0, -1.0)
    """

    mean: Real
    amplitude: Real
    frequency: Real

    def __init__(self, mean: RealLike, amplitude: RealLike, frequency: RealLike):
        self.mean, self.amplitude = as_scalar("mean", mean), as_scalar("amplitude", amplitude)
        self.frequency = as_scalar("frequency", frequency)

    def __call__(self, t: RealLike) -> Real:
        return self.mean + self.amplitude * jnp.cos(self.frequency * t)


class Tanh(AbstractSchedule):
    """The rate height tanh(t).

    Args:
        height: in units of energy.

    Raises:
        ValueError: no finite real number.

    Examples:
        >>> qt.models.Tanh(2.0)(1.0)
        1.5232
    """

    height: Real

    def __init__(self, height: RealLike):
        self.height = as_scalar("height", height)

    def __call__(self, t: RealLike) -> Real:
        return self.height * jnp.tanh(t)


@checked
def oscillating_dephasing(mean: RealLike, amplitude: RealLike, frequency: RealLike) -> Lindblad:
    """Pure dephasing of a qubit, L = sigma_z / sqrt(2) (eq. 9), at a rate that oscillates.

    The coherence is c(t) = c(0) exp(-mean t - (amplitude/frequency) sin(frequency t)): it revives
    where the rate is negative, and the map stays completely positive as long as |c(t)| <= |c(0)|.

    Args:
        mean: of the rate.
        amplitude: of its oscillation; beyond `mean` the rate is negative at times.
        frequency: of its oscillation.

    Returns:
        `Lindblad`, one canonical operator, no temperature.

    Raises:
        ValueError: what is no finite real number.

    Examples:
        >>> bath = qt.models.oscillating_dephasing(mean=1.0, amplitude=2.0, frequency=1.0)
        >>> system = qt.OpenSystem(qt.number(2), bath)
        >>> qt.dynamics.jump_operators(bath, system.hamiltonian, np.pi)[0]
        [-1.0]
    """
    rate = Oscillating(mean, amplitude, frequency)
    return Lindblad(sigmaz() / jnp.sqrt(2.0), rate)


@checked
def eternal_dephasing(rate: RealLike = 1.0) -> Lindblad:
    """The Pauli generator with canonical rates (r, r, -r tanh(t)): never CP-divisible for t > 0.

    rho' = (r/2) sum_k g_k (sigma_k rho sigma_k - rho) with g = (1, 1, -tanh t), in the canonical
    operators sigma_k / sqrt(2). The map is a legitimate channel at all times and unital, so the
    entropy never falls although one rate is negative for ever. For r = 1 the Bloch vector obeys
    x(t), y(t) = (1 + e^{-2t})/2 x(0), y(0) and z(t) = e^{-2t} z(0).

    Args:
        rate: r >= 0; time is measured in the units in which r = 1 is the standard model.

    Returns:
        `Lindblad`, three canonical operators, no temperature.

    Raises:
        ValueError: a negative rate.

    Source: Hall, Cresser, Li and Andersson, Phys. Rev. A 89, 042120 (2014).

    Examples:
        >>> bath = qt.models.eternal_dephasing()
        >>> system = qt.OpenSystem(0 * qt.number(2), bath)
        >>> qt.dynamics.jump_operators(bath, system.hamiltonian, 1.0)[0]  # the last one is -tanh(1)
        [1.0000, 1.0000, -0.7616]
    """
    rate = as_nonnegative("rate", rate, "the two steady rates of the model are +r.")
    operators = jnp.stack([sigmax(), sigmay(), sigmaz()]) / jnp.sqrt(2.0)
    return Lindblad(operators, (rate, rate, Tanh(-rate)))


class LorentzianDamping(eqx.Module):
    """Exact amplitude damping of a qubit by a resonant Lorentzian vacuum.

    |1> -> G(t)|1> with G = e^{-l t/2} (cos(Dt/2) + (l/D) sin(Dt/2)), D^2 = 2 gamma0 l - l^2 (cosh,
    sinh where D^2 < 0). The time-local rate gamma(t) = -2 G'/G diverges where G = 0, and is
    negative after it: integrate G or the pseudomode, not the time-local equation.

    H = gap * number(2): the ground level is index 0; states are in the frame that rotates with H.

    Args:
        gap: energy of the excited level.
        gamma0: rate of the memoryless limit, >= 0.
        width: l, the width of the spectrum, > 0.

    Raises:
        ValueError: a negative rate, or a width that is not positive.

    Source: Garraway, Phys. Rev. A 55, 2290 (1997); Breuer and Petruccione, section 10.1.

    Examples:
        >>> qubit = qt.models.LorentzianDamping(gap=1.0, gamma0=0.5, width=1.0)  # D = 0
        >>> qubit.amplitude(2.0), qubit.rate(2.0)  # 2/e and 1/2
        (0.7358, 0.5000)
    """

    gap: Real
    gamma0: Real
    width: Real

    def __init__(self, gap: RealLike, gamma0: RealLike, width: RealLike):
        self.gap = as_scalar("gap", gap)
        self.gamma0 = as_nonnegative("gamma0", gamma0, "it is the rate of the memoryless limit.")
        remedy = "a spectrum of no width is a closed pair of modes."
        self.width = as_positive("width", width, remedy)

    def amplitude(self, t: RealLike) -> Real:
        """G(t), with G(0) = 1; smooth through D = 0."""
        t = jnp.asarray(t, self.width.dtype)
        cosine, sine = _damped_harmonic(self.gamma0, self.width, t)
        return cosine + self.width * sine

    def rate(self, t: RealLike) -> Real:
        """gamma(t) = -2 G'/G, the canonical rate of L = destroy(2); +-inf where G = 0."""
        t = jnp.asarray(t, self.width.dtype)
        g, g_dot = jax.jvp(self.amplitude, (t,), (jnp.ones_like(t),))
        return -2 * g_dot / g

    def state(self, t: RealLike, rho0: OperatorLike) -> Operator:
        """rho(t) from rho(0), (2, 2): regular at the zeros of G.

        Raises:
            ValueError: rho0 is not a qubit's density matrix.
        """
        check_density_matrix("rho0", rho0, 2)
        rho0, g = as_complex(rho0), self.amplitude(t)
        excited, mixed = g**2 * rho0[1, 1], g * rho0[0, 1]
        ground = jnp.trace(rho0) - excited
        return jnp.stack([jnp.stack([ground, mixed]), jnp.stack([mixed.conj(), excited])])

    def time_local(self) -> OpenSystem:
        """The qubit with its time-local generator, for rates away from the zeros of G."""
        return OpenSystem(self.gap * number(2), Lindblad(destroy(2), self.rate))

    def pseudomode(self) -> OpenSystem:
        """The qubit coupled to one damped mode: Markovian, regular at all times, with two parts.

        H = gap (n_q + n_m) + sqrt(gamma0 l / 2) (s^+ b + h.c.), damping 2 l of the mode. Two levels
        of the mode are enough for the one excitation of qubit and vacuum. States are not in the
        rotating frame here.
        """
        lower = tensor(destroy(2), create(2))
        coupling = jnp.sqrt(self.gamma0 * self.width / 2) * (lower + lower.conj().T)
        parts = (self.gap * number(2), self.gap * number(2))
        return composite_system(
            parts, coupling, Lindblad(embed(destroy(2), (2, 2), 1), 2 * self.width)
        )


def _damped_harmonic(gamma0: Real, width: Real, t: Real) -> tuple[Real, Real]:
    """e^{-l t/2} cos(Dt/2) and e^{-l t/2} sin(Dt/2)/D for D^2 = 2 gamma0 l - l^2 of either sign."""
    square = width * (2 * gamma0 - width)
    flat = jnp.abs(square) * t**2 < 1e-6
    root = jnp.sqrt(jnp.abs(jnp.where(flat, 1.0, square)))
    decay = jnp.exp(-width * t / 2)
    trigonometric = (decay * jnp.cos(root * t / 2), decay * jnp.sin(root * t / 2) / root)
    # cosh and sinh: for large arguments with the decay in their exponents, so that none overflows
    real = jnp.where(flat | (square > 0.0), width, root)
    slow, fast = jnp.exp(-gamma0 * width / (width + real) * t), jnp.exp(-(width + real) * t / 2)
    small = root * t < 2.0
    argument = jnp.where(small, root * t / 2, 1.0)
    hyperbolic = (
        jnp.where(small, decay * jnp.cosh(argument), (slow + fast) / 2),
        jnp.where(small, decay * jnp.sinh(argument), (slow - fast) / 2) / root,
    )
    x = square * t**2 / 4
    series = (decay * (1 - x / 2 + x**2 / 24), decay * t / 2 * (1 - x / 6 + x**2 / 120))
    cosine, sine = (
        jnp.where(flat, s, jnp.where(square < 0.0, h, c))
        for s, h, c in zip(series, hyperbolic, trigonometric, strict=True)
    )
    return cosine, sine
