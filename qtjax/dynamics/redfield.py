"""Redfield baths: weak coupling without the secular step, or with a part of it.

With Gamma(w) = P(w)/2 + i S(w), P the power spectrum of the bath and S its Lamb shift,

    D(rho) = sum_A (Lambda rho A + A rho Lambda^+ - A Lambda rho - rho Lambda^+ A),
    Lambda = sum_mn Gamma(E_n - E_m) |m><m|A|n><n|,

which is the channel of two operators Lambda and A beside -i[K, rho], K = sum_A (A Lambda -
Lambda^+ A)/2i. A cutoff keeps the pairs A(w) rho A(w')^+ with |w - w'| <= cutoff alone.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex

from .._checks import as_nonnegative, concretely, is_concrete
from .._precise import einsum
from .._types import Operator, Real, RealLike
from ..algebra.bohr_functions import bohr_function, bohr_pairs, indistinct, spread
from ..algebra.operators import dag
from .channels import Channel, Jumps, Moving
from .dissipators import AbstractDissipator, as_couplings, as_temperature, checked_spectrum
from .hamiltonians import AbstractHamiltonian
from .lamb_shift import lamb_shift, power_spectrum, white_noise
from .spectra import Flat, Spectrum, check_spectrum, name_of


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
            return (Moving(_Following(self, hamiltonian)),)
        h = hamiltonian(jnp.zeros(()))
        rate, left, right = concretely(_compiled_redfield_terms, self, h)
        if is_concrete(left):
            _check_terms(self, h, left)
        pairs = concretely(lambda *terms: tuple(map(list, terms)), left, right)
        return tuple(Channel(rate, *pair) for pair in zip(*pairs, strict=True))


class _Following(eqx.Module):
    """The Redfield generator of H(t) as a function of time, in channels of one operator."""

    bath: RedfieldBath
    hamiltonian: AbstractHamiltonian

    def __call__(self, t: RealLike) -> Jumps:
        rate, left, right = redfield_terms(self.bath, self.hamiltonian(t))
        operators = jnp.concatenate([left + right, left - right]) / np.sqrt(2.0)
        sign = np.repeat([1.0, -1.0], left.shape[0])
        return rate * sign, operators


def redfield_terms(
    bath: RedfieldBath, hamiltonian: Operator
) -> tuple[Real, Complex[Array, "terms d d"], Complex[Array, "terms d d"]]:
    """A rate and the operators L, R of channels of two operators that are the generator.

    The operators are of the order of 1, so that L + R and L - R lose nothing of either. The last
    channel, with R = 1, is -i[K, rho].

    Args:
        bath: a Redfield bath.
        hamiltonian: Hermitian operator, (d, d).

    Returns:
        (rate, L, R): in units of energy; (terms, d, d) each.
    """
    d, dtype = hamiltonian.shape[0], hamiltonian.dtype
    unit = bath.temperature if bath.zero_frequency is None else jnp.zeros_like(bath.temperature)

    def gamma(frequencies: Array) -> Array:
        return half_sided(bath, frequencies)

    if bath.cutoff is None:
        left, right = bohr_function(gamma, hamiltonian, bath.couplings, unit), bath.couplings
    else:
        left = bohr_pairs(gamma, hamiltonian, bath.couplings, bath.cutoff, unit)
        left, right = left.reshape(d * d, d, d), jnp.eye(d * d, dtype=dtype).reshape(d * d, d, d)
    product_of_both = einsum("kji,kjl->il", right.conj(), left)
    shift = (product_of_both - dag(product_of_both)) / 2j
    sizes = [jax.lax.stop_gradient(jnp.max(jnp.abs(part))) for part in (left, right)]
    sizes = [jnp.where(size > 0.0, size, 1.0) for size in sizes]
    rate, one = sizes[0] * sizes[1], jnp.eye(d, dtype=dtype)[None]
    left = jnp.concatenate([left / sizes[0], -1j * shift[None] / rate])
    return rate, left, jnp.concatenate([right / sizes[1], one])


_compiled_redfield_terms = eqx.filter_jit(redfield_terms)


def half_sided(bath: RedfieldBath, frequencies: Array) -> Array:
    """Gamma(w) = P(w)/2 (+ i S(w)) of every frequency in an array; real without a Lamb shift.

    Args:
        bath: a Redfield bath.
        frequencies: all Bohr frequencies of a Hamiltonian, (d, d).
    """
    t, flat, widest = bath.temperature, frequencies.reshape(-1), spread(frequencies)

    def power(frequencies: Array) -> Array:
        return jax.vmap(lambda w: power_spectrum(bath.spectrum, w, t))(frequencies)

    if bath.zero_frequency is None:
        no_limit = jnp.isnan(white_noise(bath.spectrum, t))
        found = jnp.where(no_limit, jnp.nan, power(flat))
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
