"""Integration of a master equation, with heat per bath and work beside the state."""

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import diffrax as dfx
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float, PyTree

from .._checked import checked
from .._checks import (
    as_complex,
    as_real,
    check_hermitian,
    check_nonnegative,
    is_concrete,
)
from .._compiled import compiled_with_shared
from .._describe import as_html, as_text
from .._jax import unvmap_any
from .._memory import told_of_memory
from .._precise import warn_of_precision
from .._results import RESULTS, raise_if_failed
from .._types import Operator, OperatorLike, RealLike
from ..algebra.hermitian_basis import from_components, to_components
from ..algebra.levels import eigenvalues
from ..algebra.operators import expectation
from ..information.entropy import entropy
from ..numerics.equation import LinearEquation
from ..numerics.resolution import Seen, look
from .acting import acting_equation, acts
from .arguments import as_state, as_times, check_options, check_problem, check_rates
from .channels import Moving
from .choice import choose, takes_actions
from .describe import describe_solution
from .equation_of_motion import (
    Books,
    energy_per_particle,
    equation_of_motion,
    read_books,
)
from .hamiltonians import AbstractHamiltonian, hamiltonian_jump
from .methods import AbstractMethod, Integrated, Problem, is_uniform
from .open_system import (
    OpenSystem,
    energy_unit,
    gibbs_defects,
    most_defect,
    warn_unless_gibbs,
)
from .secular import warn_unless_secular
from .stopping import where_it_stopped

MOST_SAMPLES = 2**26  # between two saved times: half a GiB for one function
ROUNDING = 64  # times the machine epsilon: the smallest tolerance that can be met


class Ledger(eqx.Module):
    """The books of a trajectory at its times; heats and work are integrated with the state.

    Args:
        energy: tr(rho H), (times,).
        entropy: von Neumann entropy, (times,).
        heat: heat from each bath since ts[0], (times, baths).
        work: work done on the system by H(t) since ts[0], (times,).
        first_law_residual: energy - energy[0] - sum heat - work - sum chemical_work, (times,).
        trace_drift: tr(rho) - tr(rho[0]), (times,).
        smallest_eigenvalue: of rho; below zero by more than the tolerance it is not a state,
            (times,).
        particles: particles from each bath since ts[0], 0 for those that exchange none,
            (times, baths); `None` if no bath does.
        chemical_work: mu N of each bath, likewise; its heat is the energy from it less this.

    Examples:
        >>> system = qt.OpenSystem(qt.number(2), qt.Lindblad(qt.destroy(2), 1.0))
        >>> ledger = qt.evolve(system, qt.pure_state([0, 1]), [0.0, 1.0, 2.0]).ledger
        >>> ledger.heat[:, 0], ledger.work
        ([0.0, -0.6321, -0.8647], [0.0, 0.0, 0.0])
    """

    energy: Float[Array, " times"]
    entropy: Float[Array, " times"]
    heat: Float[Array, "times baths"]
    work: Float[Array, " times"]
    first_law_residual: Float[Array, " times"]
    trace_drift: Float[Array, " times"]
    smallest_eigenvalue: Float[Array, " times"]
    particles: Float[Array, "times baths"] | None = None
    chemical_work: Float[Array, "times baths"] | None = None


class Solution(eqx.Module):
    """A trajectory.

    Args:
        ts: the times, (times,).
        saved: what `save(system, t, rho)` returned, with a leading axis of times.
        state: the last state, (d, d).
        ledger: energy, entropy, heat, work and residuals over `ts`.
        result: the outcome, one per lane; compare with `RESULTS.successful`.
        stats: numbers about the run; `gibbs_defects`, (baths,), says how far each bath is from
            leaving its Gibbs state as it is, at the first and the last time (`evolve` warns).
        method: which was taken: "propagator" (exact), "taylor", "unitary", "magnus" or "diffrax".
        reason: why, in words; it is decided by types, never by values.

    Examples:
        >>> system = qt.OpenSystem(qt.number(2), qt.Lindblad(qt.destroy(2), 1.0))
        >>> solution = qt.evolve(system, qt.pure_state([0, 1]), [0.0, 1.0, 2.0])
        >>> solution.method
        'propagator'
        >>> solution.state[1, 1].real, jnp.exp(-2)
        (0.1353, 0.1353)
    """

    ts: Float[Array, " times"]
    saved: PyTree
    state: Operator
    ledger: Ledger
    result: Any
    stats: dict[str, Any]
    method: str = eqx.field(static=True)
    reason: str = eqx.field(static=True)

    def __repr__(self) -> str:
        return as_text(self, describe_solution)

    def _repr_html_(self) -> str:
        return as_html(self, describe_solution)


