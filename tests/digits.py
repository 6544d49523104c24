"""Matrices of more digits, by mpmath."""

import mpmath
import numpy as np


def mp_matrix(a):
    """The Hermitian part."""
    m = mpmath.matrix(np.asarray(a).tolist())
    return (m + m.H) / 2


def mp_log(a):
    lam, v = mpmath.eighe(a)
    return v * mpmath.diag([mpmath.log(x) for x in lam]) * v.H


def mp_trace(a):
    return mpmath.re(sum(a[i, i] for i in range(a.rows)))
