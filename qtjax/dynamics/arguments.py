"""What `evolve` is given, checked before anything is compiled."""

import inspect
from typing import Any

import diffrax as dfx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._checks import (
    as_complex,
    as_real,
    called,
    check_count,
    check_density_matrix,
    check_hermitian,
    check_increasing,
    check_instance,
    check_positive,
    described,
    is_concrete,
    is_function,
    is_hermitian,
    is_own,
    nan_unless,
    state_tolerance,
)
from .._types import Operator
from ..algebra.levels import eigenvalues
from ..algebra.operators import dag
from ..numerics.equation import LinearEquation
from .channels import Channel
from .local_bath import ThermalRate
from .methods import AbstractMethod
from .open_system import OpenSystem
from .spectra import name_of

LOOKS = 5  # at so many times a gap is looked at

_OPTIONS = {
    "solver": (
        (dfx.AbstractSolver, AbstractMethod),
        "a Diffrax solver such as `diffrax.Tsit5()`, a method such as `Taylor()`",
    ),
    "controller": (
        dfx.AbstractStepSizeController,
        "a Diffrax controller such as `diffrax.PIDController(rtol=1e-8, atol=1e-8)`",
    ),
    "adjoint": (
        dfx.AbstractAdjoint,
        "a Diffrax adjoint such as `diffrax.RecursiveCheckpointAdjoint()`",
    ),
}


def as_times(ts: Any) -> Array:
    """The times of a trajectory.

    Raises:
        ValueError: not a vector of two increasing, finite times or more.
    """
    check_increasing("ts", ts)
    times = as_real("ts", ts)
    if times.shape[0] < 2:
        raise ValueError(
            f"`ts` must hold at least two times (start and end), got {times.shape[0]}."
        )
    return times if is_concrete(times) else nan_unless(jnp.all(times[1:] > times[:-1]), times)


def as_state(name: str, rho: Any, d: int) -> Operator:
    """A density matrix (d, d); nan where a traced one is none.

    Raises:
        ValueError: a concrete one is none, or has another shape.
    """
    check_density_matrix(name, rho, d)
    matrix = as_complex(rho)
    if is_concrete(matrix):
        return matrix
    fixed, tolerance = jax.lax.stop_gradient(matrix), state_tolerance(jnp.asarray(rho).dtype)
    normalized = jnp.abs(jnp.trace(fixed).real - 1.0) <= tolerance
    positive = eigenvalues((fixed + dag(fixed)) / 2)[0] >= -tolerance
    return nan_unless(normalized & positive & is_hermitian(fixed), matrix)


def check_problem(system: OpenSystem, ts: Array, save: Any) -> None:
    """Raise unless a system, times and what is to be saved fit together."""
    check_hermitian("hamiltonian(ts[0])", system.hamiltonian(ts[0]))
    if system.energy is not None:
        check_hermitian("energy(ts[0])", system.energy(ts[0]))
    saved = jax.tree.leaves(save, is_leaf=callable)
    for wrong in [save] if save is None else [f for f in saved if not is_function(f)]:
        raise ValueError(
            "`save` must be a function (system, t, rho) -> arrays, or a tuple or dictionary of "
            f"such, got {described(wrong)}."
        )
    for function in saved:
        _check_signature(function)


def _check_signature(function: Any) -> None:
    """Raise if a function to be saved does not take (system, t, rho)."""
    try:
        inspect.signature(function).bind(None, None, None)
    except TypeError as error:
        raise ValueError(
            f"`save` ({called(function)}) must take (system, t, rho): {error}."
        ) from error
    except ValueError:  # Python does not know its signature
        return


def check_options(options: dict[str, Any], max_steps: int) -> None:
    """Raise unless `solver`, `controller`, `adjoint` and `dt0` are what they should be, or None."""
    for name, (kinds, wanted) in _OPTIONS.items():
        if options[name] is not None:
            check_instance(name, options[name], kinds, f"{wanted}, or None")
    if options["dt0"] is not None:
        check_positive("dt0", options["dt0"], "it is the length of the first step.")
    check_count("max_steps", max_steps)


def check_rates(system: OpenSystem, equation: LinearEquation, ts: Array) -> None:
    """Raise where a rate that moves is seen not to be finite (concrete systems only).

    Functions of others are looked at at the first time; gaps at a few times, because where one has
    crossed zero only an odd spectrum has rates.
    """
    if not is_concrete(system, ts):
        return
    known = equation.moving is None and equation.action is None  # else the rates are not in it
    if known and all(_wrong_time(part, ts) is None for part in equation.functions.parts):
        return
    for k, bath in enumerate(system.baths):
        for j, channel in enumerate(bath.channels(system.hamiltonian)):
            if isinstance(channel, Channel) and (t := _wrong_time(channel.rate, ts)) is not None:
                _refuse(f"baths[{k}]", f"({type(bath).__name__}), channel {j}", channel.rate, t)


def _wrong_time(rate: Any, ts: Array) -> Array | None:
    """A time at which a rate is not finite; none is looked for where qtjax knows the function."""
    if not isinstance(rate, ThermalRate):
        return None if is_own(rate) or _is_finite(rate(ts[0])) else ts[0]
    if rate.which == 0:
        for t in map(jnp.asarray, np.linspace(ts[0], ts[-1], LOOKS)):
            gap = rate.gap(t)
            if is_concrete(gap) and not gap >= 0 and not _is_finite(rate(t)):
                return t
    return None


def _is_finite(value: Any) -> bool:
    return not is_concrete(value) or bool(np.isfinite(value))


def _refuse(name: str, where: str, rate: Any, t: Array) -> None:
    """Say what is not finite, and what to do."""
    if isinstance(rate, ThermalRate):
        raise ValueError(
            f"`gap` of `{name}` must be >= 0 under the spectrum {name_of(rate.spectrum)}, but is "
            f"{float(rate.gap(t)):.6g} at t = {float(t):.6g}: where a gap has crossed zero only a "
            "spectrum that is odd in the frequency has rates. Use `Ohmic`, or keep the gap above "
            "zero."
        )
    raise ValueError(
        f"the rate of `{name}` {where}, must be finite, but is {rate(t)} at ts[0] = "
        f"{float(t):.6g}. Start where it is finite, or write the function so that it takes its "
        "limit there."
    )
