"""Rotations of a qubit as unit quaternions, kept as q - 1.

q stands for q_0 - i (q_1 sigma_x + q_2 sigma_y + q_3 sigma_z). A vector is a NumPy array of three
JAX arrays of one shape: sums and products with numbers act on each of them, and all loops of a
program run over steps and lanes.
"""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._types import Operator

Vector = Any  # (3,) of objects
Quaternions = Float[Array, "steps 4"]


def components(arrays: Sequence[Any]) -> Vector:
    """A vector of its components."""
    found = np.empty(len(arrays), object)
    for k, array in enumerate(arrays):  # as a whole it would be converted
        found[k] = array
    return found


def pauli_vector(a: Operator | np.ndarray) -> list[Any]:
    """The real components of a in A = a_0 + a . sigma, for the Hermitian part of A, (2, 2)."""
    x, y = 0.5 * (a[0, 1].real + a[1, 0].real), 0.5 * (a[1, 0].imag - a[0, 1].imag)
    return [x, y, 0.5 * (a[0, 0].real - a[1, 1].real)]


def cross(a: Vector, b: Vector) -> Vector:
    """a x b."""
    (ax, ay, az), (bx, by, bz) = a, b
    return components([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx])


def spin_commutator(a: Vector, b: Vector) -> Vector:
    """c with [-i a . sigma, -i b . sigma] = -i c . sigma."""
    return 2.0 * cross(a, b)


def rotation_expm1(v: Vector) -> Quaternions:
    """exp(-i v . sigma) - 1, free of cancellation: (cos |v| - 1, v sin |v| / |v|), (steps, 4)."""
    square = (v * v).sum()
    small = square < 1e-4
    size = jnp.sqrt(jnp.where(small, 1.0, square))
    series = 1.0 - square / 6.0 + square**2 / 120.0 - square**3 / 5040.0
    ratio = jnp.where(small, series, jnp.sin(size) / size)
    less = square * (-0.5 + square / 24.0 - square**2 / 720.0 + square**3 / 40320.0)
    less = jnp.where(small, less, -2.0 * jnp.sin(0.5 * size) ** 2)
    return jnp.stack([less, *(ratio * x for x in v)], axis=-1)


def compose_rotations(later: Quaternions, earlier: Quaternions) -> Quaternions:
    """(1 + later)(1 + earlier) - 1."""
    (a, *v), (b, *w) = (jnp.moveaxis(q, -1, 0) for q in (later, earlier))
    turned = cross(components(v), components(w))
    scalar = a * b - sum(x * y for x, y in zip(v, w, strict=True))
    vector = (a * y + b * x + z for x, y, z in zip(v, w, turned, strict=True))
    return earlier + later + jnp.stack([scalar, *vector], axis=-1)


def rotation_increment(q: Float[Array, " 4"]) -> Float[Array, "4 4"]:
    """rho -> U rho U^+ - rho on Pauli components, from q - 1: 2 q_0 [q] + 2 [q]^2.

    [q] is the matrix of x -> q x; no large numbers are subtracted.
    """
    c, x, y, z = q + jnp.array([1.0, 0.0, 0.0, 0.0])
    turned = jnp.array(
        [
            [-(y * y + z * z), x * y - c * z, x * z + c * y],
            [x * y + c * z, -(x * x + z * z), y * z - c * x],
            [x * z - c * y, y * z + c * x, -(x * x + y * y)],
        ]
    )
    return jnp.pad(2.0 * turned, ((1, 0), (1, 0)))
