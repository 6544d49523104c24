"""Ill-formed input to the public functions, as data; run as a program, it says what comes of each.

A program of its own, because the run-time type checks of this suite would refuse most of it first;
no case compiles anything of its own.
"""

import json
import math
import sys
import warnings

import diffrax as dfx
import jax
import jax.numpy as jnp
import lineax
import numpy as np
import optax
import pint
import qutip

import qtjax as qt

N, X = qt.number(2), qt.sigmax()
STATE, TS = qt.algebra.maximally_mixed(2), (0.0, 1.0)
FLAT = qt.Flat(0.1)
BATH = qt.LocalBath(qt.destroy(2), 1.0, 1.0, FLAT)
SYSTEM = qt.OpenSystem(N, BATH)
CYCLE = qt.Cycle([qt.Stroke(SYSTEM, 1.0)])
models = qt.models


def loss(x):
    return (x - 1.0) ** 2


def minimize(f=loss, start=0.5, steps=1, **options):
    return qt.optimize(f, start, optax.adam(0.1), steps=steps, **options)


def coordinate(**options):
    """A reaction coordinate of a cold bath."""
    given = {"frequency": 1.0, "coupling": 0.1, "width": 0.1, "temperature": 0.1, "levels": 3}
    return models.reaction_coordinate(N, X, **given, **options)


class Function(qt.AbstractDissipator):
    """A bath that is a function of time."""

    function: object
    temperature: None = None

    def channels(self, hamiltonian):
        return (qt.Moving(self.function),)


class Given(qt.AbstractDissipator):
    """A bath with channels that are given."""

    given: object
    temperature: None = None

    def channels(self, hamiltonian):
        return self.given


class Branching(qt.AbstractDissipator):
    """A bath that asks for the value of its rate."""

    rate: object
    temperature: None = None

    def channels(self, hamiltonian):
        return (qt.Channel(self.rate, X),) if self.rate > 0 else ()


class OwnTerms(qt.AbstractHamiltonian):
    """A Hamiltonian with terms that are given."""

    given: object

    def terms(self):
        return self.given


class Both(qt.AbstractHamiltonian):
    """A Hamiltonian that says twice what it is."""

    def terms(self):
        return (qt.dynamics.Term(1.0, X),)

    def __call__(self, t):
        return t * X


class Sine(qt.Constant):
    """A subclass of what is final."""

    def __call__(self, t):
        return jnp.sin(t)


class Broken(qt.AbstractSchedule):
    """A schedule whose breakpoints are no vector."""

    def __call__(self, t):
        return jnp.sin(t)

    def breakpoints(self):
        return jnp.zeros(())


def evolve(rho0=STATE, ts=TS, system=SYSTEM, **kw):
    return qt.evolve(system, rho0, ts, **kw)


def otto(cold=N, hot=2.0 * N, **kw):
    kw = {
        "couplings": (X,),
        "temperatures": (1.0, 4.0),
        "rate": 0.5,
        "durations": (1.0, 1.0, 1.0, 1.0),
    } | kw
    return qt.otto_cycle(cold, hot, **kw)


def carnot(hamiltonian=N, **kw):
    kw = {
        "couplings": X,
        "temperatures": (1.0, 2.0),
        "scales": (1.0, 2.0),
        "rate": 1.0,
        "duration": 1.0,
        "steps": 2,
    } | kw
    return qt.machines.stepwise_carnot_cycle(hamiltonian, **kw)


def collision(hamiltonian=N, ancillas=N, **kw):
    kw = {"interaction": np.kron(X, X), "duration": 1.0, "temperature": 1.0} | kw
    return qt.machines.Collision(hamiltonian, ancillas, **kw)


def reset(probability=0.5, hamiltonian=N, part=N, **kw):
    return qt.machines.Reset(hamiltonian, part, probability, **({"temperature": 1.0} | kw))


def reset_bath(part=N, rate=1.0, **kw):
    return qt.dynamics.ResetBath(part, rate, **({"temperature": 1.0} | kw))


class Named:
    """What has heats under names."""

    named_heats = {"sea": 1.0}  # noqa: RUF012


NAMED = Named()

