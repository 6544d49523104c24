"""What a stranger adds, written from the documentation alone, on every path, with gradients.

Every class here defines what its docstring asks for and nothing else; nothing is registered,
declared or promised.
"""

import diffrax as dfx
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jaxtyping import Array, Float

import qtjax as qt
from qtjax.dynamics import AbstractMethod, Integrated

X, Z, N = qt.sigmax(), qt.sigmaz(), qt.number(2)
RHO0 = qt.algebra.from_bloch(np.array([0.3, 0.2, -0.5]))
TS = jnp.array([0.0, 0.8, 2.0])
STEP = 1e-3


class Blink(qt.AbstractSchedule):
    """A schedule: one method."""

    height: Float[Array, ""]

    def __call__(self, t):
        return self.height * jnp.sin(3.0 * t) ** 2


class Sech(qt.AbstractSpectrum):
    """A spectrum: one method."""

    strength: Float[Array, ""]

    def __call__(self, omega):
        return self.strength * omega / jnp.cosh(omega)


class Rotating(qt.AbstractHamiltonian):
    """A Hamiltonian as a function of time."""

    gap: Float[Array, ""]

    def __call__(self, t):
        return self.gap * Z + 0.4 * (jnp.cos(t) * X + jnp.sin(t) * qt.sigmay())


class Summed(qt.AbstractHamiltonian):
    """A Hamiltonian as a sum of terms."""

    gap: Float[Array, ""]

    def terms(self):
        return (qt.dynamics.Term(self.gap, Z), qt.dynamics.Term(Blink(jnp.asarray(0.4)), X))


class Leak(qt.AbstractDissipator):
    """A bath of one given operator at a rate that moves."""

    temperature: None = None
    rate: Float[Array, ""] = eqx.field(default_factory=lambda: jnp.asarray(0.2))

    def channels(self, hamiltonian):
        return (qt.Channel(Blink(self.rate), qt.destroy(2)),)


class Follower(qt.AbstractDissipator):
    """A bath that thermalizes in the eigenbasis of H(t): it reads H, and says so nowhere."""

    temperature: Float[Array, ""]
    rate: Float[Array, ""]

    def channels(self, hamiltonian):
        def jumps(t):
            h = hamiltonian(t)
            energies, vectors = jnp.linalg.eigh(h)
            lower = jnp.outer(vectors[:, 0], vectors[:, 1].conj())
            n = 1.0 / jnp.expm1((energies[1] - energies[0]) / self.temperature)
            return self.rate * jnp.stack([n + 1.0, n]), jnp.stack([lower, lower.conj().T])

        return (qt.Moving(jumps),)


class Pair(qt.AbstractDissipator):
    """Two operators in one channel, with a partner."""

    temperature: None = None
    rate: Float[Array, ""] = eqx.field(default_factory=lambda: jnp.asarray(0.2))

    def channels(self, hamiltonian):
        return (
            qt.Channel(self.rate, qt.destroy(2)),
            qt.Channel(0.3 * self.rate, qt.destroy(2), partner=Z),
            qt.Channel(self.rate, Z),
        )


SYSTEMS = {
    "schedule": lambda p: qt.OpenSystem(
        qt.Driven([(Blink(p[0]), X), (p[1], Z)]), qt.Lindblad(qt.destroy(2), p[2])
    ),
    "terms": lambda p: qt.OpenSystem(Summed(p[0]), Leak(rate=p[2])),
    "function": lambda p: qt.OpenSystem(Rotating(p[0]), Leak(rate=p[2])),
    "plain function": lambda p: qt.OpenSystem(
        lambda t: p[0] * Z + p[1] * jnp.cos(t) * X, qt.Lindblad(qt.destroy(2), lambda t: p[2] * t)
    ),
    "spectrum": lambda p: qt.OpenSystem(
        Summed(p[0]), qt.LocalBath(qt.create(2), p[1], 0.7, Sech(p[2]))
    ),
    "follower": lambda p: qt.OpenSystem(Rotating(p[0]), Follower(p[1], p[2])),
    "two operators": lambda p: qt.OpenSystem(Summed(p[0]), Pair(rate=p[2])),
}
PARAMETERS = jnp.array([0.9, 0.6, 0.3])


def numbers(make, solver):
    """The last state, heats and work, as one vector."""

    def value(p):
        solution = qt.evolve(make(p), RHO0, TS, solver=solver, throw=False)
        books = solution.ledger
        rows = [solution.state.real.ravel(), solution.state.imag.ravel(), books.heat[-1]]
        return jnp.concatenate([*rows, books.work[-1:]]), solution

    return value


@pytest.mark.filterwarnings("ignore:`baths")
@pytest.mark.parametrize("name", SYSTEMS)
def test_a_strangers_parts_on_every_path(name):
    default = jax.jit(numbers(SYSTEMS[name], None))
    found, solution = default(PARAMETERS)
    assert bool(solution.result == qt.RESULTS.successful)
    assert abs(float(solution.ledger.first_law_residual[-1])) < 1e-9
    other, diffrax = jax.jit(numbers(SYSTEMS[name], dfx.Dopri8()))(PARAMETERS)
    assert diffrax.method == "diffrax"
    assert bool(diffrax.result == qt.RESULTS.successful)
    np.testing.assert_allclose(found, other, rtol=0, atol=1e-9)


