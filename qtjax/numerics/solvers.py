"""Exponential and Magnus steps as Diffrax solvers.

They need the generator and not only the vector field: `GeneratorTerm` gives them both, and every
other Diffrax solver can use the same term.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import diffrax as dfx
import jax.numpy as jnp
from diffrax import RESULTS, LocalLinearInterpolation
from jaxtyping import Array, Float

from .._precise import matmul
from .._types import RealLike
from .exponentials import advance, expm1
from .magnus import magnus_exponent

Generator = Callable[[Any], Any]
_Step = tuple[Any, Any, dict[str, Any], None, RESULTS]


class GeneratorTerm(dfx.AbstractTerm):
    """y' = G(t) x, with the generator G passed as `args` (so every adjoint differentiates it)."""

    def vf(self, t: RealLike, y: Float[Array, " m"], args: Generator) -> Any:
        generator = args(t)
        return matmul(generator, y[: generator.shape[1]])

    def contr(self, t0: RealLike, t1: RealLike, **kwargs: Any) -> RealLike:
        return t1 - t0

    def prod(self, vf: Any, control: RealLike) -> Any:
        return vf * control


class _ByGenerator(dfx.AbstractSolver):
    """What solvers have in common that take the generator and carry nothing along."""

    term_structure: ClassVar[Any] = GeneratorTerm
    interpolation_cls: ClassVar[Callable[..., LocalLinearInterpolation]] = LocalLinearInterpolation

    def init(self, terms: Any, t0: Any, t1: Any, y0: Any, args: Any) -> None:
        return None

    def func(self, terms: Any, t0: RealLike, y0: Any, args: Generator) -> Any:
        return terms.vf(t0, y0, args)


class Magnus(_ByGenerator):
    """Sixth-order Magnus steps with an error estimate by step doubling.

    Each step is a pair of half steps y1 = exp(Omega_2) exp(Omega_1) y0; their distance to one full
    step is the error estimate. Without baths the state part of every exponent is antisymmetric, so
    the map is orthogonal to rounding and the spectrum of the state (its entropy) stays constant.

    Source: Blanes, Casas, Oteo and Ros, Phys. Rep. 470, 151 (2009).
    """

    def order(self, terms: Any) -> int:
        return 6

    def step(
        self,
        terms: Any,
        t0: RealLike,
        t1: RealLike,
        y0: Any,
        args: Generator,
        solver_state: Any,
        made_jump: Any,
    ) -> _Step:
        middle = t0 + 0.5 * (t1 - t0)
        full = _advance(args, t0, t1, y0)
        y1 = _advance(args, middle, t1, _advance(args, t0, middle, y0))
        return y1, (y1 - full) / 63.0, {"y0": y0, "y1": y1}, None, RESULTS.successful


class Exponential(_ByGenerator):
    """One exponential per step, y1 = exp(h G((t0 + t1)/2)) y0: exact if G is constant.

    For a generator that moves it is the exponential midpoint rule, of second order and without an
    error estimate: use `Magnus` there.
    """

    def order(self, terms: Any) -> int:
        return 2

    def step(
        self,
        terms: Any,
        t0: RealLike,
        t1: RealLike,
        y0: Any,
        args: Generator,
        solver_state: Any,
        made_jump: Any,
    ) -> _Step:
        h = t1 - t0
        y1 = advance(y0, expm1(jnp.asarray(h) * args(t0 + 0.5 * h)))
        return y1, None, {"y0": y0, "y1": y1}, None, RESULTS.successful


def _advance(generator: Generator, t0: RealLike, t1: RealLike, y: Any) -> Any:
    return advance(y, expm1(magnus_exponent(generator, t0, t1), max_squarings=24))
