"""QuTiP's objects in and out: operators, states, time-dependent systems, environments."""

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Array, Complex

from .._checked import checked
from .._checks import (
    as_complex,
    as_counts,
    as_finite,
    as_sequence,
    check_finite,
    check_increasing,
    check_instance,
    described,
    is_concrete,
)
from ..dynamics.brownian import Brownian
from ..dynamics.dissipators import AbstractDissipator, Lindblad
from ..dynamics.driven_jumps import DrivenJump
from ..dynamics.hamiltonians import AbstractHamiltonian, Driven, Static
from ..dynamics.open_system import OpenSystem
from ..dynamics.piecewise import PiecewisePolynomial
from ..dynamics.schedules import Constant, Schedule
from ..dynamics.spectra import AbstractSpectrum, DrudeLorentz, Ohmic, PowerLaw
from .coefficients import Parts, parts_of
from .optional import optional
from .sampled import sampled

HERMITICITY = 1e-9  # of the largest entry


@checked
def from_qutip(value: Any, dims: int | Sequence[int] | None = None) -> Complex[Array, "..."]:
    """The array of a `Qobj`: an operator or a density matrix (d, d), or a ket (d,).

    Args:
        value: an operator or a ket.
        dims: the dimensions of the parts that it must have; not looked at by default.

    Raises:
        ValueError: what is no `Qobj`, a bra or a superoperator, one between different spaces, or
            other dimensions than `dims`.
        ImportError: QuTiP is not installed.

    Examples:
        >>> import qutip
        >>> qt.exchange.from_qutip(qutip.destroy(2))
        [[0.0, 1.0], [0.0, 0.0]]
    """
    found, array = _array("value", value, ("oper", "ket"))
    if dims is not None and found != (wanted := as_counts("dims", dims, 1)):
        raise ValueError(
            f"`value` has the dimensions {found}, but `dims` is {wanted}; bring its parts into "
            "this order with `Qobj.permute`, or say what they are when it is made."
        )
    return as_complex(array)


@checked
def to_qutip(value: Any, dims: int | Sequence[int] | None = None) -> Any:
    """The `Qobj` of an operator or a density matrix (d, d), or of a ket (d,).

    Args:
        value: concrete array.
        dims: the dimensions of its parts; one part by default.

    Raises:
        ValueError: traced, another shape, or dimensions that do not multiply to d.
        ImportError: QuTiP is not installed.

    Examples:
        >>> qt.exchange.to_qutip(qt.tensor(qt.sigmax(), qt.number(3)), dims=(2, 3)).dims
        [[2, 3], [2, 3]]
    """
    qutip = _qutip("to_qutip")
    if not is_concrete(value):
        raise ValueError("`value` is traced; call `to_qutip` outside `jit`, `vmap` and `grad`.")
    array = np.asarray(as_finite("value", value, "an operator (d, d) or a ket (d,)"))
    if array.ndim not in (1, 2) or (array.ndim == 2 and array.shape[0] != array.shape[1]):
        raise ValueError(f"`value` must be (d, d) or (d,), got shape {array.shape}.")
    parts = list(array.shape[:1] if dims is None else as_counts("dims", dims, 1))
    if math.prod(parts) != array.shape[0]:
        raise ValueError(
            f"`dims` {tuple(parts)} multiply to {math.prod(parts)}, but `value` has "
            f"d = {array.shape[0]}."
        )
    if array.ndim == 1:
        return qutip.Qobj(array[:, None], dims=[parts, [1]])
    return qutip.Qobj(array, dims=[parts, parts])


