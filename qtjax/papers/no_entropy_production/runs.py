"""The systems that the paper's equations are computed on, each run once."""

import dataclasses
import functools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ...algebra.canonical import CanonicalForm
from ...algebra.composite import partial_trace, tensor
from ...algebra.operators import destroy, number, sigmax, sigmaz
from ...algebra.states import random_density_matrix, thermal_state
from ...dynamics.dissipators import Lindblad
from ...dynamics.evolve import Solution, evolve
from ...dynamics.local_bath import LocalBath
from ...dynamics.open_system import OpenSystem, canonical_generator
from ...dynamics.spectra import Flat, thermal_rates
from ...dynamics.steady_state import steady_state
from ...machines.carnot import stepwise_carnot_cycle
from ...machines.cycle import CycleSolution, limit_cycle
from ...machines.otto import otto_cycle
from ...models.exchange import exchange, partial_swap
from ...models.time_local import LorentzianDamping, Oscillating, eternal_dephasing
from ...thermodynamics.parts import part_rates
from ...thermodynamics.production import bath_rates, coherence_split, fixed_point_production
from ...thermodynamics.rates import rates
from ...thermodynamics.state_temperatures import temperatures

N = number(2)


def state(system: OpenSystem, t: Any, rho: Any) -> Any:
    """The state itself, to be saved next to other things."""
    return rho


OPEN = {
    "state": state,
    "rates": rates,
    "baths": bath_rates,
    "fixed_point": fixed_point_production,
    "split": coherence_split,
    "temperatures": temperatures,
}
BETWEEN_BATHS = {name: OPEN[name] for name in ("state", "rates", "baths", "fixed_point")}
CLOSED = {"state": state, "parts": part_rates}


@dataclasses.dataclass(frozen=True)
class Run:
    """A system and its trajectory; `saved` holds what OPEN or CLOSED names.

    Args:
        name: as it is printed.
        system: the open system.
        solution: its trajectory with states, for the accountings over the whole history.
        saved: diagnostics over the times.
    """

    name: str
    system: OpenSystem
    solution: Solution
    saved: Any

    def index(self, t: float) -> int:
        """The number of the time nearest to t."""
        return int(np.argmin(np.abs(np.asarray(self.solution.ts) - t)))


def run(name: str, system: OpenSystem, rho0: Any, ts: Any, save: dict[str, Any]) -> Run:
    """Evolve once and keep states and diagnostics."""
    solution = evolve(system, rho0, ts, save=save)
    states = eqx.tree_at(lambda s: s.saved, solution, solution.saved["state"])
    return Run(name, system, states, solution.saved)


@dataclasses.dataclass(frozen=True)
class Relaxation:
    """A qubit H = w n in one thermal bath, with its closed form (docs/physics.md, section 6).

    Args:
        gap: w.
        temperature: of the bath.
        rate: gamma0.
        excited: initial excited population.
        coherence: initial |rho_ge|.
    """

    gap: float = 1.0
    temperature: float = 0.5
    rate: float = 0.2
    excited: float = 0.1
    coherence: float = 0.2

    def system(self) -> OpenSystem:
        """The open system; |1> is the excited level."""
        bath = LocalBath(destroy(2), self.gap, self.temperature, Flat(self.rate))
        return OpenSystem(self.gap * N, bath)

    def start(self) -> Any:
        """The initial state."""
        p, c = self.excited, self.coherence
        return jnp.array([[1 - p, c], [c, p]])

    def closed_form(self, t: float) -> dict[str, float]:
        """S, S', Q', T and spohn = S' - Q'/T_bath at t > 0, from z and |c|."""
        relax = self.rate / np.tanh(self.gap / (2 * self.temperature))
        z_eq = -np.tanh(self.gap / (2 * self.temperature))
        z = z_eq + (2 * self.excited - 1 - z_eq) * np.exp(-relax * t)
        c = 2 * self.coherence * np.exp(-relax * t / 2)
        z_dot, c_dot, r = -relax * (z - z_eq), -relax / 2 * c, np.hypot(z, c)
        p = (1 + r) / 2
        entropy_rate = -(np.arctanh(r) / r) * (z * z_dot + c * c_dot)
        heat = self.gap * z_dot / 2
        return {
            "excited": (1 + z) / 2,
            "entropy": float(-p * np.log(p) - (1 - p) * np.log(1 - p)),
            "entropy_rate": float(entropy_rate),
            "heat_current": float(heat),
            "temperature": float(heat / entropy_rate),
            "spohn": float(entropy_rate - heat / self.temperature),
        }

    def beta_at_infinity(self) -> float:
        """lim S'/Q' with coherence and no pure dephasing: not the bath's beta."""
        z_eq = -np.tanh(self.gap / (2 * self.temperature))
        z0, c0 = 2 * self.excited - 1, 2 * self.coherence
        return (1 - c0**2 / (2 * abs(z_eq) * (z0 - z_eq))) / self.temperature