@pytest.mark.filterwarnings("ignore:`baths")
@pytest.mark.parametrize(
    "name",
    ["plain function", *(
        pytest.param(name, marks=pytest.mark.slow) for name in SYSTEMS if name != "plain function"
    )],
)  # fmt: skip
def test_gradients_by_a_strangers_parameters(name):
    default = jax.jit(numbers(SYSTEMS[name], None))
    jacobian = jax.jit(jax.jacrev(lambda p: numbers(SYSTEMS[name], None)(p)[0]))(PARAMETERS)
    for k, direction in enumerate(STEP * np.eye(3)):
        a, b, c, d = (default(PARAMETERS + s * direction)[0] for s in (1, -1, 2, -2))
        difference = (8 * (a - b) - (c - d)) / (12 * STEP)
        np.testing.assert_allclose(jacobian[:, k], difference, rtol=0, atol=2e-7)


def test_two_operators_are_the_gamma_matrix():
    """rate (L rho R^+ - {R^+ L, rho}/2) + h.c.: the off-diagonal of a matrix of rates."""
    system = qt.OpenSystem(Z, Pair())
    down, rho = qt.destroy(2), RHO0
    gamma = jnp.array([[0.2, 0.06], [0.06, 0.2]])
    operators = [down, Z]
    wanted = sum(
        gamma[i, j] * (a @ rho @ qt.dag(b) - 0.5 * (qt.dag(b) @ a @ rho + rho @ qt.dag(b) @ a))
        for i, a in enumerate(operators) for j, b in enumerate(operators)
    )  # fmt: skip
    found = qt.dynamics.dissipative_parts(system, 0.0, rho)[0]
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-14)


class FourthOrder(AbstractMethod):
    """A method: a hundred Runge-Kutta steps between any two edges, and their error by halving."""

    name = "runge-kutta"

    def integrate(self, equation, problem):
        g = equation.dense()

        def run(steps):
            def step(y, ends):
                t, h = ends[0], ends[1] - ends[0]
                x = y[: equation.size]

                def slope(t, x):
                    return g(t) @ x

                n = equation.size
                k1 = slope(t, x)
                k2 = slope(t + h / 2, x + h / 2 * k1[:n])
                k3 = slope(t + h / 2, x + h / 2 * k2[:n])
                k4 = slope(t + h, x + h * k3[:n])
                return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4), None

            def piece(y, ends):
                ts = ends[0] + (ends[1] - ends[0]) * jnp.linspace(0.0, 1.0, steps + 1)
                y = jax.lax.scan(step, y, jnp.stack([ts[:-1], ts[1:]], axis=1))[0]
                return y, y

            y0 = jnp.concatenate([problem.x0, jnp.zeros(equation.books)])
            ends = jnp.stack([problem.edges[:-1], problem.edges[1:]], axis=1)
            return jnp.concatenate([y0[None], jax.lax.scan(piece, y0, ends)[1]])

        fine, coarse = run(100), run(50)
        n, error = equation.size, jnp.max(jnp.abs(fine - coarse)) / 15
        return Integrated(
            fine[:, :n], fine[:, n:], qt.RESULTS.successful, jax.lax.stop_gradient(error), 100
        )


@pytest.mark.filterwarnings("ignore:`baths")
def test_a_method_of_ones_own():
    system = SYSTEMS["terms"](PARAMETERS)
    own = qt.evolve(system, RHO0, TS, solver=FourthOrder(), rtol=1e-7, atol=1e-9)
    usual = qt.evolve(system, RHO0, TS)
    assert own.method == "runge-kutta"
    np.testing.assert_allclose(own.state, usual.state, rtol=0, atol=1e-8)
    np.testing.assert_allclose(own.ledger.heat, usual.ledger.heat, rtol=0, atol=1e-8)
    strict = qt.evolve(system, RHO0, TS, solver=FourthOrder(), throw=False)
    assert bool(strict.result == qt.RESULTS.unresolved)  # its own error says so


class Squared(qt.design.AbstractBound):
    """A bound: x > 0 as a square."""

    def to_parameter(self, free):
        return free**2

    def to_free(self, parameter):
        return jnp.sqrt(parameter)

    def contains(self, parameter):
        return parameter > 0.0


def test_a_bound_of_ones_own():
    """The minimum of (x - 2)^2 + (x > 0) is found from inside."""
    start, bounds = {"x": jnp.asarray(0.5)}, {"x": Squared()}
    best = qt.optimize(
        lambda p: (p["x"] - 2.0) ** 2, start, optax.adam(5e-2), steps=300, bounds=bounds
    )
    assert abs(float(best.parameters["x"]) - 2.0) < 1e-3
