"""A bit erased in finite time at the least heat: gradients through a driven stroke with its bath.

One level, p' = f - p with f = 1/(1 + e^energy): Esposito et al., EPL 89, 20003 (2010).
"""

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import optax

import qtjax as qt
from qtjax.dynamics import FermionicLead
from qtjax.thermodynamics.optimal_erasure import optimal_erasure

START, END, TIME, N = 0.5, 0.01, 10.0, qt.number(2)
TIMES = jnp.array([0.0, TIME])


def erased(knots):
    """Heat to the bath, and the occupation at the end; the energy may jump at both ends."""
    energy = qt.Spline(knots, 0.0, TIME)
    lead = FermionicLead(qt.destroy(2), energy, 1.0, 0.0, 1.0)
    system = qt.OpenSystem(qt.Driven([(energy, N)]), lead)
    solution = qt.evolve(system, jnp.diag(jnp.array([1 - START, START])), TIMES, throw=False)
    return -solution.ledger.heat[-1, 0], solution.state[1, 1].real


def loss(knots):
    heat, occupation = erased(knots)
    return heat, (END - occupation)[None] / END


exact = optimal_erasure(START, END, TIME, 1.0, 1.0)
start = jnp.linspace(1.0, 5.0, 12)
found = qt.optimize(
    loss, start, optax.adam(optax.cosine_decay_schedule(0.1, 500)), steps=500, feasibility=1e-7
)
times = jnp.linspace(0.0, TIME, 201)
figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
ax.plot(times, jax.vmap(qt.Spline(found.parameters, 0.0, TIME))(times), label="gradients, 12 knots")
ax.plot(exact.times, exact.energy, "k--", label="first integral")
ax.set(xlabel="time", ylabel="energy of the level")
ax.legend()
figure.savefig("erasure.png", dpi=150)
print(f"heat {found.loss:.9f}, least possible {-exact.heat:.9f}, violation {found.violation:.1e}")
