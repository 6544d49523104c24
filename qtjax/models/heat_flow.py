"""Devices for heat: a valve that a gap tunes, and a transistor that a small current steers."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._checked import checked
from .._checks import (
    as_entries,
    as_nonnegative,
    as_positive,
    as_scalar,
    as_vector,
    check_count,
    check_size,
)
from .._types import Real, RealLike
from ..algebra.operators import destroy, number
from ..dynamics.bath_arguments import as_temperature, checked_spectrum
from ..dynamics.channels import Channel
from ..dynamics.dissipators import AbstractDissipator
from ..dynamics.hamiltonians import AbstractHamiltonian
from ..dynamics.open_system import OpenSystem
from ..dynamics.spectra import AbstractSpectrum, Spectrum, thermal_rates
from .levels import jump
from .thermal import local_baths, spectra_of


class Resonator(AbstractSpectrum):
    """gamma(w) = g^2 k / ((w - w_r)^2 + k^2/4): a bath seen through a damped resonator.

    Valid for g << k, where the resonator follows the qubit; at w = w_r gamma = 4 g^2/k.

    Args:
        frequency: w_r of the resonator, > 0.
        linewidth: k, > 0.
        coupling: g of qubit and resonator.

    Raises:
        ValueError: a frequency or linewidth that is not positive, or no finite coupling.

    Examples:
        >>> gamma = qt.models.Resonator(frequency=1.0, linewidth=0.1, coupling=0.01)
        >>> gamma(1.0), gamma(1.05)  # 4 g^2/k and half of it
        (0.0040, 0.0020)
    """

    frequency: Real
    linewidth: Real
    coupling: Real

    def __init__(self, frequency: RealLike, linewidth: RealLike, coupling: RealLike):
        self.frequency = as_positive("frequency", frequency, "it is that of the resonator.")
        remedy = "a resonator that nothing damps is no bath."
        self.linewidth = as_positive("linewidth", linewidth, remedy)
        self.coupling = as_scalar("coupling", coupling)

    def __call__(self, omega: RealLike) -> Real:
        off = (omega - self.frequency) ** 2 + 0.25 * self.linewidth**2
        return self.coupling**2 * self.linewidth / off


@checked
def heat_valve(gap: RealLike, *, temperatures: Any, rates: Any) -> OpenSystem:
    """A qubit between two baths, whose gap opens and closes the way of heat between them.

    Q'_h = w g_h g_c (n_h - n_c) / (g_h (2 n_h + 1) + g_c (2 n_c + 1)), all at the gap w. With two
    `Resonator`s as spectra heat flows where the gap meets both of them.

    Args:
        gap: w of the qubit, >= 0; the ground level is index 0.
        temperatures: (cold, hot), >= 0.
        rates: gamma: a number or a spectrum, or a pair of them.

    Returns:
        An `OpenSystem` with baths (cold, hot).

    Raises:
        ValueError: a negative gap or temperature, or not two temperatures.

    Source: Ronzani et al., Nature Physics 14, 991 (2018); Segal and Nitzan, Phys. Rev. Lett. 94,
        034301 (2005).

    Examples:
        >>> valve = qt.models.heat_valve(1.0, temperatures=(0.0, 1.0), rates=0.1)
        >>> rho = qt.steady_state(valve).state
        >>> qt.dynamics.heat_currents(valve, 0.0, rho)  # 0.1 n / (2 n + 2), n = 1 / (e - 1)
        [-0.0184, 0.0184]
    """
    w = as_nonnegative("gap", gap, "let the ground level be index 0.")
    baths = local_baths([destroy(2)] * 2, [w, w], temperatures, rates, ("cold", "hot"))
    return OpenSystem(w * number(2), baths)


class FlipBath(AbstractDissipator):
    """A thermal bath that flips one spin of an Ising Hamiltonian, at rates set by its neighbours.

    For every configuration of the other spins |c><c'| with the energy that this flip takes: Davies'
    generator of a coupling sigma_x where no two flips have the same energy, and its rate equation
    for populations always.

    Args:
        energies: of the 2^N configurations, spin 0 varying slowest, (2^N,).
        temperature: >= 0.
        spectrum: gamma(omega), odd (such as `Ohmic`), as flips may take energy of either sign.
        site: the spin that is flipped, 0 to N - 1, static.

    Raises:
        ValueError: energies that are not 2^N real numbers with N >= 1, a negative temperature, no
            spectrum, or a site that there is not.

    Examples:
        >>> energies = qt.models.ising_energies([1.0], [])
        >>> bath = qt.models.FlipBath(energies, 1.0, qt.Ohmic(0.1), site=0)
        >>> qt.steady_state(qt.OpenSystem(jnp.diag(energies), bath)).state.diagonal()  # 1 / (1 + e)
        [0.2689, 0.7311]
    """

    energies: Float[Array, " configurations"]
    temperature: Real
    spectrum: Spectrum
    site: int = eqx.field(static=True)

    def __init__(self, energies: Any, temperature: RealLike, spectrum: Spectrum, site: int):
        self.energies = as_vector("energies", energies, 2)
        spins = self.energies.shape[0].bit_length() - 1
        if self.energies.shape[0] != 2**spins:
            raise ValueError(
                "`energies` must hold those of all 2^N configurations of N spins, got "
                f"{self.energies.shape[0]}; `ising_energies` makes them."
            )
        self.temperature, self.spectrum = as_temperature(temperature), checked_spectrum(spectrum)
        check_count("site", site, 0)
        if site >= spins:
            raise ValueError(f"`site` must lie between 0 and {spins - 1}, got {site}.")
        self.site = int(site)

    def channels(self, hamiltonian: AbstractHamiltonian) -> tuple[Channel, ...]:
        d, found = self.energies.shape[0], []
        bit = d >> (self.site + 1)
        for low in (c for c in range(d) if not c & bit):
            gap = self.energies[low] - self.energies[low | bit]
            down, up = thermal_rates(self.spectrum, gap, self.temperature)
            found += [
                Channel(down, jump(low | bit, low, d)),
                Channel(up, jump(low, low | bit, d)),
            ]
        return tuple(found)


@checked
def ising_energies(fields: Any, couplings: Any) -> Float[Array, " configurations"]:
    """The energies sum_i h_i s_i/2 + sum_{i<j} J_ij s_i s_j/2 of all configurations s = +-1.

    Args:
        fields: h_i, (spins,).
        couplings: J_ij of the pairs (0,1), (0,2), ..., (1,2), ..., (pairs,).

    Returns:
        (2^spins,), spin 0 varying slowest and s = +1 first, as for `sigmaz`.

    Raises:
        ValueError: no vectors of finite numbers, or not one coupling for each pair.

    Examples:
        >>> qt.models.ising_energies([1.0, 1.0], [1.0])  # of ++, +-, -+, --
        [1.5, -0.5, -0.5, -0.5]
    """
    h, j = as_vector("fields", fields, 1), as_vector("couplings", couplings)
    n = h.shape[0]
    check_size("fields", 2, power=n)
    pairs = [(a, b) for a in range(n) for b in range(a + 1, n)]
    if j.shape[0] != len(pairs):
        raise ValueError(
            f"`couplings` must have one entry for each of the {len(pairs)} pairs of {n} spins, got "
            f"{j.shape[0]}."
        )
    s = 1.0 - 2.0 * np.indices((2,) * n).reshape(n, -1)
    fields_part = sum((h[k] * s[k] for k in range(n)), jnp.zeros(2**n))
    return 0.5 * sum((j[k] * s[a] * s[b] for k, (a, b) in enumerate(pairs)), fields_part)


@checked
def thermal_transistor(
    *, couplings: Any, temperatures: Any, rates: Any, fields: Any = (0.0, 0.0, 0.0)
) -> OpenSystem:
    """Three spins, each with a bath: a small heat current at M steers those at L and R.

    H = sum_i h_i s_i/2 + J_LM s_L s_M/2 + J_LR s_L s_R/2 + J_MR s_M s_R/2 with s = sigma_z, and
    baths that flip one spin each (`FlipBath`). Spins and baths are in the order (L, M, R). The
    transistor of the source has J_LM = J_MR, J_LR = 0 and no fields; amplification is dQ'_L/dQ'_M
    as T_M changes.

    Args:
        couplings: (J_LM, J_LR, J_MR).
        temperatures: (L, M, R), >= 0.
        rates: an odd spectrum such as `Ohmic(1.0)`, or one for each bath.
        fields: (h_L, h_M, h_R).

    Returns:
        An `OpenSystem` with baths (L, M, R).

    Raises:
        ValueError: not three of each, or a negative temperature.

    Source: Joulain, Drevillon, Ezzahri and Ordonez-Miranda, Phys. Rev. Lett. 116, 200601 (2016).

    Examples:
        >>> device = qt.models.thermal_transistor(
        ...     couplings=(1.0, 0.0, 1.0), temperatures=(0.2, 0.1, 0.02), rates=qt.Ohmic(1.0)
        ... )
        >>> device.hamiltonian(0.0).diagonal()  # of +++, ++-, ..., ---
        [1, 0, -1, 0, 0, -1, 0, 1]
    """
    names = ("L", "M", "R")
    energies = ising_energies(fields, couplings)
    found = as_entries("temperatures", temperatures, names)
    if energies.shape != (8,):
        raise ValueError(f"`fields` must have three entries, got {energies.shape[0]} levels.")
    spectra = spectra_of("rates", rates, names)
    baths = [
        FlipBath(energies=energies, site=k, temperature=t, spectrum=spectrum)
        for k, (t, spectrum) in enumerate(zip(found, spectra, strict=True))
    ]
    return OpenSystem(jnp.diag(energies), baths)
