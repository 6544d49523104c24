"""A qubit reset in minimal time: a bounded resonant drive, with the bath on all the while.

In the frame of the drive H = u(t) sigma_x/2 with |u| <= 3; the bath has rate 1 and n = 0.05.
"""

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import optax

import qtjax as qt

TARGET, N, LIMIT = 0.93, 0.05, 3.0
BATH = qt.Lindblad([qt.destroy(2), qt.create(2)], [1.0 + N, N])
EXCITED = jnp.diag(jnp.array([0.0, 1.0]))


def ground(p):
    """Population of the ground state at the end, from the excited state."""
    edges = jnp.cumsum(p["lengths"])
    drive = qt.PiecewiseConstant(edges[:-1], p["controls"])
    system = qt.OpenSystem(qt.Driven([(drive, 0.5 * qt.sigmax())]), BATH)
    ts = jnp.stack([jnp.zeros(()), edges[-1]])
    return qt.evolve(system, EXCITED, ts, throw=False).state[0, 0].real


def loss(p):
    return jnp.sum(p["lengths"]), 20.0 * (ground(p) - TARGET)[None]


found = qt.optimize(
    loss,
    {"controls": jnp.array([2.0, 1.0, 0.5]), "lengths": jnp.array([0.8, 0.8, 0.8])},
    optax.adam(optax.cosine_decay_schedule(0.05, 600)),
    steps=600,
    round_steps=25,
    feasibility=1e-6,
    bounds={"controls": qt.Bounded(-LIMIT, LIMIT), "lengths": qt.Positive()},
)
controls, lengths, time = *found.parameters.values(), found.loss
rest = (1.0 + N) / (1.0 + 2.0 * N)
undriven = jnp.log(rest / (rest - TARGET)) / (1.0 + 2.0 * N)
figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
ax.stairs(controls, jnp.append(0.0, jnp.cumsum(lengths)), color="C3")
ax.set(xlabel="time", ylabel="drive u", title=f"ground state {TARGET} in {time:.3f}")
figure.savefig("qubit_reset.png", dpi=150)
print(f"driven {time:.6f}, undriven {undriven:.6f}: {undriven / time:.2f} times as fast")
print("drive", controls.round(4), "for", lengths.round(4), f"violation {found.violation:.0e}")