class Expectation(eqx.Module):
    """A `save` function: the expectation values tr(A rho) of Hermitian operators.

    Args:
        operators: any number of Hermitian operators, (d, d) each.

    Raises:
        ValueError: an operator that is not Hermitian.

    Examples:
        >>> system = qt.OpenSystem(qt.sigmaz() / 2)
        >>> save = qt.dynamics.Expectation(qt.sigmax(), qt.sigmay())
        >>> solution = qt.evolve(system, qt.pure_state([1, 1]), [0.0, jnp.pi / 2], save=save)
        >>> solution.saved
        [[1.0, 0.0], [0.0, 1.0]]
    """

    operators: tuple[Operator, ...]

    def __init__(self, *operators: OperatorLike):
        for k, operator in enumerate(operators):
            check_hermitian(f"operators[{k}]", operator)
        self.operators = tuple(as_complex(operator) for operator in operators)

    def __call__(self, system: OpenSystem, t: RealLike, rho: Operator) -> Float[Array, " n"]:
        return jnp.stack([expectation(operator, rho) for operator in self.operators])


def state(system: OpenSystem, t: RealLike, rho: Operator) -> Operator:
    """The state itself: the default of `save`."""
    return rho


def default_tolerances() -> tuple[float, float]:
    """(rtol, atol) of `evolve`: 1e-11 and 1e-13 in float64, 1e-5 and 1e-7 in float32.

    Examples:
        >>> qt.dynamics.default_tolerances()
        (1e-11, 1e-13)
    """
    return (1e-11, 1e-13) if jax.config.read("jax_enable_x64") else (1e-5, 1e-7)


