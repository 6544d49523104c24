"""The array types of every public signature, in one place.

Dimension names: `d` Hilbert space, `baths`, `times`, `strokes`, `jumps`. Inputs accept NumPy
arrays as well as JAX arrays; outputs are always JAX arrays.
"""

import numpy as np
from jaxtyping import Array, Complex, Float, Num

Operator = Complex[Array, "d d"]
OperatorLike = Num[Array | np.ndarray, "d d"]
VectorLike = Num[Array | np.ndarray, " d"]
Real = Float[Array, ""]
RealLike = float | int | Num[Array | np.ndarray, ""]
