"""Jumps between levels."""

import numpy as np

from .._checks import as_complex
from .._types import Operator


def jump(to: int, start: int, d: int) -> Operator:
    """|to><start| of d levels, (d, d)."""
    matrix = np.zeros((d, d))
    matrix[to, start] = 1.0
    return as_complex(matrix)