@checked
def evolve(
    system: OpenSystem,
    rho0: OperatorLike,
    ts: Any,
    *,
    save: PyTree = state,
    solver: dfx.AbstractSolver | AbstractMethod | None = None,
    rtol: RealLike | None = None,
    atol: RealLike | None = None,
    controller: dfx.AbstractStepSizeController | None = None,
    adjoint: dfx.AbstractAdjoint | None = None,
    dt0: RealLike | None = None,
    max_steps: int = 16384,
    resolution: int = 4096,
    throw: bool = True,
) -> Solution:
    """The trajectory of rho' = -i[H(t), rho] + sum_k D_k(rho) from rho0 at ts[0], with its books.

    Heat per bath and work are further components of the integrated vector, under the same error
    control as the state. Which method runs is decided by types, never by values, unless `solver`
    names one: nothing in the system moves: exact propagators between the times; H and the rates
    functions of time times fixed operators, or baths that follow H(t) with d <= 4: fused `Taylor`
    steps; else Diffrax's Dopri8. Without baths, for d <= 8, the states of either keep their
    spectrum to rounding (`Unitary`). All run on real components, so complex numbers never reach a
    solver.

    What a function of time does is read off its traced form: polynomials, sines and exponentials of
    straight lines, and baths that follow polynomials, are known (docs/speed.md). What is not known
    is looked at before a step is taken, at `resolution` times between any two saved ones: no step
    goes over a feature that is wider than two of their distances, and jumps are found, with their
    work. What is not right to the tolerance is not `successful`: the estimated error with what
    rounding may have done, the first law, trace, positivity and hermiticity are all compared with
    it.

    Args:
        system: the open system of dimension d.
        rho0: density matrix at ts[0], (d, d).
        ts: increasing times, (times,), at least two; steps are forced onto them, so the books
            carry no interpolation error. Times that are known when the program is traced (NumPy's,
            or made outside `jit`) are quicker: equal steps of what is constant share one
            exponential.
        save: f(system, t, rho), or a PyTree of such functions; evaluated at all times.
        solver: any Diffrax solver of ordinary differential equations (`Magnus` and `Exponential`
            are such), or a method: `Taylor`, or one of your own (`AbstractMethod`).
        rtol: tolerance relative to the largest component; `default_tolerances()` by default.
        atol: absolute tolerance, likewise. Both belong to the controller where one is given.
        controller: any Diffrax step-size controller. An adaptive one is made to step onto `ts` and
            onto the breakpoints of the Hamiltonian's schedules; with `ConstantStepSize` give
            `dt0`, and values between steps are interpolated. By default a PID controller at
            `default_tolerances()`.
        adjoint: any Diffrax adjoint; `RecursiveCheckpointAdjoint` (reverse mode) by default.
            Forward mode through Diffrax needs `diffrax.ForwardMode()`, and derivatives of
            gradients `diffrax.DirectAdjoint()`.
        dt0: first step; chosen by the controller if `None`.
        max_steps: at most so many steps (`Taylor`: between two times, and at most 1,024, or 16,384
            where functions of time are not known polynomials); beyond it `result` is
            `max_steps_reached` or `step_limit` and later times hold inf.
        resolution: at how many times between two saved ones (rounded up to a power of two, at
            least 1,024) what is only known as a function of time is looked at, static. A feature of
            1/2,000 of that span is never missed at 4,096; raise it for finer ones, at a cost in
            proportion.
        throw: raise `SolverError` if the outcome is concrete and not successful. Inside
            `jit`, `vmap` or `grad` nothing is raised: read `result`, lane by lane.

    Returns:
        `Solution`.

    Warns where a bath does not fix the Gibbs state of H at its temperature (Levy and Kosloff 2014),
    and where Bohr frequencies that a Davies bath keeps apart are closer than its rates.

    Raises:
        ValueError: rho0 not a density matrix of dimension d, times that do not increase or are
            fewer than two, a Hamiltonian that is not Hermitian at ts[0], a rate that is not finite
            there, a gap that crosses zero under a spectrum that is not odd, a solver, tolerance or
            number that is none, NaN.
        SolverError: the outcome was not successful and `throw` is true; the partial solution is
            its attribute `solution`.

    Examples:
        >>> system = qt.OpenSystem(qt.number(2), qt.Lindblad(qt.destroy(2), 1.0))
        >>> solution = qt.evolve(system, qt.pure_state([0, 1]), [0.0, 1.0, 2.0])
        >>> solution.saved[:, 1, 1].real, jnp.exp(-solution.ts)
        ([1.0, 0.3679, 0.1353], [1.0, 0.3679, 0.1353])
    """
    warn_of_precision()
    given, ts = ts, as_times(ts)  # as given they may be known in a trace
    rho0 = as_state("rho0", rho0, system.dimension)
    check_problem(system, ts, save)
    options = {"controller": controller, "adjoint": adjoint, "dt0": dt0}
    check_options({"solver": solver} | options, max_steps)
    check_resolution(resolution)
    tolerances = _tolerances(rtol, atol)
    quantum = energy_per_particle(system, ts)
    acting = takes_actions(solver) and acts(system)
    equation = (acting_equation if acting else equation_of_motion)(system, quantum)
    check_rates(system, equation, ts)
    method, reason = choose(equation, bool(system.baths), solver, options)
    if controller is not None:
        if rtol is not None or atol is not None:
            raise ValueError("`rtol` and `atol` belong to `controller` where one is given.")
        tolerances = _tolerances_of(controller)
    tolerances = (as_real("rtol", tolerances[0]), as_real("atol", tolerances[1]))  # compile once
    with told_of_memory():
        solution = _evolve(
            system, equation, quantum, rho0, ts, save, method, reason, tolerances,
            max_steps, resolution, is_uniform(given) if equation.constant else None,
        )  # fmt: skip
    if throw:
        energies, result = solution.ledger.energy, solution.result
        raise_if_failed(solution, lambda: where_it_stopped(system, ts, energies, result))
    defects = solution.stats["gibbs_defects"]
    if is_concrete(defects) and defects.ndim == 1:
        warn_unless_gibbs(system, defects)
        for k, bath in enumerate(system.baths):
            warn_unless_secular(f"baths[{k}]", bath, system.hamiltonian(ts[0]))
    return solution


