"""The coefficients of QuTiP's time-dependent operators, as real schedules."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._checks import called
from .._types import Real, RealLike
from ..dynamics.piecewise import PiecewisePolynomial
from ..dynamics.schedules import AbstractSchedule, Constant, Schedule
from .numpy_functions import with_jax
from .sampled import sampled

AGREEMENT = 1e-9  # of a traced function with QuTiP's own values, of the largest of them


class Parts(NamedTuple):
    """A complex function of time.

    Args:
        real: its real part.
        imaginary: its imaginary part.
    """

    real: Schedule
    imaginary: Schedule


class Traced(AbstractSchedule):
    """The real or imaginary part of a function f(t, **args) that JAX can trace.

    Args:
        function: of time.
        args: its other arguments; those that are floating-point numbers are parameters.
        imaginary: which part.
    """

    function: Callable[..., Any]
    args: dict[str, Any]
    imaginary: bool = eqx.field(static=True)

    def __call__(self, t: RealLike) -> Real:
        value = self.function(t, **self.args)
        return jnp.asarray(jnp.imag(value) if self.imaginary else jnp.real(value), float)


def parts_of(name: str, coefficient: Any, tlist: np.ndarray) -> Parts:
    """Real and imaginary part of a QuTiP coefficient.

    Args:
        name: what messages call the operator that it is a part of.
        coefficient: a `qutip.Coefficient`.
        tlist: the times of the run.

    Raises:
        ValueError: one that can neither be traced nor sampled, or whose traced values differ.
    """
    if type(coefficient).__name__ == "ConstantCoefficient":
        value = coefficient(0.0)
        return Parts(Constant(value.real), Constant(value.imag))
    if type(coefficient).__name__ == "InterCoefficient":
        return _interpolated(coefficient)
    name = f"the coefficient `{_called(coefficient)}` of `{name}`"
    try:
        parts = _traced(*_function(coefficient))
    # a function that was written for floats fails in any way when it is traced
    except Exception as error:

        def call(t: float) -> np.ndarray:
            return np.array([coefficient(t)])

        return Parts(*sampled(name, call, tlist, _why(error))[0])
    _check_same(name, coefficient, parts, tlist)
    return parts


def _called(coefficient: Any) -> str:
    """The name of a function, the text of a string, or the kind of a coefficient."""
    kind, state = type(coefficient).__name__, coefficient.__reduce__()
    if kind == "StrFunctionCoefficient":
        return state[1][0]
    return called(state[2][3]) if kind == "FunctionCoefficient" else kind


def _traced(function: Callable[..., Any], args: dict[str, Any]) -> Parts:
    """A function with JAX in place of NumPy; raises if it cannot be traced."""
    real, imaginary = (Traced(with_jax(function), args, which) for which in (False, True))

    def value(traced: Traced, t: RealLike) -> Array:
        return jnp.asarray(traced.function(t, **traced.args))

    found = eqx.filter_eval_shape(value, real, jnp.zeros(()))
    if found.shape:
        raise TypeError(f"it returns an array of shape {found.shape}")
    complex_valued = jnp.issubdtype(found.dtype, jnp.complexfloating)
    return Parts(real, imaginary if complex_valued else Constant(0.0))


def _values(parts: Parts, t: RealLike) -> Array:
    return parts.real(t) + 1j * parts.imaginary(t)


def _why(error: Exception) -> str:
    """In words, why a function could not be traced."""
    if isinstance(error, jax.errors.ConcretizationTypeError):
        return "it needs the value of the time, as `if` and `math` do"
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _function(coefficient: Any) -> tuple[Callable[..., Any], dict[str, Any]]:
    """A Python function of a coefficient, and its arguments; raises where there is none to find.

    What a coefficient consists of is read off what it gives to pickle.
    """
    kind = type(coefficient).__name__
    state = coefficient.__reduce__()
    if kind == "StrFunctionCoefficient":
        text, args = state[1]
        return _from_string(text, coefficient.str_env), _parameters(args)
    if kind == "FunctionCoefficient":
        names, pythonic, args, function = state[2]
        if not pythonic:
            return lambda t, **args: function(t, args), _parameters(args)
        taken = args if names is None else {key: args[key] for key in args if key in names}
        return function, _parameters(taken)
    inner = {
        "SumCoefficient": lambda a, b: a + b,
        "MulCoefficient": lambda a, b: a * b,
        "ConjCoefficient": np.conjugate,
        "NormCoefficient": lambda a: np.real(a * np.conjugate(a)),
    }
    if kind not in inner:
        raise TypeError(f"a {kind} does not say what it consists of")
    functions = [_closed(part) for part in state[2] if part is not None]
    return lambda t: inner[kind](*(function(t) for function in functions)), {}


def _closed(coefficient: Any) -> Callable[[Any], Any]:
    """A coefficient as a function of time alone."""
    if type(coefficient).__name__ == "InterCoefficient":
        raise TypeError("it is made of interpolated arrays")
    if type(coefficient).__name__ == "ConstantCoefficient":
        return lambda t: coefficient(0.0)
    function, args = _function(coefficient)
    return functools.partial(function, **args)


def _from_string(text: str, words: dict[str, Any]) -> Callable[..., Any]:
    """A string as the function that QuTiP makes of it, with what QuTiP lets it call."""
    code = compile(text.strip(), "<coefficient>", "eval")
    return lambda t, **args: eval(code, {**words, "__builtins__": {}}, {"t": t, **args})


def _parameters(args: dict[str, Any]) -> dict[str, Any]:
    return {
        key: jnp.asarray(value, float) if isinstance(value, float) else value
        for key, value in args.items()
    }


def _interpolated(coefficient: Any) -> Parts:
    """QuTiP's own interpolation of an array, which stays at the values of its ends beyond them."""
    times, c, _ = coefficient.__reduce__()[1]
    held = np.zeros((2, c.shape[0]), complex)
    held[:, -1] = c[-1, 0], c[-1, -1]
    # the last column is what QuTiP has after the last time
    table = np.concatenate([held[:1].T, c[:, :-1], held[1:].T], axis=1)
    edges = np.concatenate([[2 * times[0] - times[1]], times, [2 * times[-1] - times[-2]]])
    return Parts(*(PiecewisePolynomial(part(table), edges) for part in (np.real, np.imag)))


def _check_same(name: str, coefficient: Any, parts: Parts, tlist: np.ndarray) -> None:
    """Raise if a traced function has other values than QuTiP's."""
    times = np.linspace(tlist[0], tlist[-1], 33)
    theirs = np.array([coefficient(t) for t in times])
    ours = jax.vmap(lambda t: _values(parts, t))(jnp.asarray(times))
    tolerance = max(AGREEMENT, 100 * float(jnp.finfo(ours.dtype).eps))
    error, size = np.abs(np.asarray(ours) - theirs), np.max(np.abs(theirs))
    if not np.all(error <= tolerance * size):
        t = times[int(np.argmax(~(error <= tolerance * size)))]
        raise ValueError(
            f"{name} has other values under JAX than in QuTiP, at t = {t:g} for example: it must "
            "be a function of its arguments alone, and the same for floats and traced numbers."
        )