def hamiltonian_from_qutip(
    h: Any, *, tlist: Any = None, args: dict[str, Any] | None = None
) -> AbstractHamiltonian:
    """The Hamiltonian of a `Qobj`, a `QobjEvo`, or of what makes one, such as [H0, [H1, f]].

    Arrays of values stay QuTiP's own interpolation, piece by piece. Strings, and functions that
    JAX can trace, stay functions, with their floating-point arguments as parameters. A function
    that it cannot trace is sampled, with a warning that says how finely.

    Args:
        h: as for `qutip.mesolve`.
        tlist: the times of the run, of which the first and the last count; for what depends on
            time.
        args: of functions and strings.

    Raises:
        ValueError: not Hermitian at all times, what QuTiP makes no operator of, a function that can
            neither be traced nor sampled to 1e-9, or no `tlist`.
        ImportError: QuTiP is not installed.

    Examples:
        >>> import qutip
        >>> def drive(t, speed):
        ...     return speed * t
        >>> h = [qutip.num(2), [qutip.sigmax(), drive]]
        >>> qt.exchange.hamiltonian_from_qutip(h, tlist=[0.0, 1.0], args={"speed": 2.0})(0.5)
        [[0.0, 1.0], [1.0, 1.0]]
    """
    if isinstance(h, _qutip("hamiltonian_from_qutip").Qobj):
        return Static(from_qutip(h))
    evo = _evo("h", h, tlist, args)
    terms = _terms("h", evo, tlist)
    if terms is None:
        return Driven(_entries("h", evo, _times("h", tlist)))
    pairs = []
    for parts, operator in terms:
        adjoint = operator.conj().T
        pairs.append((parts.real, (operator + adjoint) / 2))
        pairs.append((parts.imaginary, 1j * (operator - adjoint) / 2))
    _check_hermitian(evo, np.zeros(2) if evo.isconstant else _times("h", tlist))
    return Driven(_kept(pairs, evo.shape[0]))


def dissipator_from_qutip(
    c_op: Any, *, tlist: Any = None, args: dict[str, Any] | None = None
) -> AbstractDissipator:
    """The dissipator of a collapse operator of QuTiP, D[c] with the rate in c.

    A `Lindblad` of rate 1 if c is fixed, else a `DrivenJump`. It has no temperature: a thermal bath
    is two collapse operators in QuTiP, and `LocalBath` or `DaviesBath` here.

    Args:
        c_op: as for `qutip.mesolve`.
        tlist: as for `hamiltonian_from_qutip`.
        args: likewise.

    Raises:
        ValueError: as for `hamiltonian_from_qutip`, or a function that returns a `Qobj`.
        ImportError: QuTiP is not installed.

    Examples:
        >>> import qutip
        >>> bath = qt.exchange.dissipator_from_qutip(np.sqrt(0.1) * qutip.destroy(2))
        >>> qt.dynamics.heat_currents(qt.OpenSystem(qt.number(2), bath), 0.0, qt.pure_state([0, 1]))
        [-0.1]
    """
    return _dissipator("c_op", c_op, tlist, args)


def system_from_qutip(
    h: Any, c_ops: Any = (), *, tlist: Any = None, args: dict[str, Any] | None = None
) -> OpenSystem:
    """The open system that `qutip.mesolve(h, rho0, tlist, c_ops, args=args)` integrates.

    Args:
        h: as for `hamiltonian_from_qutip`.
        c_ops: collapse operators, each a bath of its own; one or a sequence.
        tlist: as for `hamiltonian_from_qutip`.
        args: likewise.

    Raises:
        ValueError: as for `hamiltonian_from_qutip` and `dissipator_from_qutip`.
        ImportError: QuTiP is not installed.

    Examples:
        >>> import qutip
        >>> system = qt.exchange.system_from_qutip(qutip.num(2), [np.sqrt(0.1) * qutip.destroy(2)])
        >>> qt.dynamics.right_hand_side(system, 0.0, qt.pure_state([0, 1]))
        [[0.1, 0.0], [0.0, -0.1]]
    """
    qutip = _qutip("system_from_qutip")
    if isinstance(c_ops, qutip.Qobj | qutip.QobjEvo):
        c_ops = (c_ops,)
    several = as_sequence("c_ops", c_ops, "a sequence of collapse operators")
    baths = [_dissipator(f"c_ops[{k}]", c, tlist, args) for k, c in enumerate(several)]
    return OpenSystem(hamiltonian_from_qutip(h, tlist=tlist, args=args), baths)