def check_resolution(resolution: int) -> None:
    """Raise unless `resolution` is a number of samples that can be held."""
    if not isinstance(resolution, int) or isinstance(resolution, bool) or resolution < 1:
        raise ValueError(
            f"`resolution` must be a whole number of samples >= 1, got {resolution!r}."
        )
    if resolution > MOST_SAMPLES:
        raise ValueError(
            f"`resolution` = {resolution} would take {8 * resolution / 2**30:.0f} GiB and more for "
            f"every function; at most {MOST_SAMPLES} samples between two saved times: save more "
            "times around the feature, or give the drive breakpoints."
        )


@compiled_with_shared
def _evolve(
    system: OpenSystem,
    equation: LinearEquation,
    quantum: RealLike,
    rho0: Operator,
    ts: Array,
    save: PyTree,
    method: AbstractMethod,
    reason: str,
    tolerances: tuple[Any, Any],
    max_steps: int,
    resolution: int,
    uniform: bool | None,
) -> Solution:
    known, seen = known_edges(equation, ts), None
    if equation.watched is not None:
        seen = look(equation.watched, known, tolerances[0] + tolerances[1], resolution)
    jumps = jump_times(system, equation, known, seen)
    edges = known if seen is None else _in_order(known, jnp.clip(seen.jumps, ts[0], ts[-1]))
    unit = energy_unit(system, jnp.linspace(ts[0], ts[-1], 9))
    if seen is not None:
        unit = jnp.maximum(unit, seen.largest)
    problem = Problem(to_components(rho0), edges, *tolerances, unit, seen, max_steps, uniform)
    found = method.integrate(equation, problem)
    trajectory = _at_times(system, equation, quantum, ts, edges, found, jumps)
    result = _outcome(system, ts, trajectory, found, seen, tolerances, unit)
    saved = jax.tree.map(
        lambda f: jax.vmap(lambda t, rho: f(system, t, rho))(ts, trajectory.states),
        save,
        is_leaf=callable,
    )
    ends = jax.vmap(lambda t: gibbs_defects(system, t))(ts[jnp.array([0, -1])])
    stats = {
        "num_steps": found.num_steps,
        "error": found.error,
        "gibbs_defects": jnp.max(ends, axis=0),
    }
    stats = jax.tree.map(jax.lax.stop_gradient, stats)
    return Solution(
        ts, saved, trajectory.states[-1], trajectory.ledger, result, stats, method.name, reason
    )


class _Trajectory(NamedTuple):
    states: Complex[Array, "times d d"]
    ledger: Ledger


def known_edges(equation: LinearEquation, ts: Array) -> Float[Array, " edges"]:
    """Saved times and breakpoints in order, a breakpoint before the saved time that it falls on."""
    return _in_order(jnp.clip(equation.breakpoints, ts[0], ts[-1]), ts)


def _in_order(first: Array, others: Array) -> Float[Array, " edges"]:
    """Times in order, and of equal ones those of the first."""
    if not first.shape[0] or not others.shape[0]:  # nothing to compile
        return jnp.concatenate([first, others])
    return jnp.sort(jnp.concatenate([first, others]))