class Runs:
    """All runs, each computed when it is first asked for."""

    relaxation_model = Relaxation()

    @functools.cached_property
    def relaxation(self) -> Run:
        """One qubit with coherence in one bath."""
        model = self.relaxation_model
        ts = jnp.linspace(0.0, 20.0, 81)
        return run("qubit with coherence, one bath", model.system(), model.start(), ts, OPEN)

    @functools.cached_property
    def two_baths(self) -> Run:
        """A diagonal qubit between a hot and a cold bath."""
        baths = [LocalBath(destroy(2), 1.0, t, Flat(g)) for t, g in ((2.0, 0.1), (0.5, 0.25))]
        system = OpenSystem(N, baths)
        start = jnp.diag(jnp.array([0.1, 0.9])) + 0j
        return run(
            "qubit between two baths", system, start, jnp.linspace(0.0, 40.0, 81), BETWEEN_BATHS
        )

    @functools.cached_property
    def swap(self) -> Run:
        """Two resonant qubits, closed."""
        system = partial_swap(1.0, 0.25)
        rho0 = tensor(thermal_state(N, 0.4), thermal_state(N, 1.5))
        ts = jnp.linspace(0.0, 2 * np.pi, 65)
        return run("two resonant qubits (partial swap), closed", system, rho0, ts, CLOSED)

    @functools.cached_property
    def pair(self) -> Run:
        """A qubit and a qutrit, closed, coupled off resonance, with coherence."""
        qutrit = jnp.diag(jnp.array([0.0, 0.9, 2.1]))
        system = exchange((N, qutrit), (destroy(2), destroy(3)), 0.3)
        rho0 = tensor(random_density_matrix(jax.random.key(3), 2), thermal_state(qutrit, 0.8))
        ts = jnp.linspace(0.0, 4.0, 17)
        return run("qubit and qutrit, closed", system, rho0, ts, CLOSED)

    @functools.cached_property
    def negative_rate(self) -> Run:
        """A diagonal qubit in a bath whose rate oscillates through zero."""
        down, up = thermal_rates(Flat(1.0), 1.0, 0.5)
        wave = Oscillating(0.1, 0.3, 1.0)
        rates_ = (_Scaled(down, wave), _Scaled(up, wave))
        bath = Lindblad([destroy(2), destroy(2).T], rates_, temperature=0.5)
        system = OpenSystem(N, bath)
        start = jnp.diag(jnp.array([0.6, 0.4])) + 0j
        ts = jnp.linspace(0.0, 12.0, 49)
        save = {"state": state, "rates": rates}
        return run("qubit, bath rate 0.1 + 0.3 cos t", system, start, ts, save)

    @functools.cached_property
    def eternal(self) -> CanonicalForm:
        """The generator of eternal non-Markovian dephasing at t = 1."""
        return canonical_generator(OpenSystem(N * 0.0, eternal_dephasing()), 1.0)

    @functools.cached_property
    def generic(self) -> OpenSystem:
        """A generator that is not in canonical form."""
        operators = [destroy(2) + 0.3 * jnp.eye(2), sigmaz(), sigmax() + 0.5j * sigmaz()]
        return OpenSystem(0.5 * sigmaz(), Lindblad(operators, jnp.array([0.4, 0.1, 0.2])))

    @functools.cached_property
    def canonical(self) -> CanonicalForm:
        """The canonical form of `generic`."""
        return canonical_generator(self.generic)

    @functools.cached_property
    def canonical_system(self) -> OpenSystem:
        """`generic`, written in its canonical form."""
        form = self.canonical
        return OpenSystem(form.hamiltonian, Lindblad(form.operators, form.rates))

    @functools.cached_property
    def engine(self) -> CycleSolution:
        """The limit cycle of a qubit Otto engine with friction."""
        cold, hot = 0.5 * sigmaz() + 0.3 * sigmax(), sigmaz() + 0.3 * sigmax()
        cycle = otto_cycle(
            cold, hot, couplings=(sigmax(), sigmaz()), temperatures=(0.5, 4.0), rate=0.5,
            durations=(2.0, 1.0, 2.0, 1.0),
        )  # fmt: skip
        return limit_cycle(cycle, steps=64)

    @functools.cached_property
    def isotherms(self) -> dict[int, CycleSolution]:
        """Stepwise Carnot cycles of a qubit by the number of steps of each isotherm."""
        return {n: self._isotherm(n) for n in (1, 2)}

    @staticmethod
    def _isotherm(steps: int) -> CycleSolution:
        return limit_cycle(
            stepwise_carnot_cycle(
                N, couplings=sigmax(), temperatures=(0.5, 2.0), scales=(1.0, 3.0), rate=1.0,
                duration=40.0, steps=steps,
            )
        )  # fmt: skip

    @functools.cached_property
    def ladder_bath(self) -> LocalBath:
        """A bath at T = 2 on a three-level ladder."""
        return LocalBath(destroy(3), 1.0, 2.0, Flat(0.1))

    @functools.cached_property
    def pseudomode(self) -> tuple[tuple[float, float], ...]:
        """(t, excited population) of the damped qubit, past zeros of G, by its pseudomode."""
        rho0 = tensor(jnp.diag(jnp.array([0.3, 0.7])), jnp.diag(jnp.array([1.0, 0.0])))
        times = (0.0, 10.0, 20.0)
        states = evolve(self.damping.pseudomode(), rho0, jnp.array(times)).saved
        found = [partial_trace(rho, (2, 2), 0)[1, 1].real for rho in states]
        return tuple((t, float(p)) for t, p in zip(times[1:], found[1:], strict=True))

    @functools.cached_property
    def steady(self) -> Any:
        """The steady state between the two baths."""
        return steady_state(self.two_baths.system).state

    damping = LorentzianDamping(1.0, 1.0, 0.1)


class _Scaled(eqx.Module):
    """A constant times a schedule."""

    factor: Any
    schedule: Any

    def __call__(self, t: Any) -> Any:
        return self.factor * self.schedule(t)