def spectrum_from_qutip(environment: Any) -> AbstractSpectrum:
    """The spectrum gamma = 2 J of a bosonic environment of QuTiP.

    `power_spectrum(spectrum, omega, environment.T)` is `environment.power_spectrum(omega)`; the
    temperature is an argument of the bath.

    Args:
        environment: `DrudeLorentzEnvironment`, `UnderDampedEnvironment` or `OhmicEnvironment`.

    Raises:
        ValueError: another object; a spectral density of your own is a function omega -> 2 J(omega)
            written with jax.numpy, or `Tabulated`.
        ImportError: QuTiP is not installed.

    Examples:
        >>> import qutip
        >>> environment = qutip.OhmicEnvironment(T=1.0, alpha=0.1, wc=5.0, s=1.0)
        >>> qt.exchange.spectrum_from_qutip(environment)(5.0), 2 * environment.spectral_density(5.0)
        (0.3679, 0.3679)
    """
    qutip = _qutip("spectrum_from_qutip")
    e = environment
    if isinstance(e, qutip.DrudeLorentzEnvironment):
        return DrudeLorentz.from_qutip(e.lam, e.gamma)
    if isinstance(e, qutip.UnderDampedEnvironment):
        return Brownian.from_qutip(e.lam, e.gamma, e.w0)
    if isinstance(e, qutip.OhmicEnvironment):
        return (
            Ohmic.from_qutip(e.alpha, e.wc) if e.s == 1 else PowerLaw.from_qutip(e.alpha, e.wc, e.s)
        )
    raise ValueError(
        "`environment` must be a `DrudeLorentzEnvironment`, an `UnderDampedEnvironment` or an "
        f"`OhmicEnvironment` of QuTiP, got {described(e)}; another spectral density J is given as "
        "a function omega -> 2 J(omega) written with jax.numpy, or as `Tabulated`."
    )


def _qutip(user: str) -> Any:
    return optional("qutip", f"qtjax.exchange.{user}", "qutip")


def _array(name: str, value: Any, kinds: tuple[str, ...]) -> tuple[tuple[int, ...], np.ndarray]:
    """Dimensions of the parts, and the entries, of a `Qobj` of one of some types."""
    qutip = _qutip("from_qutip")
    check_instance(name, value, qutip.Qobj, "a `Qobj` of QuTiP")
    if value.type not in kinds:
        raise ValueError(
            f"`{name}` must be of type {' or '.join(kinds)}, got a `Qobj` of type {value.type!r}; "
            "a bra is `value.dag()` of a ket, and of a superoperator give H and the collapse "
            "operators."
        )
    rows, columns = value.dims
    if value.type == "oper" and rows != columns:
        raise ValueError(
            f"`{name}` must act on one space, but it maps dimensions {columns} to {rows}."
        )
    array = value.full()
    check_finite(name, array)
    return tuple(map(int, rows)), array[:, 0] if value.type == "ket" else array


def _evo(name: str, value: Any, tlist: Any, args: dict[str, Any] | None) -> Any:
    """A `QobjEvo` of what QuTiP makes one of; strings are not compiled, which writes to disk."""
    qutip = _qutip("hamiltonian_from_qutip")
    if args is not None:
        check_instance("args", args, dict, "a dictionary of the arguments of functions")
    times = None if tlist is None else _times(name, tlist)
    if isinstance(value, qutip.Qobj):
        value = qutip.QobjEvo(value)
    try:
        with warnings.catch_warnings(), qutip.CompilationOptions(use_cython=False):
            warnings.filterwarnings("ignore", message=".*required for compilation of string")
            evo = qutip.QobjEvo(value, args=args or {}, tlist=times)
    except Exception as error:
        raise ValueError(
            f"`{name}` must be what QuTiP makes a `QobjEvo` of, got {described(value)}; QuTiP "
            f"says: {' '.join(str(error).split())}"
        ) from error
    if not evo.isoper or evo.dims[0] != evo.dims[1]:
        raise ValueError(
            f"`{name}` must be an operator on one space, got the dimensions {evo.dims}; of a "
            "superoperator give H and the collapse operators."
        )
    return evo


