"""Rotations of a qubit: unit quaternions, kept as q - 1, with their components written out.

q stands for q_0 - i (q_1 sigma_x + q_2 sigma_y + q_3 sigma_z). Vectors and quaternions are NumPy
arrays of three or four JAX arrays of one shape: sums and products with numbers act on each, and all
loops of a program run over steps and lanes.
"""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._types import Operator, Real

Vector = Any  # (3,)
Quaternion = Any  # (4,)


def components(arrays: Sequence[Any]) -> Any:
    """A vector or a quaternion of its components."""
    found = np.empty(len(arrays), object)
    for k, array in enumerate(arrays):  # as a whole it would be converted
        found[k] = array
    return found


def pauli_components(a: Operator) -> list[Real]:
    """Real (a_0, a_x, a_y, a_z) with A = a_0 + a . sigma, of the Hermitian part of A, (2, 2)."""
    up, down, left, right = a[0, 0].real, a[1, 1].real, a[0, 1], a[1, 0]
    x, y = 0.5 * (left.real + right.real), 0.5 * (right.imag - left.imag)
    return [0.5 * (up + down), x, y, 0.5 * (up - down)]


def cross(a: Vector, b: Vector) -> Vector:
    """a x b."""
    (ax, ay, az), (bx, by, bz) = a, b
    return components([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx])


def spin_commutator(a: Vector, b: Vector) -> Vector:
    """c with [-i a . sigma, -i b . sigma] = -i c . sigma."""
    return 2.0 * cross(a, b)


def rotation_expm1(v: Vector) -> Quaternion:
    """exp(-i v . sigma) - 1, free of cancellation: (cos |v| - 1, v sin |v| / |v|)."""
    square = (v * v).sum()
    small = square < 1e-4
    size = jnp.sqrt(jnp.where(small, 1.0, square))
    series = 1.0 - square / 6.0 + square**2 / 120.0 - square**3 / 5040.0
    ratio = jnp.where(small, series, jnp.sin(size) / size)
    less = square * (-0.5 + square / 24.0 - square**2 / 720.0 + square**3 / 40320.0)
    less = jnp.where(small, less, -2.0 * jnp.sin(0.5 * size) ** 2)
    return components([less, *(ratio * x for x in v)])


def compose_rotations(later: Quaternion, earlier: Quaternion) -> Quaternion:
    """(1 + later)(1 + earlier) - 1."""
    (a, *v), (b, *w) = later, earlier
    turned = cross(components(v), components(w))
    scalar = a * b - sum(x * y for x, y in zip(v, w, strict=True))
    vector = (a * y + b * x + z for x, y, z in zip(v, w, turned, strict=True))
    return earlier + later + components([scalar, *vector])


def rotation_increment(f: Quaternion) -> Float[Array, "4 4"]:
    """rho -> U rho U^+ - rho on Pauli components, from q - 1 of scalars: 2 q_0 [q] + 2 [q]^2.

    [q] is the matrix of q x, which needs no difference of large numbers.
    """
    x, y, z = f[1:]
    c, nothing = 1.0 + f[0], jnp.zeros_like(f[0])
    rows = [
        [nothing, nothing, nothing, nothing],
        [nothing, -(y * y + z * z), x * y - c * z, x * z + c * y],
        [nothing, x * y + c * z, -(x * x + z * z), y * z - c * x],
        [nothing, x * z - c * y, y * z + c * x, -(x * x + y * y)],
    ]
    return 2.0 * jnp.stack([jnp.stack(row) for row in rows])
