"""Random Hermitian matrices."""

import numpy as np


def hermitian(seed, d, traceless=False):
    """Gaussian entries; `seed` a number, or a generator that goes on."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(d, d)) + 1j * rng.normal(size=(d, d))
    a = (a + a.conj().T) / 2
    return a - traceless * np.trace(a) / d * np.eye(d)


def with_spectrum(values, seed=5):
    """These eigenvalues, in a random basis."""
    _, v = np.linalg.eigh(hermitian(seed, len(values)))
    return (v * np.array(values)) @ v.conj().T