def at_saved(
    slope: Callable[[Any, Any], Array], breakpoints: Array, ts: Array, edges: Array, ys: Array
) -> Array:
    """What is integrated at saved times, from what it is at the edges.

    Where a breakpoint falls on a saved time, what is read is at the breakpoint and moves with it:
    what happens from the one to the other is nothing, but has a derivative.
    """
    if edges.shape[0] == ts.shape[0]:
        return ys
    here = jnp.searchsorted(edges, ts)
    read = ys[here]
    if not breakpoints.shape[0]:
        return read
    falls = jnp.any(ts[:, None] == breakpoints)

    def moved() -> Array:
        return read + (ts - edges[here])[:, None] * jax.vmap(slope)(ts, read)

    return jax.lax.cond(unvmap_any(falls), moved, lambda: read)


def jump_times(
    system: OpenSystem, equation: LinearEquation, known: Array, seen: Seen | None
) -> Float[Array, " jumps"]:
    """Times at which H may jump, increasing: what is declared, what was found, and all edges.

    Where nothing had to be sampled there is no jump but what is declared.
    """
    declared = system.energy_hamiltonian.jumps()
    if seen is not None and seen.jumps.shape[0]:
        declared = jnp.concatenate([declared, seen.jumps, known[1:]])
    return jnp.sort(declared)


def _at_times(
    system: OpenSystem, equation: LinearEquation, quantum: RealLike, ts: Array, edges: Array,
    found: Integrated, jumps: Array,
) -> _Trajectory:  # fmt: skip
    """States and books at the times, with the work of the jumps."""
    n, ys = equation.size, jnp.concatenate([found.xs, found.books], axis=1)
    ys = at_saved(lambda t, y: equation.slope(t, y[:n]), equation.breakpoints, ts, edges, ys)
    states, books = jax.vmap(from_components)(ys[:, :n]), read_books(system, ys[:, n:], quantum)
    if jumps.shape[0]:
        clipped = jnp.clip(jumps, ts[0], ts[-1])
        at_jumps = jax.vmap(from_components)(found.xs[jnp.searchsorted(edges, clipped)])
        work = books.work + jump_works(system.energy_hamiltonian, ts, jumps, at_jumps)
        books = books._replace(work=work)
    return _Trajectory(states, _ledger(system, ts, states, books))


def jump_works(
    energy: AbstractHamiltonian, ts: Array, jumps: Array, states: Array
) -> Float[Array, " times"]:
    """The work tr(rho (H(t) - H(t - 0))) of all jumps up to each time; equal jumps count once."""

    def work(t: Array, rho: Operator) -> Array:
        return expectation(hamiltonian_jump(energy, t), rho)

    first = jnp.diff(jumps, prepend=-jnp.inf) > 0.0
    passed = first & (jumps > ts[0]) & (jumps <= ts[:, None])
    inside = jnp.clip(jumps, ts[0], ts[-1])
    return jnp.sum(jnp.where(passed, jax.vmap(work)(inside, states), 0.0), axis=1)


def _outcome(
    system: OpenSystem, ts: Array, trajectory: _Trajectory, found: Integrated, seen: Seen | None,
    tolerances: tuple[Any, Any], unit: Array,
) -> Any:  # fmt: skip
    """The status: the first of what is wrong, else successful."""
    states, ledger = jax.lax.stop_gradient((trajectory.states, trajectory.ledger))
    rtol, atol = tolerances
    size = jnp.maximum(jnp.max(jnp.abs(found.xs)), 1.0)
    epsilon = jnp.finfo(size.dtype).eps
    # the series, the interpolation and the books may use up the tolerance each
    allowed = 2.0 * (atol + rtol * size) + ROUNDING * epsilon
    allowed = jnp.maximum(allowed, jax.lax.stop_gradient(found.granted))
    books = jnp.maximum(unit, jnp.max(jnp.abs(ledger.heat), initial=0.0))
    books = jnp.maximum(books, jnp.maximum(jnp.max(jnp.abs(ledger.work)), 1.0 * unit))
    if ledger.chemical_work is not None:
        books = jnp.maximum(books, jnp.max(jnp.abs(ledger.chemical_work)))
    residual = jnp.max(jnp.abs(ledger.first_law_residual))
    drift = jnp.max(jnp.abs(ledger.trace_drift))
    negative = -jnp.min(ledger.smallest_eigenvalue) + jnp.minimum(ledger.smallest_eigenvalue[0], 0)
    checks: list[tuple[Any, Any]] = [
        (RESULTS.books_open, ~(residual <= 4.0 * allowed * books)),
        (RESULTS.not_a_state, ~(drift <= 4.0 * allowed)),
        (RESULTS.not_a_state, (negative > 4.0 * allowed) & _is_positive(system, ts)),
        (RESULTS.unresolved, ~(found.error <= allowed)),
    ]
    if seen is not None:
        checks.append((RESULTS.not_hermitian, seen.defect > most_defect()))
    finite = jnp.all(jnp.isfinite(states)) & jnp.all(jnp.isfinite(ledger.heat))
    finite = finite & (seen.finite if seen is not None else True)
    checks.append((RESULTS.not_finite, ~finite))
    result: Any = jax.tree.map(jnp.asarray, RESULTS.successful)
    for status, wrong in checks:
        result = RESULTS.where(wrong, status, result)
    return RESULTS.where(found.result == RESULTS.successful, result, found.result)