# (argument as the message names it, call with it)
SCALARS = {
    "LocalBath gap": ("gap", lambda x: qt.LocalBath(X, x, 1.0, FLAT)),
    "LocalBath temperature": ("temperature", lambda x: qt.LocalBath(X, 1.0, x, FLAT)),
    "Lindblad rates": ("rates[0]", lambda x: qt.Lindblad(X, (x,))),
    "Lindblad temperature": ("temperature", lambda x: qt.Lindblad(X, 1.0, x)),
    "DaviesBath temperature": ("temperature", lambda x: qt.DaviesBath(N, X, x, FLAT)),
    "DaviesBath zero_frequency": (
        "zero_frequency",
        lambda x: qt.DaviesBath(N, X, 1.0, FLAT, zero_frequency=x),
    ),
    "AdiabaticBath temperature": ("temperature", lambda x: qt.AdiabaticBath(X, x, FLAT)),
    "AdiabaticBath zero_frequency": (
        "zero_frequency",
        lambda x: qt.AdiabaticBath(X, 1.0, FLAT, zero_frequency=x),
    ),
    "Channel rate": ("rate", lambda x: qt.Channel(x, X)),
    "Driven schedule": ("terms[0][0]", lambda x: qt.Driven([(x, X)])),
    "Constant": ("value", qt.Constant),
    "Linear start": ("start", lambda x: qt.Linear(x, 1.0)),
    "Linear stop": ("stop", lambda x: qt.Linear(1.0, x)),
    "Linear t0": ("t0", lambda x: qt.Linear(1.0, 2.0, x, 9.0)),
    "Linear t1": ("t1", lambda x: qt.Linear(1.0, 2.0, 0.0, x)),
    "Polynomial t0": ("t0", lambda x: qt.Polynomial([1.0], x, 9.0)),
    "Smooth start": ("start", lambda x: qt.Smooth(x, 1.0)),
    "Smooth stop": ("stop", lambda x: qt.Smooth(1.0, x)),
    "Spline t1": ("t1", lambda x: qt.Spline([1.0, 2.0], 0.0, x)),
    "Fourier offset": ("offset", lambda x: qt.Fourier(x, [1.0], [1.0], 1.0)),
    "Fourier frequency": ("frequency", lambda x: qt.Fourier(1.0, [1.0], [1.0], x)),
    "Flat": ("rate", qt.Flat),
    "Ohmic strength": ("strength", qt.Ohmic),
    "Ohmic cutoff": ("cutoff", lambda x: qt.Ohmic(1.0, x)),
    "Stroke duration": ("duration", lambda x: qt.Stroke(SYSTEM, x)),
    "Collision duration": ("duration", lambda x: collision(duration=x)),
    "Collision temperature": ("temperature", lambda x: collision(temperature=x)),
    "Collision temperatures": (
        "temperature[1]",
        lambda x: collision(
            ancillas=(N, N), interaction=np.kron(X, np.eye(4)), temperature=(1.0, x)
        ),
    ),
    "Reset probability": ("probability", reset),
    "Reset duration": ("duration", lambda x: reset(duration=x)),
    "Reset temperature": ("temperature", lambda x: reset(temperature=x)),
    "ResetBath rate": ("rate", lambda x: reset_bath(rate=x)),
    "ResetBath temperature": ("temperature", lambda x: reset_bath(temperature=x)),
    "otto temperatures": ("temperatures[1]", lambda x: otto(temperatures=(0.5, x))),
    "otto durations": ("durations[2]", lambda x: otto(durations=(1.0, 1.0, x, 1.0))),
    "otto rate": ("rate", lambda x: otto(rate=x)),
    "otto rates": ("rate", lambda x: otto(rate=(0.1, x))),
    "otto zero_frequency": ("zero_frequency", lambda x: otto(zero_frequency=x)),
    "Carnot temperatures": ("temperatures[1]", lambda x: carnot(temperatures=(0.5, x))),
    "Carnot scales": ("scales[0]", lambda x: carnot(scales=(x, 9.0))),
    "Carnot rate": ("rate", lambda x: carnot(rate=x)),
    "Carnot duration": ("duration", lambda x: carnot(duration=x)),
    "partial_swap gap": ("gap", lambda x: models.partial_swap(x, 1.0)),
    "partial_swap coupling": ("coupling", lambda x: models.partial_swap(1.0, x)),
    "qubit_and_spins gap": ("gap", lambda x: models.qubit_and_spins(x, [1.0], 1.0)),
    "qubit_and_spins gaps": ("gaps[1]", lambda x: models.qubit_and_spins(1.0, [1.0, x], 1.0)),
    "oscillator frequency": (
        "frequency",
        lambda x: models.qubit_and_oscillator(1.0, x, 0.1, 2),
    ),
    "oscillator coupling": ("coupling", lambda x: models.qubit_and_oscillator(1.0, 1.0, x, 2)),
    "dephasing mean": ("mean", lambda x: models.oscillating_dephasing(x, 1.0, 1.0)),
    "dephasing frequency": ("frequency", lambda x: models.oscillating_dephasing(1.0, 1.0, x)),
    "eternal dephasing": ("rate", models.eternal_dephasing),
    "damping gap": ("gap", lambda x: models.LorentzianDamping(x, 1.0, 1.0)),
    "damping gamma0": ("gamma0", lambda x: models.LorentzianDamping(1.0, x, 1.0)),
    "damping width": ("width", lambda x: models.LorentzianDamping(1.0, 1.0, x)),
    "thermal_state": ("temperature", lambda x: qt.thermal_state(N, x)),
}
# numbers of methods, which are no parameters of a system
TOLERANCES = {
    "evolve rtol": ("rtol", lambda x: evolve(rtol=x)),
    "evolve atol": ("atol", lambda x: evolve(atol=x)),
    "evolve dt0": ("dt0", lambda x: evolve(dt0=x)),
    "limit_cycle tolerance": ("tolerance", lambda x: qt.limit_cycle(CYCLE, tolerance=x)),
    "bohr_transitions": ("tolerance", lambda x: qt.dynamics.bohr_transitions(N, x)),
}
NO_SCALARS = {
    "a list": [1.0, 2.0],
    "a vector": np.ones(2),
    "a vector of one": np.ones(1),
    "a matrix": np.eye(2),
    "true": True,
    "an array of true": np.array(True),
    "text": "1.0",
    "none": None,
    "complex": 1j,
    "nan": math.nan,
    "infinite": math.inf,
    "an object": object(),
    "a dictionary": {"a": 1.0},
    "a class": qt.Constant,
    "a Qobj": qutip.sigmax(),
}
ALLOWED = {
    ("Lindblad temperature", "none"), ("DaviesBath zero_frequency", "none"),
    ("AdiabaticBath zero_frequency", "none"), ("otto zero_frequency", "none"),
    ("Collision temperature", "a vector of one"),
    ("Ohmic cutoff", "infinite"), ("thermal_state", "infinite"), ("evolve rtol", "none"),
    ("evolve atol", "none"), ("evolve dt0", "none"), ("limit_cycle tolerance", "none"),
    ("limit_cycle tolerance", "infinite"),
    ("otto rate", "a list"),
}  # fmt: skip

OPERATORS = {
    "Static": ("operator", qt.Static),
    "Driven operator": ("terms[1][1]", lambda x: qt.Driven([(1.0, X), (2.0, x)])),
    "OpenSystem": ("hamiltonian", qt.OpenSystem),
    "OpenSystem energy": ("energy", lambda x: qt.OpenSystem(N, (), x)),
    "OpenSystem parts": ("parts[0]", lambda x: qt.OpenSystem(N, parts=(x,))),
    "composite_system parts": ("parts[1]", lambda x: qt.composite_system((N, x))),
    "composite_system coupling": ("coupling", lambda x: qt.composite_system((N,), x)),
    "LocalBath lowering": ("lowering", lambda x: qt.LocalBath(x, 1.0, 1.0, FLAT)),
    "Lindblad operators": ("operators[1]", lambda x: qt.Lindblad((X, x), (1.0, 1.0))),
    "DaviesBath hamiltonian": ("hamiltonian", lambda x: qt.DaviesBath(x, X, 1.0, FLAT)),
    "DaviesBath couplings": ("couplings[1]", lambda x: qt.DaviesBath(N, (X, x), 1.0, FLAT)),
    "AdiabaticBath couplings": ("couplings[0]", lambda x: qt.AdiabaticBath((x,), 1.0, FLAT)),
    "Channel operator": ("operator", lambda x: qt.Channel(1.0, x)),
    "Channel partner": ("partner", lambda x: qt.Channel(1.0, X, x)),
    "otto cold": ("cold", lambda x: otto(cold=x)),
    "otto hot": ("hot", lambda x: otto(hot=x)),
    "otto couplings": ("couplings[0]", lambda x: otto(couplings=(x,))),
    "Carnot hamiltonian": ("hamiltonian", carnot),
    "Carnot couplings": ("couplings[0]", lambda x: carnot(couplings=(x,))),
    "Collision hamiltonian": ("hamiltonian", collision),
    "Collision ancillas": ("ancillas[0]", lambda x: collision(ancillas=(x,))),
    "Collision interaction": ("interaction", lambda x: collision(interaction=x)),
    "Collision unitary": ("unitary", lambda x: collision(interaction=None, unitary=x)),
    "Collision state": ("state", lambda x: collision(temperature=None, state=x)),
    "Reset hamiltonian": ("hamiltonian", lambda x: reset(hamiltonian=x)),
    "Reset part": ("part", lambda x: reset(part=x)),
    "ResetBath part": ("part", reset_bath),
    "ResetBath state": ("state", lambda x: reset_bath(temperature=None, state=x)),
    "steady_state rho0": ("rho0", lambda x: qt.steady_state(SYSTEM, rho0=x)),
    "exchange parts": ("parts[1]", lambda x: models.exchange((N, x), (X, X), 1.0)),
    "exchange lowering": ("lowering[1]", lambda x: models.exchange((N, N), (X, x), 1.0)),
    "evolve rho0": ("rho0", evolve),
    "transient rho0": ("rho0", lambda x: qt.machines.transient(CYCLE, x, 1)),
    "thermal_state hamiltonian": ("hamiltonian", lambda x: qt.thermal_state(x, 1.0)),
    "bohr_transitions hamiltonian": ("hamiltonian", qt.dynamics.bohr_transitions),
    "embed": ("operator", lambda x: qt.embed(x, (2, 2), 0)),
    "tensor": ("operators[1]", lambda x: qt.tensor(X, x)),
    "damping state": (
        "rho0",
        lambda x: models.LorentzianDamping(1.0, 1.0, 1.0).state(0.5, x),
    ),
}
NO_OPERATORS = {
    "none": None,
    "text": "sigmax",
    "a number": 3.0,
    "true": True,
    "a ket": np.array([1.0, 0.0]),
    "a column": np.array([[1.0], [0.0]]),
    "a batch": np.zeros((3, 2, 2)),
    "of no dimension": np.zeros((0, 0)),
    "of true and false": np.eye(2, dtype=bool),
    "ragged": [[1.0, 0.0], [0.0]],
    "nan": np.full((2, 2), math.nan),
    "infinite": np.diag([1.0, math.inf]),
    "of text": np.array([["a", "b"], ["c", "d"]]),
    "a class": qt.Static,
    "a Qobj": qutip.sigmax(),
}
NO_OPERATOR_ALLOWED = {
    ("embed", "nan"), ("embed", "infinite"), ("tensor", "nan"), ("tensor", "infinite"),
    ("OpenSystem energy", "none"), ("composite_system coupling", "none"),
    ("Channel partner", "none"), ("Collision unitary", "none"), ("Collision state", "none"),
    ("ResetBath state", "none"), ("steady_state rho0", "none"),
}  # fmt: skip