def _times(name: str, tlist: Any) -> np.ndarray:
    if tlist is None:
        raise ValueError(f"`tlist` must be the times of the run, as `{name}` depends on time.")
    check_increasing("tlist", tlist)
    times = np.asarray(tlist, float)
    if times.shape[0] < 2:
        raise ValueError("`tlist` must hold two times at least, got one.")
    return times


def _terms(name: str, evo: Any, tlist: Any) -> list[tuple[Parts, np.ndarray]] | None:
    """Coefficients and operators; `None` where a function returns a `Qobj`."""
    qutip = _qutip("hamiltonian_from_qutip")
    found: list[tuple[Parts, np.ndarray]] = []
    for element in evo.to_list():
        if isinstance(element, qutip.Qobj):
            found.append((Parts(Constant(1.0), Constant(0.0)), element.full()))
        elif isinstance(element[0], qutip.Qobj):
            times = _times(name, tlist)
            found.append((parts_of(name, element[1], times), element[0].full()))
        else:
            return None
    for _, operator in found:
        check_finite(name, operator)
    return found


def _vanishes(schedule: Schedule) -> bool:
    if isinstance(schedule, PiecewisePolynomial):
        return not np.any(np.asarray(schedule.coefficients))
    return isinstance(schedule, Constant) and not np.any(np.asarray(schedule.value))


def _kept(pairs: list[tuple[Schedule, np.ndarray]], d: int) -> list[tuple[Schedule, np.ndarray]]:
    """The terms that are not zero; one that is, if all are."""
    kept = [(f, a) for f, a in pairs if a.any() and not _vanishes(f)]
    return kept or [(Constant(0.0), np.zeros((d, d)))]


def _entries(name: str, evo: Any, tlist: np.ndarray) -> list[tuple[Schedule, np.ndarray]]:
    """A function of time that returns a `Qobj`, sampled entry by entry."""
    _check_hermitian(evo, tlist)
    d = evo.shape[0]
    upper = np.triu_indices(d)
    why = "it returns a Qobj"
    parts = sampled(f"`{name}`", lambda t: evo(t).full()[upper], tlist, why)
    pairs: list[tuple[Schedule, np.ndarray]] = []
    for i, j, (real, imaginary) in zip(*upper, parts, strict=True):
        unit = np.zeros((d, d), complex)
        unit[i, j] = 1.0
        pairs.append((real, (unit + unit.T) / (1 + (i == j))))
        pairs.append((imaginary, 1j * (unit - unit.T)))
    return _kept(pairs, d)


def _check_hermitian(evo: Any, tlist: np.ndarray) -> None:
    for t in np.linspace(tlist[0], tlist[-1], 65):
        matrix = evo(float(t)).full()
        defect = np.max(np.abs(matrix - matrix.conj().T))
        if defect > HERMITICITY * np.max(np.abs(matrix)):
            raise ValueError(
                f"`h` must be Hermitian, but max|H - H^dagger| = {defect:.3g} at t = {t:g}; add "
                "the Hermitian conjugate of what is missing."
            )


def _dissipator(
    name: str, c_op: Any, tlist: Any, args: dict[str, Any] | None
) -> AbstractDissipator:
    evo = _evo(name, c_op, tlist, args)
    if evo.isconstant:
        return Lindblad(evo(0.0).full(), 1.0)
    found = _terms(name, evo, tlist)
    if found is None:
        raise ValueError(
            f"`{name}` must be a sum of coefficients times operators, but a function of it returns "
            "a `Qobj`; write it as [[operator, function], ...]."
        )
    pairs = []
    for parts, operator in found:
        pairs += [(parts.real, operator), (parts.imaginary, 1j * operator)]
    return DrivenJump([(f, a) for f, a in pairs if not _vanishes(f)])