def _is_positive(system: OpenSystem, ts: Array) -> Array:
    """Whether no rate of the system is negative: then no population can become so."""
    times = jnp.linspace(ts[0], ts[-1], 9)
    smallest = [jnp.zeros(())]
    for bath in system.baths:
        for channel in bath.channels(system.hamiltonian):
            if isinstance(channel, Moving):
                rates = jax.vmap(lambda t, channel=channel: channel.function(t)[0])(times)
            elif channel.partner is not None:
                return jnp.asarray(False)
            else:
                rates = jax.vmap(lambda t, c=channel: jnp.asarray(c.rate(t), t.dtype))(times)
            smallest.append(jnp.min(rates, initial=0.0))
    return jnp.min(jnp.stack(smallest)) >= 0.0


def _tolerances(rtol: RealLike | None, atol: RealLike | None) -> tuple[RealLike, RealLike]:
    """The tolerances; a warning where the number type cannot meet them."""
    usual = default_tolerances()
    found = (usual[0] if rtol is None else rtol, usual[1] if atol is None else atol)
    epsilon = float(jnp.finfo(jnp.result_type(float)).eps)
    check_nonnegative("rtol", found[0], "it is a tolerance.")
    check_nonnegative("atol", found[1], "it is a tolerance.")
    if is_concrete(found) and max(float(x) for x in found) < ROUNDING * epsilon:
        warnings.warn(
            f"rtol = {float(found[0]):.1e} and atol = {float(found[1]):.1e} are below what "
            f"{jnp.result_type(float)} can hold, about {ROUNDING * epsilon:.1e}; rounding errors "
            "will exceed them. Loosen them, or enable float64.",
            stacklevel=3,
        )
    return found


def _tolerances_of(controller: Any) -> tuple[RealLike, RealLike]:
    """What a controller holds the error to; the defaults for one without tolerances."""
    rtol, atol = getattr(controller, "rtol", None), getattr(controller, "atol", None)
    usual = default_tolerances()
    return (usual[0] if rtol is None else rtol, usual[1] if atol is None else atol)


def _ledger(system: OpenSystem, ts: Array, rhos: Array, books: Books) -> Ledger:
    energies = jax.vmap(lambda t, rho: expectation(system.energy_hamiltonian(t), rho))(ts, rhos)
    traces = jnp.einsum("tii->t", rhos).real
    residual = energies - energies[0] - books.heat.sum(axis=1) - books.work
    if books.chemical_work is not None:
        residual = residual - books.chemical_work.sum(axis=1)
    return Ledger(
        energy=energies,
        entropy=jax.vmap(entropy)(rhos),
        heat=books.heat,
        work=books.work,
        first_law_residual=residual,
        trace_drift=traces - traces[0],
        smallest_eigenvalue=jax.vmap(eigenvalues)(rhos)[:, 0],
        particles=books.particles,
        chemical_work=books.chemical_work,
    )