FUNCTIONS = {
    "LocalBath gap": ("gap", lambda f: qt.LocalBath(X, f, 1.0, FLAT)),
    "Lindblad rates": ("rates[0]", lambda f: qt.Lindblad(X, f)),
    "Channel rate": ("rate", lambda f: qt.Channel(f, X)),
    "Driven schedule": ("terms[0][0]", lambda f: qt.Driven([(f, X)])),
    "otto ramps": ("ramps[1]", lambda f: otto(ramps=(lambda s: s, f))),
}
NO_SCHEDULES = {
    "a vector": lambda t: jnp.array([t, t]),
    "a list": lambda t: [t, 1.0],
    "complex": lambda t: jnp.exp(1j * t),
    "whole numbers": lambda t: jnp.where(t < 0.5, 0, 1),
    "true or false": lambda t: t < 0.5,
    "text": lambda t: "1.0",
    "nothing": lambda t: None,
    "nan": lambda t: math.nan,
    "a branch": lambda t: 1.0 if t < 0.5 else 2.0,
    "of math": math.sin,
    "of numpy": np.sin,
    "of nothing": lambda: 1.0,
    "of two": lambda t, rate: rate * t,
    "a subclass": Sine(1.0),
    "breakpoints": Broken(),
    "a class": qt.Linear,
}
OPERATOR_FUNCTIONS = {
    "FromFunction": ("function", qt.dynamics.FromFunction),
    "OpenSystem": ("hamiltonian", qt.OpenSystem),
    "OpenSystem energy": ("energy", lambda f: qt.OpenSystem(N, (), f)),
    "composite_system parts": ("parts[0]", lambda f: qt.composite_system((f, N))),
    "composite_system coupling": ("coupling", lambda f: qt.composite_system((N, N), f)),
    "terms of one's own": (
        "hamiltonian.terms()[0]",
        lambda f: qt.OpenSystem(OwnTerms((f,))),
    ),
}
NO_OPERATOR_FUNCTIONS = {
    "a scalar": lambda t: t,
    "a vector": lambda t: jnp.ones(2),
    "not square": lambda t: jnp.ones((2, 3)),
    "of no dimension": lambda t: jnp.ones((0, 0)),
    "nothing": lambda t: None,
    "text": lambda t: "sigmax",
    "true and false": lambda t: jnp.eye(2) < t,
    "a Qobj": lambda t: qutip.sigmax(),
    "ragged": lambda t: [[t, 0.0], [0.0]],
    "a branch": lambda t: X if t < 0.5 else N,
    "of numpy": lambda t: np.sin(t) * np.eye(2),
    "of nothing": lambda: X,
    "a class": qt.Static,
}

COUNTS = {
    "evolve max_steps": ("max_steps", lambda n: evolve(max_steps=n)),
    "evolve resolution": ("resolution", lambda n: evolve(resolution=n)),
    "limit_cycle steps": ("steps", lambda n: qt.limit_cycle(CYCLE, steps=n)),
    "limit_cycle resolution": ("resolution", lambda n: qt.limit_cycle(CYCLE, resolution=n)),
    "resolving_steps": ("first", lambda n: qt.machines.resolving_steps(CYCLE, first=n)),
    "transient cycles": ("cycles", lambda n: qt.machines.transient(CYCLE, STATE, n)),
    "transient steps": ("steps", lambda n: qt.machines.transient(CYCLE, STATE, 1, steps=n)),
    "Carnot steps": ("steps", lambda n: carnot(steps=n)),
    "oscillator levels": ("levels", lambda n: models.qubit_and_oscillator(1.0, 1.0, 0.1, n)),
    "destroy": ("d", qt.destroy),
    "ket dims": ("dims", lambda n: qt.ket(0, n)),
    "random state": ("d", lambda n: qt.algebra.random_density_matrix(jax.random.key(0), n)),
}
NO_COUNTS = {
    "zero": 0,
    "negative": -1,
    "true": True,
    "a float": 2.0,
    "half": 1.5,
    "text": "2",
    "none": None,
    "nan": math.nan,
    "a vector": np.array([1.5, 2.5]),
    "an object": object(),
}
NO_COUNT_ALLOWED = {("limit_cycle steps", "none"), ("transient steps", "none")}

