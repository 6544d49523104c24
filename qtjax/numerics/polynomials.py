"""Polynomials of one variable u in [0, 1] whose coefficients are arrays of lanes.

A list of them, or one array (orders, lanes), which compiles faster.
"""

import functools
import itertools
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

Polynomial = list[Any] | Array


def times(a: Polynomial, b: Polynomial) -> Any:
    """The product of two lists, or of two arrays."""
    if not isinstance(a, list):
        short, long = sorted((a, b), key=len)
        ends = [((i, len(short) - 1 - i), (0, 0)) for i in range(len(short))]
        return sum(jnp.pad(c * long, end) for c, end in zip(short, ends, strict=True))
    product: list[Any] = [0.0] * (len(a) + len(b) - 1)
    for i, j in itertools.product(range(len(a)), range(len(b))):
        product[i + j] = product[i + j] + a[i] * b[j]
    return product


def derived(a: Polynomial, span: Array) -> Any:
    """df/dt = (df/du) / span."""
    if isinstance(a, list):
        return [m * a[m] / span for m in range(1, len(a))]
    return np.arange(1.0, len(a))[:, None] * a[1:] / span


def horner(coefficients: Sequence[Any], u: Array) -> Any:
    """sum_k c_k u^k, where None is zero."""
    total = None
    for c in coefficients[::-1]:
        total = c if total is None else total * u if c is None else c + total * u
    return total


def weighted(row: np.ndarray, values: Sequence[Array] | Array) -> Array:
    """sum_n row_n values_n, for weights that are known."""
    return sum(float(w) * values[n] for n, w in enumerate(row) if w != 0.0)  # pyright: ignore


@functools.lru_cache
def chebyshev_nodes(count: int) -> np.ndarray:
    """Chebyshev-Gauss nodes in (0, 1): never at an edge, where a schedule may jump."""
    return 0.5 - 0.5 * np.cos((np.arange(count) + 0.5) * np.pi / count)


@functools.lru_cache
def chebyshev_weights(count: int) -> np.ndarray:
    """From values at the nodes to coefficients of Chebyshev polynomials of 2u - 1."""
    angles = (np.arange(count) + 0.5) * np.pi / count
    weights = 2.0 / count * np.cos(np.outer(np.arange(count), np.pi - angles))
    weights[0] /= 2.0
    return weights


@functools.lru_cache
def monomials_of_chebyshev(degree: int) -> np.ndarray:
    """From coefficients of Chebyshev polynomials of 2u - 1 to coefficients of u^m.

    Its entries are large: for smooth functions it is applied to coefficients, which fall off, and
    not merged with the weights that make them: every sample would be rounded on their scale.
    """
    convert = np.zeros((degree + 1, degree + 1))
    for k in range(degree + 1):
        series = np.polynomial.chebyshev.Chebyshev.basis(k, domain=[0.0, 1.0])
        coefficients = series.convert(kind=np.polynomial.Polynomial).coef
        convert[: len(coefficients), k] = np.round(coefficients)
    return convert


@functools.lru_cache
def monomial_weights(count: int, degree: int) -> np.ndarray:
    """From values at the nodes to coefficients of u^m, for polynomials of the given degree."""
    weights = monomials_of_chebyshev(degree) @ chebyshev_weights(count)[: degree + 1]
    return np.where(np.abs(weights) < 1e-13, 0.0, weights)
