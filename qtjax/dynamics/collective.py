"""Dissipators of several operators that share one environment: a matrix of rates.

A bath that all parts share alike is `LocalBath(collective(operator, parts), ...)`.
"""

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Inexact

from .._checks import (
    as_complex,
    as_nonnegative,
    as_real,
    check_hermitian,
    check_instance,
    check_operator,
    concretely,
    is_concrete,
    is_hermitian,
    nan_unless,
)
from .._types import Operator, Real, RealLike
from ..algebra.levels import eigenvalues
from .bath_arguments import as_operators
from .channels import Channel
from .dissipators import AbstractDissipator
from .hamiltonians import AbstractHamiltonian

_NEGATIVE = 1e-10  # of the largest rate: below it an eigenvalue is rounding


class RateMatrix(AbstractDissipator):
    """sum_ij gamma_ij (L_i rho L_j^+ - {L_j^+ L_i, rho}/2) with a Hermitian matrix of rates.

    It is linear in gamma, so its derivatives are exact where gamma is singular too.

    Args:
        operators: jump operators L_i, (jumps, d, d) or a sequence.
        rates: gamma, Hermitian, (jumps, jumps), complex entries allowed; in units of energy.
        temperature: of the bath, if it has one.
        positive: whether gamma must be positive semidefinite, so that states stay states.

    Raises:
        ValueError: a matrix that is not Hermitian, not of the size of `operators`, or, if
            `positive`, has a negative eigenvalue.

    Source: Gorini, Kossakowski and Sudarshan, J. Math. Phys. 17, 821 (1976).

    Examples:
        >>> lowering = [qt.destroy(2), qt.destroy(2)]
        >>> common = qt.dynamics.RateMatrix(lowering, 0.1 * jnp.ones((2, 2)))
        >>> apart = qt.dynamics.RateMatrix(lowering, 0.1 * jnp.eye(2))
        >>> system = qt.OpenSystem(qt.number(2), [common, apart])
        >>> qt.dynamics.heat_currents(system, 0.0, qt.pure_state([0, 1]))
        [-0.4, -0.2]
    """

    operators: tuple[Operator, ...]
    rates: Inexact[Array, "jumps jumps"]
    temperature: Real | None

    def __init__(
        self,
        operators: Any,
        rates: Any,
        temperature: RealLike | None = None,
        *,
        positive: bool = True,
    ):
        self.operators = as_operators("operators", operators, check_operator)
        check_hermitian("rates", rates)
        found = as_complex(rates) if np.iscomplexobj(rates) else as_real("rates", rates)
        self.rates = found if is_concrete(found) else nan_unless(is_hermitian(found), found)
        if self.rates.shape[0] != len(self.operators):
            raise ValueError(
                f"`rates` must be a matrix with one row for each of the {len(self.operators)} "
                f"`operators`, got shape {self.rates.shape}."
            )
        check_instance("positive", positive, bool | np.bool_, "True or False")
        if positive:
            self.rates = nan_unless(_is_positive(self.rates), self.rates)
        remedy = "a bath of negative temperature is not thermal."
        self.temperature = (
            None if temperature is None else as_nonnegative("temperature", temperature, remedy)
        )

    def channels(self, hamiltonian: AbstractHamiltonian) -> tuple[Channel, ...]:
        real, imaginary = concretely(_entries, self.rates)
        found = [Channel(real[i][i], left) for i, left in enumerate(self.operators)]
        for (i, left), (j, right) in itertools.combinations(enumerate(self.operators), 2):
            found.append(Channel(real[i][j], left, right))
            if jnp.iscomplexobj(self.rates):
                found.append(Channel(imaginary[i][j], concretely(_turned, left), right))
        return tuple(found)


def _entries(rates: Array) -> tuple[list[list[Array]], list[list[Array]]]:
    """The real and the imaginary parts of the rates, entry by entry."""
    real, imaginary = ([list(row) for row in part] for part in (rates.real, rates.imag))
    return real, imaginary


def _turned(operator: Operator) -> Operator:
    return 1j * operator


def _is_positive(rates: Array) -> Any:
    """Whether rates are positive semidefinite; raises where concrete ones are not."""
    rounding = max(_NEGATIVE, 8.0 * rates.shape[0] * float(jnp.finfo(rates.dtype).eps))
    if not is_concrete(rates):
        levels = eigenvalues(as_complex(jax.lax.stop_gradient(rates)))
        return levels[0] >= -rounding * jnp.max(jnp.abs(levels))
    values = np.linalg.eigvalsh(np.asarray(rates))
    if values[0] < -rounding * max(abs(values[-1]), abs(values[0])):
        raise ValueError(
            f"`rates` must be positive semidefinite, but has the eigenvalue {values[0]:.6g}: no "
            "environment has such rates, and states would not stay states; check that |gamma_ij|^2 "
            "<= gamma_ii gamma_jj, or say `positive=False`."
        )
    return True