VECTORS = {
    "evolve ts": ("ts", lambda x: evolve(ts=x)),
    "Polynomial": ("coefficients", qt.Polynomial),
    "PiecewiseConstant times": ("times", lambda x: qt.PiecewiseConstant(x, [1.0, 2.0])),
    "PiecewiseConstant values": ("values", lambda x: qt.PiecewiseConstant([1.0], x)),
    "Fourier cosines": ("cosines", lambda x: qt.Fourier(1.0, x, [1.0, 2.0], 1.0)),
    "Spline": ("values", qt.Spline),
    "Ramp": ("knots", qt.Ramp),
    "from_bloch": ("vector", qt.algebra.from_bloch),
    "pure_state": ("vector", qt.pure_state),
}
NO_VECTORS = {
    "a number": 1.0,
    "a matrix": np.eye(2),
    "text": "ab",
    "texts": ["a", "b"],
    "none": None,
    "nan": [0.0, math.nan],
    "infinite": [0.0, math.inf],
    "true and false": [False, True],
    "ragged": [[1.0], [1.0, 2.0]],
    "a class": qt.Ramp,
    "an object": object(),
}

VOID = qt.OpenSystem(qt.Driven([(qt.Linear(1.0, -1.0), N)]))
CROSSING = qt.OpenSystem(
    VOID.hamiltonian, qt.LocalBath(qt.destroy(2), qt.Linear(1.0, -1.0), 1.0, FLAT)
)
MOVED = qt.OpenSystem(qt.Driven([(qt.Linear(1.0, 2.0), N), (0.5, X)]))
STROKE = qt.machines.GaussianStroke(1.0, 1.0, 1.0, 1.0)
SHAPES = r"\(rates \(jumps,\), operators \(jumps, d, d\)\)"
KET = r"`rho0` must be .* got the shape \(2,\) of a ket; `pure_state\(rho0\)`"
MOVING = r"`baths\[0\]\.channels\(hamiltonian\)\[0\]\.function`"


def moving(function):
    return qt.OpenSystem(N, Function(function))


def rate_of(function):
    return qt.OpenSystem(N, qt.Lindblad(X, function))


