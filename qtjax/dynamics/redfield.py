"""Redfield baths: weak coupling without the secular step, or with a part of it.

With Gamma(w) = P(w)/2 + i S(w), P the power spectrum of the bath and S its Lamb shift,

    D(rho) = sum_A (Lambda rho A + A rho Lambda^+ - A Lambda rho - rho Lambda^+ A),
    Lambda = sum_mn Gamma(E_n - E_m) |m><m|A|n><n|,

which is the channel of two operators Lambda and A beside -i[K, rho], K = sum_A (A Lambda -
Lambda^+ A)/2i. A cutoff keeps the pairs A(w) rho A(w')^+ with |w - w'| <= cutoff alone.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from .._checks import as_nonnegative, concretely, entries, is_concrete
from .._types import Operator, Real, RealLike
from ..algebra.bohr_functions import bohr_function, bohr_pairs, indistinct, spectral_range
from ..algebra.operators import dag, product
from ..algebra.real_generators import real_dissipator
from ..numerics.equation import Radius
from .bath_arguments import as_couplings, as_temperature, checked_spectrum
from .channels import AbstractMovingJumps, Channel, Jumps, Moving
from .dissipators import AbstractDissipator
from .hamiltonians import AbstractHamiltonian
from .lamb_shift import lamb_shift, power_spectrum, white_noise
from .level_radius import radius_of
from .spectra import Flat, Spectrum, check_spectrum, name_of

# rates and the operators L, R of channels of two operators
Terms = tuple[Float[Array, " terms"], Complex[Array, "terms d d"], Complex[Array, "terms d d"]]


class RedfieldBath(AbstractDissipator):
    """A thermal bath in second order of the coupling: the Redfield generator of H or of H(t).

    It reads H off the system. Frequencies need no grouping: levels that coincide, or nearly so,
    are right, and derivatives by H too. `cutoff=None` is the full generator; `cutoff=0` is the
    secular one of `DaviesBath` (with P(0) as its `zero_frequency`); what lies between keeps the
    interference of transitions whose frequencies differ by no more than the cutoff, in units of
    energy. Under an H(t) that moves it is the adiabatic Redfield generator of the moment.

    All of D is the bath's, so its heat is tr(D(rho) H), K included. Positivity is not guaranteed:
    the smallest eigenvalue is in every ledger, and below zero it is no failure. The Gibbs state of
    H is a fixed point of the secular generator alone; without that step its coherences are of the
    order of the coupling, so neither Spohn's production nor `gibbs_defects` need vanish there.

    Args:
        couplings: Hermitian system operators A, one (d, d) or a sequence; each has a bath of its
            own (a common bath has their sum as its one coupling).
        temperature: >= 0.
        spectrum: gamma(omega).
        cutoff: largest |w - w'| of the pairs kept, >= 0; all of them if `None`. Frequencies within
            1e-9 of the spectral range always count as equal. Its derivative is 0.
        zero_frequency: P(0) = lim gamma T/omega, the rate of pure dephasing; taken from the
            spectrum if `None`. Needed where that has no limit, as for `Flat`.
        lamb_shift: whether Gamma has its imaginary part S, static; the spectrum then needs a
            cutoff frequency.

    Raises:
        ValueError: non-Hermitian or mismatched operators, a negative temperature, cutoff or rate, a
            spectrum without a limit at 0 and no `zero_frequency`, or (where the system is used) one
            that is negative or whose Lamb shift diverges.

    Source: Breuer and Petruccione, The Theory of Open Quantum Systems (2002), sec. 3.3.1; partial
    secular: Cattaneo et al., New J. Phys. 21, 113045 (2019).

    Examples:
        >>> bath = qt.dynamics.RedfieldBath(qt.sigmax(), 1 / np.log(2), qt.Ohmic(0.1))
        >>> system = qt.OpenSystem(qt.number(2), bath)
        >>> qt.dynamics.heat_currents(system, 0.0, qt.pure_state([1, 0]))
        [0.1]
    """

    couplings: Complex[Array, "couplings d d"]
    temperature: Real
    spectrum: Spectrum
    cutoff: Real | None
    zero_frequency: Real | None
    lamb_shift: bool = eqx.field(static=True)

    def __init__(
        self,
        couplings: Any,
        temperature: RealLike,
        spectrum: Spectrum,
        *,
        cutoff: RealLike | None = None,
        zero_frequency: RealLike | None = None,
        lamb_shift: bool = False,
    ):
        self.couplings = as_couplings(couplings)
        self.temperature, self.spectrum = as_temperature(temperature), checked_spectrum(spectrum)
        self.cutoff = _optional("cutoff", cutoff, "it is a difference of frequencies.")
        remedy = "it is the rate of pure dephasing."
        self.zero_frequency = _optional("zero_frequency", zero_frequency, remedy)
        if not isinstance(lamb_shift, bool):
            raise ValueError(f"`lamb_shift` must be True or False, got {lamb_shift!r}.")
        self.lamb_shift = lamb_shift
        if zero_frequency is None:
            _check_limit(self.spectrum, self.temperature)

    @property
    def keeps_reference(self) -> bool:
        return False  # its fixed point has coherences of the order of the coupling

    def channels(self, hamiltonian: AbstractHamiltonian) -> tuple[Channel | Moving, ...]:
        d = self.couplings.shape[-1]
        other = eqx.filter_eval_shape(hamiltonian, jnp.zeros(())).shape[0]
        if other != d:
            raise ValueError(
                f"`couplings` have d = {d}, but the Hamiltonian has d = {other}; use `embed` or "
                "`tensor` for operators of a part."
            )
        if not hamiltonian.constant:
            smooth = self.cutoff is None
            return (Moving(FollowingRedfield(self, hamiltonian, redfield_terms, smooth)),)
        h = hamiltonian(jnp.zeros(()))
        terms = concretely(_compiled_redfield_terms, self, h)
        if is_concrete(terms):
            _check_terms(self, h, terms[1])
        return channels_of(terms)


class FollowingRedfield(AbstractMovingJumps):
    """A Redfield generator of H(t) as a function of time, in channels of one operator.

    Args:
        bath: that has the generator.
        hamiltonian: H(t).
        terms: (bath, H) -> the generator; static.
        smooth: whether it is analytic wherever levels stay apart, static.
    """

    bath: AbstractDissipator
    hamiltonian: AbstractHamiltonian
    terms: Callable[[Any, Operator], Terms] = eqx.field(static=True)
    smooth: bool = eqx.field(static=True, default=False)

    def __call__(self, t: RealLike) -> Jumps:
        rates, left, right = self.terms(self.bath.at(t), self.hamiltonian(t))
        operators = jnp.concatenate([left + right, left - right]) / np.sqrt(2.0)
        return jnp.concatenate([rates, -rates]), operators

    @property
    def dimension(self) -> int:
        return eqx.filter_eval_shape(self.hamiltonian, jnp.zeros(())).shape[0]

    def matrix(self, t: RealLike) -> Float[Array, "n n"]:
        return real_dissipator(*self(t))

    @property
    def radius(self) -> Radius | None:
        return (
            radius_of(self.bath, self.hamiltonian, (1,) * self.dimension) if self.smooth else None
        )


def channels_of(terms: Terms) -> tuple[Channel, ...]:
    """The terms of a generator as channels of two operators.

    Args:
        terms: of a fixed H.
    """
    return tuple(map(Channel, *map(entries, terms)))


def redfield_terms(bath: RedfieldBath, hamiltonian: Operator) -> Terms:
    """A Redfield bath's generator as `second_order_terms`.

    Args:
        bath: a Redfield bath.
        hamiltonian: Hermitian operator, (d, d).
    """
    unit = bath.temperature if bath.zero_frequency is None else jnp.zeros_like(bath.temperature)

    def gamma(frequencies: Array) -> Array:
        return half_sided(bath, frequencies)

    return second_order_terms(gamma, hamiltonian, bath.couplings, bath.cutoff, unit)


def second_order_terms(
    gamma: Callable[[Array], Array],
    hamiltonian: Operator,
    couplings: Complex[Array, "couplings d d"],
    cutoff: Real | None,
    unit: Real,
) -> Terms:
    """Rates and the operators L, R of channels of two operators that are sum_A Lambda rho A^+ ...

    The operators are of the order of 1, so that L + R and L - R lose nothing of either. The last
    channel, with R = 1, is -i[K, rho].

    Args:
        gamma: Gamma(w) of all frequencies in an array.
        hamiltonian: Hermitian operator, (d, d).
        couplings: A, Hermitian or not, (couplings, d, d).
        cutoff: largest |w - w'| of the pairs kept; all of them if `None`.
        unit: scale on which Gamma changes, as for `bohr_function`.

    Returns:
        (rates, L, R): (terms,) in units of energy; (terms, d, d) each.
    """
    d, dtype = hamiltonian.shape[0], hamiltonian.dtype
    if cutoff is None:
        left, right = bohr_function(gamma, hamiltonian, couplings, unit), couplings
    else:
        left = bohr_pairs(gamma, hamiltonian, couplings, cutoff, unit)
        left = jnp.where(cutoff >= 0.0, left, jnp.nan)  # a traced one may be none
        left, right = left.reshape(d * d, d, d), jnp.eye(d * d, dtype=dtype).reshape(d * d, d, d)
    product_of_both = jnp.sum(product(right.conj().mT, left), axis=0)
    shift = (product_of_both - dag(product_of_both)) / 2j
    sizes = [jax.lax.stop_gradient(jnp.max(jnp.abs(part))) for part in (left, right)]
    sizes = [jnp.where(size > 0.0, size, 1.0) for size in sizes]
    per_left, per_right = (1.0 / size for size in sizes)
    left = jnp.concatenate([per_left * left, -1j * (per_left * per_right) * shift[None]])
    rates = jnp.broadcast_to(sizes[0] * sizes[1], left.shape[:1])
    return rates, left, jnp.concatenate([per_right * right, jnp.eye(d, dtype=dtype)[None]])


_compiled_redfield_terms = eqx.filter_jit(redfield_terms)


def half_sided(bath: RedfieldBath, frequencies: Array) -> Array:
    """Gamma(w) = P(w)/2 (+ i S(w)) of every frequency in an array; real without a Lamb shift.

    Args:
        bath: a Redfield bath.
        frequencies: all Bohr frequencies of a Hamiltonian, (d, d).
    """
    t, flat, widest = bath.temperature, frequencies.reshape(-1), spectral_range(frequencies)

    def power(frequencies: Array) -> Array:
        return jax.vmap(lambda w: power_spectrum(bath.spectrum, w, t))(frequencies)

    if bath.zero_frequency is None:
        # within rounding of 0 `power` is that of a small frequency, which P(0) need not be
        missing = white_noise(bath.spectrum, t) - power(jnp.zeros(1, flat.dtype))[0]
        resolved = jnp.abs(flat) >= jnp.finfo(flat.dtype).eps * t
        found = power(flat) + jnp.where(resolved, 0.0 * missing, missing)
    else:
        equal = jnp.abs(flat) <= indistinct(frequencies)
        elsewhere = jnp.where(widest > 0.0, widest, jnp.where(t > 0.0, t, 1.0))
        found = power(jnp.where(equal, elsewhere, flat))
        found = jnp.where(equal, bath.zero_frequency, found)
    if bath.lamb_shift:
        unit = jnp.maximum(widest, t)
        shifts = jax.vmap(lambda w: lamb_shift(bath.spectrum, w, t, unit))(flat)
        return (0.5 * found + 1j * shifts).reshape(frequencies.shape)
    return 0.5 * found.reshape(frequencies.shape)


def _optional(name: str, value: RealLike | None, remedy: str) -> Real | None:
    return None if value is None else as_nonnegative(name, value, remedy)


_compiled_white_noise = eqx.filter_jit(white_noise)


def _check_limit(spectrum: Spectrum, temperature: Real) -> None:
    """Raise if the power spectrum is known to have no limit at frequency 0."""
    limit = concretely(_compiled_white_noise, spectrum, temperature)
    if type(spectrum) is Flat or (is_concrete(limit) and not np.isfinite(limit)):
        raise ValueError(
            f"`zero_frequency` is needed with the spectrum {name_of(spectrum)}, whose power "
            "spectrum gamma (n + 1) has no limit at omega = 0: give the rate P(0) of pure "
            "dephasing, 0 for none."
        )


def _check_terms(bath: RedfieldBath, hamiltonian: Operator, left: Array) -> None:
    """Raise if the generator of a concrete bath and H is not finite, or rates are negative."""
    energies = np.linalg.eigvalsh(np.asarray(hamiltonian))
    check_spectrum(bath.spectrum, np.unique(np.abs(energies - energies[:, None])))
    if bath.lamb_shift and not np.all(np.isfinite(left)):
        raise ValueError(
            f"the Lamb shift of `spectrum` ({name_of(bath.spectrum)}) diverges, or cannot be "
            "integrated to nine digits: gamma must vanish at omega = 0 and fall off at high "
            "frequencies (give it a `cutoff`), without features narrower than a tenth of their "
            "frequency. Or set `lamb_shift=False`."
        )
