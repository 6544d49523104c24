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

TARGET, N, PIECES, LIMIT = 0.93, 0.05, 8, 3.0
BATH = qt.Lindblad([qt.destroy(2), qt.create(2)], [1.0 + N, N])
EXCITED = jnp.diag(jnp.array([0.0, 1.0]))


def ground(controls, time):
    """Population of the ground state at the end, from the excited state."""
    edges = time * jnp.linspace(0.0, 1.0, PIECES + 1)
    drive = qt.Driven([(qt.PiecewiseConstant(edges[1:-1], controls), 0.5 * qt.sigmax())])
    system = qt.OpenSystem(drive, BATH)
    return qt.evolve(system, EXCITED, edges[jnp.array([0, -1])], throw=False).state[0, 0].real


def loss(p):
    return p["time"], (ground(p["controls"], p["time"]) - TARGET)[None]


start = {"controls": jnp.linspace(2.0, 0.5, PIECES), "time": jnp.array(2.5)}
found = qt.optimize(
    loss,
    start,
    optax.adam(optax.cosine_decay_schedule(0.05, 600)),
    steps=600,
    bounds={"controls": qt.Bounded(-LIMIT, LIMIT), "time": qt.Positive()},
)
controls, time = found.parameters["controls"], found.parameters["time"]
rest = (1.0 + N) / (1.0 + 2.0 * N)
undriven = jnp.log(rest / (rest - TARGET)) / (1.0 + 2.0 * N)
figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
ax.stairs(controls, time * jnp.linspace(0.0, 1.0, PIECES + 1), color="C3")
ax.set(xlabel="time", ylabel="drive u", title=f"ground state {TARGET} in {time:.3f}")
figure.savefig("qubit_reset.png", dpi=150)
print(f"driven {time:.6f}, undriven {undriven:.6f}: {undriven / time:.2f} times as fast")
print("drive", controls.round(4))