# what has a message of its own
SPECIAL = {
    # states
    "ket as rho0": (lambda: evolve(qt.ket(0, 2)), KET),
    "column as rho0": (
        lambda: evolve(np.ones((2, 1))),
        r"the shape \(2, 1\) of a ket; `pure_state\(rho0\.ravel\(\)\)`",
    ),
    "ket in transient": (lambda: qt.machines.transient(CYCLE, qt.ket(0, 2), 1), KET),
    "Qobj as rho0": (
        lambda: evolve(qutip.basis(2, 0)),
        r"`rho0` must be a density matrix, got .* \(Qobj\) of qutip; give the array `rho0\.full",
    ),
    "batch as rho0": (lambda: evolve(np.zeros((3, 2, 2))), r"`rho0` .*; for a batch use `jax\.vm"),
    "column in pure_state": (
        lambda: qt.pure_state(np.ones((2, 1))),
        r"`vector` must be a vector \(d,\), got shape \(2, 1\); give `vector\.ravel\(\)`",
    ),
    "ket of no level": (lambda: qt.ket(1.5, 2), r"`levels` must be a whole number >= 0, got 1\.5"),
    "ket of text": (lambda: qt.ket((0, "a"), (2, 2)), r"`levels\[1\]` must be a whole number"),
    "Bloch vector of two": (
        lambda: qt.algebra.from_bloch([0.0, 1.0]),
        r"must hold x, y and z, got .*2,",
    ),
    "embed no dims": (lambda: qt.embed(X, (2.0, 2), 0), r"`dims\[0\]` must be a whole .*got 2\.0"),
    "embed no site": (lambda: qt.embed(X, (2, 2), "a"), r"`sites` must be a whole .* got 'a'"),
    "spin of text": (lambda: qt.spin("a", "z"), r"`j` must be a positive multiple of 1/2, got 'a'"),
    "spin of nan": (lambda: qt.spin(math.nan, "z"), r"`j` must be a positive multiple .* got nan"),
    # times
    "ts of one": (lambda: evolve(ts=[0.0]), r"`ts` must hold at least two times .*, got 1"),
    "ts of none": (lambda: evolve(ts=[]), r"`ts` must be a vector .* got shape \(0,\)"),
    "ts repeated": (lambda: evolve(ts=[0.0, 0.0]), r"`ts` must increase strictly, but entry 1 \(0"),
    "ts decreasing": (lambda: evolve(ts=[1.0, 0.0]), r"`ts` must increase .*; sort the times and"),
    "ts complex": (lambda: evolve(ts=[0.0, 1j]), r"`ts` must be real, got complex"),
    "ts unsigned, decreasing": (
        lambda: evolve(ts=np.array([1, 0], np.uint8)),
        r"`ts` must increase .*; sort the times and",
    ),
    "rates as a set": (lambda: qt.Lindblad(X, {0.1}), r"`rates\[0\]` .* got \{0\.1\} \(set\)"),
    # what would lose its mask or its unit
    "masked rho0": (
        lambda: evolve(np.ma.masked_equal(np.diag([1.0, 0.0]), 0.0)),
        r"`rho0` must .* got a masked array; .* with `rho0\.filled\(\.\.\.\)`",
    ),
    "quantity as temperature": (
        lambda: qt.thermal_state(N, pint.Quantity(50.0, "millikelvin")),
        r"`temperature` must .* with a unit, .* `qtjax\.units\.natural` makes a number of it",
    ),
    "span of time as duration": (
        lambda: qt.Stroke(SYSTEM, np.timedelta64(1, "s")),
        r"`duration` must be a real number, got .*timedelta",
    ),
    "span of time as steps": (
        lambda: minimize(steps=np.timedelta64(3, "s")),
        r"`steps` must be a whole number",
    ),
    "half precision that is no state": (
        lambda: evolve(np.diag([1.5, 0.0]).astype(np.float16)),
        r"`rho0` must have trace 1, got 1\.5",
    ),
    "starts of other lengths": (
        lambda: minimize(lambda x: x["a"] + x["b"], {"a": np.ones(2), "b": np.ones(3)}, many=True),
        r"`start` must have a leading axis of starts .* got the shapes \(2,\), \(3,\)",
    ),
    "text from a spectrum": (
        lambda: evolve(system=qt.OpenSystem(N, qt.LocalBath(X, 1.0, 1.0, lambda w: "0.1"))),
        r"`spectrum\(omega\)` must be a real number, got '0\.1' \(str\)",
    ),
    "if in a spectrum": (
        lambda: qt.DaviesBath(N, X, 1.0, lambda w: 0.1 if w > 0.5 else 0.0),
        r"`spectrum` \(<lambda>\) must be written with jax\.numpy",
    ),
    # what evolve is told
    "no system": (lambda: evolve(system=N), r"`system` must be an `OpenSystem\(hamiltonian, bat"),
    "save number": (lambda: evolve(save=3), r"`save` must be a function \(system, t, rho\).*got 3"),
    "save none": (lambda: evolve(save=None), r"`save` must be a function .* got None"),
    "save among": (lambda: evolve(save={"a": qt.entropy, "b": 1.0}), r"`save` .* got 1\.0 \(float"),
    "save class": (
        lambda: evolve(save=qt.dynamics.Expectation),
        r"`save` .* got the class Expectation and no instance of it, `Expectation\(\.\.\.\)`",
    ),
    "solver text": (
        lambda: evolve(solver="tsit5"),
        r"`solver` must be a Diffrax solver such as `diffrax\.Tsit5\(\)`, .*got 'tsit5' \(str\)",
    ),
    "solver class": (lambda: evolve(solver=dfx.Tsit5), r"`solver` .* got the class Tsit5 and no"),
    "solver list": (lambda: evolve(solver=[]), r"`solver` must be .* got \[\] \(list\)"),
    "controller": (lambda: evolve(controller=1e-8), r"`controller` must be a Diffrax .* got 1e-08"),
    "adjoint": (lambda: evolve(adjoint="backsolve"), r"`adjoint` must be a Diffrax .* got 'backs"),
    "dt0": (lambda: evolve(dt0=-1.0), r"`dt0` must be > 0, got -1\.0; it is the length of the fir"),
    "rtol": (lambda: evolve(rtol=-1e-3), r"`rtol` must be >= 0, got -0\.001; it is a tolerance"),
    "steps of a driven stroke": (
        lambda: qt.dynamics.propagator(MOVED, 1.0, 10**12),
        r"`steps` asks for an array of 4e\+12 complex numbers, .*; keep fewer levels",
    ),
    "steps of an oscillator": (
        lambda: qt.machines.gaussian_limit_cycle([STROKE], steps=10**12),
        r"`steps` asks for an array of 2\.4e\+13 complex numbers",
    ),
    "samples of an oscillator": (
        lambda: qt.machines.gaussian_limit_cycle([STROKE], resolution=2**40),
        r"`resolution` = 1099511627776 would take 8192 GiB and more",
    ),
    "steps of Carnot": (
        lambda: carnot(steps=10**6),
        r"`steps` must be at most 16384, got 1000000: each is a stroke .* `carnot_cycle`",
    ),
    "copies": (
        lambda: qt.thermodynamics.copies_ergotropy(np.eye(99) / 99, np.eye(99), 149),
        r"`copies` asks for an array of 5\.77e\+72 complex numbers",
    ),
    "spins": (
        lambda: models.ising_energies(np.ones(60), np.ones(60 * 59 // 2)),
        r"`fields` asks for an array of 1\.15e\+18 complex numbers",
    ),
    "controls of qutip": (
        lambda: qt.machines.piecewise_limit_cycle(lambda u: SYSTEM, qutip.sigmax(), 1.0),
        r"`controls` must be arrays of numbers, got .*; give the array `controls\.full\(\)`",
    ),
    "controls of true": (
        lambda: qt.machines.piecewise_limit_cycle(lambda u: SYSTEM, np.ones(2, bool), 1.0),
        r"`controls` must be arrays of numbers, got an array of shape \(2,\) and dtype bool",
    ),
    "controls nan": (
        lambda: qt.machines.piecewise_limit_cycle(lambda u: SYSTEM, np.array([math.nan]), 1.0),
        r"`controls` must be finite, but entry \(0,\) is nan",
    ),
    "step of nothing": (
        lambda: qt.machines.piecewise_limit_cycle(lambda: SYSTEM, np.ones(2), 1.0),
        r"`system` must be a function of one argument",
    ),
    "resolution": (
        lambda: evolve(resolution=2**40),
        r"`resolution` = 1099511627776 would take 8192 GiB and more",
    ),
    # rates and Hamiltonians at concrete times
    "gap crosses zero": (
        lambda: evolve(system=CROSSING),
        r"`gap` of `baths\[0\]` must be >= 0 under the spectrum Flat, but is -0\.5 at t = 0\.75: "
        r"where a gap has crossed zero only a spectrum that is odd .* Use `Ohmic`",
    ),
    "rate infinite": (
        lambda: evolve(system=rate_of(lambda t: 1.0 / t)),
        r"the rate of `baths\[0\]` \(Lindblad\), channel 0, must be finite, but is inf at "
        r"ts\[0\] = 0\. Start where it is finite",
    ),
    "rate nan": (
        lambda: evolve(system=rate_of(lambda t: jnp.sqrt(t - 1.0))),
        r"channel 0, must be finite, but is nan at ts\[0\] = 0",
    ),
    "hamiltonian nan": (
        lambda: evolve(system=qt.OpenSystem(lambda t: jnp.log(t) * X)),
        r"`hamiltonian\(ts\[0\]\)` must be finite",
    ),
    "energy not Hermitian": (
        lambda: evolve(system=qt.OpenSystem(N, energy=lambda t: qt.destroy(2))),
        r"`energy\(ts\[0\]\)` must be Hermitian",
    ),
    # moving channels
    "moving number": (lambda: qt.Moving(3), rf"`function` must be a function t -> {SHAPES}, got 3"),
    "moving no pair": (lambda: moving(lambda t: X), rf"{MOVING} must return a pair {SHAPES}, got"),
    "moving counts": (
        lambda: moving(lambda t: (jnp.ones(2), X[None])),
        rf"{MOVING} must return {SHAPES} at all times, got the shapes \(2,\) and \(1, 2, 2\)",
    ),
    "moving one operator": (
        lambda: moving(lambda t: (jnp.ones(1), X)),
        rf"{MOVING} must return {SHAPES} at all times, got the shapes \(1,\) and \(2, 2\)",
    ),
    "moving complex": (
        lambda: moving(lambda t: (1j * jnp.ones(1), X[None])),
        rf"{MOVING} must return real rates of floating type, got dtype complex128",
    ),
    "moving whole": (
        lambda: moving(lambda t: (jnp.ones(1, int), X[None])),
        r"must return real rates of floating type, got dtype int64",
    ),
    "moving dimension": (
        lambda: moving(lambda t: (jnp.ones(1), jnp.eye(3)[None])),
        r"`baths\[0\]` acts on d = 3, but the Hamiltonian has d = 2; use `embed` or `tensor`",
    ),
    "moving shapes": (
        lambda: moving(lambda t: (jnp.ones(1), X[None]) if t < 1 else (jnp.ones(0), X[:0])),
        rf"{MOVING} .*must be written with jax\.numpy.*`jnp\.where` in place of `if`",
    ),
    "moving text": (lambda: moving(lambda t: ("a", X[None])), rf"`{MOVING[1:-1]}\(t\)` .*got 'a'"),
    "channels of none": (
        lambda: qt.OpenSystem(N, Given(None)),
        r"`baths\[0\]\.channels\(hamiltonian\)` must be a tuple of `Channel` and `Moving`, got N",
    ),
    "channels of text": (
        lambda: qt.OpenSystem(N, Given(("a",))),
        r"`baths\[0\]\.channels\(hamiltonian\)\[0\]` must be a `Channel` or `Moving`, got 'a'",
    ),
    "channels of another dimension": (
        lambda: qt.OpenSystem(N, Given((qt.Channel(1.0, X), qt.Channel(1.0, np.eye(3))))),
        r"`baths\[0\]` acts on d = 3, but the Hamiltonian has d = 2",
    ),
    "channels by value": (
        lambda: qt.OpenSystem(N, Branching(jnp.asarray(1.0))),
        r"`baths\[0\]\.channels\(hamiltonian\)` .* must be written with jax\.numpy",
    ),
    "channel mismatch": (
        lambda: qt.Channel(1.0, np.eye(3), X),
        r"`partner` must be 3 x 3 .* got shape \(2, 2\)",
    ),
    # baths
    "no spectrum": (
        lambda: qt.LocalBath(X, 1.0, 1.0, 0.1),
        r"`spectrum` must be a spectrum such as `Ohmic` or a function .* got 0\.1 .* a `Flat` one",
    ),
    "spectrum class": (lambda: qt.AdiabaticBath(X, 1.0, qt.Flat), r"`spectrum` .* the class Flat"),
    "transitions": (
        lambda: qt.DaviesBath(N, X, 1.0, FLAT, transitions=3),
        r"`transitions` must be made by `bohr_transitions`, or None, got 3",
    ),
    "Lindblad sizes": (
        lambda: qt.Lindblad((X, np.eye(3)), (1.0, 1.0)),
        r"`operators\[1\]` must be 2 x 2 .* got shape \(3, 3\)",
    ),
    "Lindblad of none": (lambda: qt.Lindblad((), ()), r"`operators` must hold at least one"),
    "Lindblad counts": (lambda: qt.Lindblad(X, [0.1, 0.2]), r"`rates` must give one rate for each"),
    # Hamiltonians and systems
    "terms number": (lambda: qt.Driven(3), r"`terms` must be a sequence of pairs \(schedule, oper"),
    "terms single": (lambda: qt.Driven([X]), r"`terms\[0\]` must be a pair \(schedule, operator\)"),
    "terms swapped": (lambda: qt.Driven([(X, 1.0)]), r"`terms\[0\]\[0\]` must be one number, got"),
    "own terms of none": (
        lambda: qt.OpenSystem(OwnTerms(())),
        r"`hamiltonian\.terms\(\)` of OwnTerms must hold terms of one dimension d, got none",
    ),
    "own terms of numbers": (
        lambda: qt.OpenSystem(OwnTerms((3.0,))),
        r"`hamiltonian\.terms\(\)\[0\]` of OwnTerms must be a `Term` or a function of time, got 3",
    ),
    "own terms not Hermitian": (
        lambda: qt.OpenSystem(OwnTerms((qt.dynamics.Term(1.0, qt.destroy(2)),))),
        r"`hamiltonian\.terms\(\)\[0\]\.operator` must be Hermitian",
    ),
    "own terms of many sizes": (
        lambda: qt.OpenSystem(OwnTerms((qt.dynamics.Term(1.0, X), lambda t: t * jnp.eye(3)))),
        r"must hold terms of one dimension d, got \[2, 3\]",
    ),
    "own terms twice": (
        lambda: qt.OpenSystem(Both()),
        r"`hamiltonian` \(Both\) must define `terms\(\)` or `__call__\(t\)`, not both",
    ),
    "baths number": (lambda: qt.OpenSystem(N, 3), r"`baths` must be a sequence of dissipators, g"),
    "baths class": (
        lambda: qt.OpenSystem(N, (qt.LocalBath,)),
        r"`baths\[0\]` must be a dissipator such as LocalBath or Lindblad, got the class LocalBath",
    ),
    "energy size": (lambda: qt.OpenSystem(N, energy=np.eye(3)), r"`energy` .* but it has d = 3"),
    "parts number": (lambda: qt.OpenSystem(N, parts=2), r"`parts` must be a sequence of Hamilton"),
    "composite of one": (lambda: qt.composite_system(3), r"`parts` must be a sequence of Hamilto"),
    # machines
    "stroke of none": (lambda: qt.Stroke(N, 1.0), r"`system` must be an `OpenSystem`, got an arr"),
    "contact": (
        lambda: qt.Stroke(SYSTEM, 1.0, [1]),
        r"`contact` must be a name such as \"hot\", None, or .* stroke's 1 heats, got \[1\]",
    ),
    "contact of no letters": (lambda: qt.Stroke(SYSTEM, 1.0, ""), r"`contact` must be a name"),
    "contacts": (
        lambda: qt.machines.steady_machine(SYSTEM, ("hot", "cold")),
        r"`contact` must be .* for each of the stroke's 1 heats, got \('hot', 'cold'\)",
    ),
    "unitary": (
        lambda: collision(interaction=None, unitary=np.diag([1.0, 1.0, 1.0, 2.0])),
        r"`unitary` must be unitary, but max\|U\^dagger U - 1\| = 3; .* or `interaction` and `dur",
    ),
    "unitary size": (
        lambda: collision(interaction=None, unitary=np.eye(2)),
        r"`unitary` must be 4 x 4 .* got shape \(2, 2\)",
    ),
    "no interaction": (
        lambda: collision(interaction=None),
        r"`interaction` or `unitary` must be given, and not both; got neither",
    ),
    "both states": (
        lambda: collision(state=STATE),
        r"`temperature` or `state` must be given, and not both; got both",
    ),
    "ancilla's state": (
        lambda: collision(temperature=None, state=2.0 * STATE),
        r"`state` must have trace 1, got 2; divide",
    ),
    "joint state": (
        lambda: collision(temperature=None, state=np.eye(4) / 4),
        r"`state` must be 2 x 2 .* got shape \(4, 4\)",
    ),
    "ancillas' temperatures": (
        lambda: collision(temperature=(1.0, 2.0)),
        r"`temperature` must be one number, or 1 of them, got 2",
    ),
    "no ancillas": (lambda: collision(ancillas=()), r"`ancillas` must hold at least one Hamilto"),
    "probability": (lambda: reset(1.5), r"`probability` must be between 0 and 1, got 1\.5"),
    "reset dims": (lambda: reset(dims=(2, 2)), r"`dims` must multiply to d = 2 .* got \(2, 2\)"),
    "reset sites": (
        lambda: reset(part=np.eye(3)),
        r"`sites` must be distinct places in `dims` \(2,\) that hold the part of dimension 3, got",
    ),
    "reset of no site": (lambda: reset(sites=1), r"`sites` must be distinct places .* got \(1,\)"),
    "reset bath": (
        lambda: qt.OpenSystem(N, qt.dynamics.ResetBath(np.eye(3), 1.0, temperature=1.0)),
        r"`baths\[0\]` acts on d = 3, but the Hamiltonian has d = 2",
    ),
    "no such name": (
        lambda: qt.machines.efficiency_from(NAMED, "sun"),
        r"`name` must be a name of a heat of `solution`, got 'sun'; its names are 'sea'",
    ),
    "rho0 and solver": (
        lambda: qt.steady_state(SYSTEM, rho0=STATE, solver=lineax.LU()),
        r"`solver` finds a unique steady state: leave it or `rho0` away",
    ),
    "conserved of many": (
        lambda: qt.dynamics.conserved_quantities(qt.OpenSystem(np.eye(33))),
        r"`system` has d = 33; .* up to d = 32\. Beyond, follow `evolve`",
    ),
    "cycle of systems": (lambda: qt.Cycle([SYSTEM]), r"`strokes\[0\]` must be a `Stroke`, got Op"),
    "cycle of one": (lambda: qt.Cycle(CYCLE.strokes[0]), r"`strokes` must be a sequence of `Strok"),
    "limit_cycle": (lambda: qt.limit_cycle(3), r"`cycle` must be a `Cycle`, got 3 \(int\)"),
    "limit_cycle tolerance": (
        lambda: qt.limit_cycle(CYCLE, tolerance=0.0),
        r"`tolerance` must be > 0, got 0\.0; it is the largest error allowed",
    ),
    "otto temperatures": (
        lambda: otto(temperatures=None),
        r"`temperatures` must have 2 entries \(cold, hot\), got 1",
    ),
    "otto cold temperature": (
        lambda: otto(temperatures=(-1.0, 2.0)),
        r"`temperatures\[0\]` must be >= 0, got -1\.0; it is the entry 'cold'",
    ),
    "otto durations": (
        lambda: otto(durations=(1.0, -2.0, 1.0, 1.0)),
        r"`durations\[1\]` must be >= 0, got -2\.0; it is the entry 'expansion'",
    ),
    "otto ramps": (lambda: otto(ramps=3), r"`ramps` must be a pair, got 3"),
    "otto ramp of a number": (
        lambda: otto(ramps=(1.0, 2.0)),
        r"`ramps\[0\]` must be a function of scaled time from 0 to 1, such as a `Ramp`, got 1\.0",
    ),
    "otto transitions": (lambda: otto(transitions=3), r"`transitions` must be a pair, got 3"),
    "otto size": (lambda: otto(hot=np.eye(3)), r"`hot` must be 2 x 2 .* got shape \(3, 3\)"),
    "Carnot temperatures": (
        lambda: carnot(temperatures=(0.0, 1.0)),
        r"`temperatures\[0\]` must be > 0, got 0\.0; a Carnot cycle needs both",
    ),
    "Carnot scales": (lambda: carnot(scales=(2.0, 1.0)), r"`scales` must be \(smaller, larger\)"),
    # models
    "exchange of one": (lambda: models.exchange((N,), (X,), []), r"`parts` must hold two Hamilto"),
    "exchange of a number": (lambda: models.exchange(3, (X,), 1.0), r"`parts` must be a sequence"),
    "exchange couplings": (
        lambda: models.exchange((N, N), (X, X), "a"),
        r"`couplings` must be numbers, got 'a' \(str\)",
    ),
    "spins of a number": (
        lambda: models.qubit_and_spins(1.0, 3, 1.0),
        r"`gaps` must be a sequence of numbers, got 3",
    ),
    # schedules
    "times decreasing": (
        lambda: qt.PiecewiseConstant([2.0, 1.0], [1.0, 2.0, 3.0]),
        r"`times` must increase strictly, but entry 1 \(1\) does not exceed entry 0 \(2\)",
    ),
    "vector function": (
        lambda: qt.Driven([(lambda t: jnp.ones(2), X)]),
        r"must return one real number of floating type .* its shape is \(2,\) .*one schedule for",
    ),
    "complex function": (
        lambda: qt.Driven([(lambda t: jnp.exp(1j * t), X)]),
        r"its dtype complex128; give real and imaginary part as two schedules",
    ),
    "whole function": (
        lambda: qt.Driven([(lambda t: 1, X)]),
        r"`terms\[0\]\[0\]` \(<lambda>\) .* dtype int64; write `1\.0` in place of `1`",
    ),
    "branching function": (
        lambda: qt.Channel(lambda t: 1.0 if t > 0 else 0.0, X),
        r"`rate` \(<lambda>\) must be written with jax\.numpy.*`jnp\.where` in place of `if`",
    ),
    "function of two": (
        lambda: qt.Channel(lambda t, x: t, X),
        r"`rate` \(<lambda>\) cannot be called: .*missing 1 required positional argument",
    ),
    "final class": (
        lambda: qt.Driven([(Sine(1.0), X)]),
        r"`terms\[0\]\[0\]` \(Sine\) is a subclass of Constant, which is final; make it one of `A",
    ),
    "breakpoints": (
        lambda: qt.Driven([(Broken(), X)]),
        r"\(Broken\): `breakpoints` must return a vector of times, got shape \(\)",
    ),
    # sizes that end the process where nobody asks first
    "forty parts": (
        lambda: qt.algebra.collective(X, 40),
        r"`parts` asks for an array of 1\.21e\+24 complex numbers, 1\.8e\+16 GiB, .*keep fewer",
    ),
    "parts without end": (
        lambda: qt.algebra.collective(X, 10**12),
        r"`parts` asks for an array of 10\^60205999\d+ c",
    ),
    "levels without end": (lambda: qt.destroy(10**12), r"`d` asks for an array of 1e\+24 complex"),
    "spin without end": (lambda: qt.spin(1e12, "z"), r"`j` asks for an array of 4e\+24 complex"),
    "dims without end": (lambda: qt.embed(X, (2,) * 40, 0), r"`dims` asks for .*GiB of memory"),
    "tensor without end": (lambda: qt.tensor(*[X] * 40), r"`operators` asks for an array of 1\.21"),
    "modes without end": (lambda: qt.algebra.fermions(40), r"`modes` asks for an array of 1\.21"),
    "ket without end": (lambda: qt.ket((0, 0), (10**9, 10**9)), r"`dims` asks for an array of 1e"),
    "basis without end": (lambda: qt.algebra.traceless_basis(10**4), r"`d` asks for .* 1e\+16 com"),
    "chain without end": (
        lambda: models.xxz_chain(40, exchange=1.0, anisotropy=1.0),
        r"`sites` asks for an array",
    ),
    "battery without end": (
        lambda: models.dicke_battery(10**7, frequency=1.0, coupling=0.1, levels=4),
        r"`cells` asks for an array of 1e\+14 complex numbers",
    ),
    "oscillator without end": (
        lambda: models.qubit_and_oscillator(1.0, 1.0, 0.1, 10**7),
        r"`levels` asks for an array",
    ),
    "history without end": (lambda: minimize(steps=10**14), r"`steps` asks for an array"),
    "cycles without end": (
        lambda: qt.machines.repeat(CYCLE, STATE, 10**12),
        r"`cycles` asks for an",
    ),
    "panels without end": (
        lambda: qt.machines.clausius_integral(CYCLE.strokes[0], STATE, panels=10**12),
        r"`panels` asks for an array",
    ),
    "points without end": (
        lambda: qt.thermodynamics.optimal_erasure(0.5, 0.1, 9.0, 1.0, 1.0, points=10**14),
        r"`points` asks for an array",
    ),
    "spins without end": (
        lambda: models.qubit_and_spins(1.0, [1.0] * 10**5, 1.0),
        r"`gaps` asks for an array of 10\^602\d\d complex numbers, 10\^\d+ GiB",
    ),
    "qubits without end": (
        lambda: qt.composite_system([N] * 60),
        r"`parts` asks for an array of 1\.33e\+36 complex numbers",
    ),
    "partners without end": (
        lambda: models.exchange([N] * 60, [X] * 60, np.ones(59)),
        r"`parts` asks for an array of 1\.33e\+36 complex numbers",
    ),
    "order without end": (lambda: qt.Taylor(10**9), r"`order` must be at most 256, got 1000000000"),
    "points of a sweep without end": (
        lambda: qt.sweep(
            lambda a, b, c, d: a * b * c * d,
            dict.fromkeys("abcd", np.arange(1e5)),
            store="never.zarr",
        ),
        r"`grid` asks for 1e\+20 points of 8 bytes, 7\.45e\+11 GiB in all, and the disk of `store`",
    ),
    # functions of the user's that cannot be called as they must be
    "residual bath of nothing": (
        lambda: coordinate(bath=lambda: 1.0),
        r"`bath` must be a function of 3 arguments, got <fun",
    ),
    "residual bath that is none": (
        lambda: coordinate(bath=lambda *given: 1.0),
        r"`bath\(operator, temperature, spectrum\)` must be a bath of qtjax, got 1\.0 \(float\)",
    ),
    "loss of nothing": (lambda: minimize(lambda: 1.0), r"`loss\(start\)` .* cannot be called: "),
    "loss of two": (
        lambda: minimize(lambda x: jnp.array([x, x])),
        r"`loss\(start\)` must be one real number, or .*got an array of shape \(2,\)",
    ),
    "finer of nothing": (
        lambda: minimize(finer=lambda: 1.0),
        r"`finer` must be .* of one argument",
    ),
    "callback of one": (
        lambda: minimize(callback=lambda p: None),
        r"`callback` must be a function of 2 arguments",
    ),
    "objectives of nothing": (
        lambda: qt.design.pareto_front(lambda: 1.0, jnp.ones(2), optax.adam(0.1), steps=1),
        r"`objectives` must be a function of one argument",
    ),
    "one objective": (
        lambda: qt.design.pareto_front(lambda x: x, jnp.ones(2), optax.adam(0.1), steps=1),
        r"`objectives\(starts\[k\]\)` must be two scalars",
    ),
    # what to optimize with
    "optimizer by name": (
        lambda: qt.optimize(loss, 0.5, "adam", steps=1),
        r"`optimizer` must be one of Optax, .*'adam'",
    ),
    "bounds as a pair": (
        lambda: minimize(bounds=(0.0, 1.0)),
        r"`bounds` must be `Bounded`, .*0\.0",
    ),
    "bounds of another tree": (
        lambda: minimize(bounds={"a": qt.Positive()}),
        r"`bounds` must be one bound, or a tree",
    ),
    "start of nothing": (lambda: minimize(start=None), r"`start` must hold at least one number"),
    "start of text": (lambda: minimize(start="a"), r"`start` must be real numbers, got 'a'"),
    "chunks of nothing": (
        lambda: minimize(checkpoint_every=0),
        r"`checkpoint_every` must be a who",
    ),
    "rounds of nothing": (lambda: minimize(round_steps=0), r"`round_steps` must be a whole number"),
    "checkpoint as a number": (
        lambda: minimize(checkpoint=3.0),
        r"`checkpoint` must be the path of a file, .*got 3\.0",
    ),
    "feasible at any price": (lambda: minimize(feasibility=math.inf), r"`feasibility` must be fin"),
    "summary of text": (lambda: qt.design.summary("a"), r"`optimum` must be an `Optimum`, got 'a'"),
    "free text": (
        lambda: qt.design.to_parameters(None, "a"),
        r"`free` must be real numbers, got 'a'",
    ),
    "attributes as a list": (
        lambda: qt.design.sweep(lambda gap: gap, {"gap": [1.0]}, store="x", attributes=[1.0]),
        r"`attributes` must be a dictionary, got \[1\.0\]",
    ),
    # margins
    "target of text": (
        lambda: qt.design.equal(1.0, "a"),
        r"`target` must be real numbers, got 'a'",
    ),
    "unit of nothing": (lambda: qt.design.at_least(1.0, 2.0, unit=0.0), r"`unit` must be > 0, got"),
    "schedule of text": (
        lambda: qt.design.roughness("a", [0.0, 1.0]),
        r"`schedule` must be a real",
    ),
    "speed without end": (
        lambda: qt.design.slope_at_most(jnp.sin, math.inf, [0.0]),
        r"`most` must be finite",
    ),
    "values of none": (
        lambda: qt.design.smooth_maximum([]),
        r"`values` must be a vector of 1 or m",
    ),
    # others
    "erasure without end": (
        lambda: qt.thermodynamics.optimal_erasure(0.5, 0.1, 1e300, 1.0, 1.0),
        r"`duration` is 1e\+300, so long that",
    ),
    "spectrum at text": (
        lambda: qt.dynamics.check_spectrum(FLAT, "a"),
        r"`frequencies` must be real numbers, got 'a'",
    ),
    "matrices as a number": (
        lambda: qt.Moving(lambda t: t, None, 3.0),
        r"`matrices` must be a sequence of real matrices",
    ),
}


def table():
    """name: calls without arguments, by the name of the argument and what is wrong with it."""
    tables = (
        (SCALARS, NO_SCALARS, ALLOWED),
        (TOLERANCES, NO_SCALARS, ALLOWED),
        (OPERATORS, NO_OPERATORS, NO_OPERATOR_ALLOWED),
        (FUNCTIONS, NO_SCHEDULES, ()),
        (OPERATOR_FUNCTIONS, NO_OPERATOR_FUNCTIONS, ()),
        (COUNTS, NO_COUNTS, NO_COUNT_ALLOWED),
        (VECTORS, NO_VECTORS, ()),
    )
    for calls, wrong, allowed in tables:
        for name, (argument, call) in calls.items():
            for kind, value in wrong.items():
                if (name, kind) not in allowed:
                    yield f"{name}: {kind}", argument, lambda call=call, value=value: call(value)


def outcome(call):
    """The type and the message of what a call raises."""
    try:
        call()
    except Exception as error:
        return [type(error).__name__, str(error)]
    return ["nothing", ""]


def outcomes():
    found = {name: [argument, *outcome(call)] for name, argument, call in table()}
    special = {name: outcome(call) for name, (call, _) in SPECIAL.items()}
    return {"table": found, "special": special}


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    warnings.simplefilter("error")
    json.dump(outcomes(), sys.stdout)
