"""A superconducting qubit between two resistors: twenty steps that cool faster than learned ones.

The refrigerator of Karimi and Pekola, Phys. Rev. B 94, 184503 (2016), in steps of the length that
Erdman and Noé, PNAS Nexus 2, pgad248 (2023), gave to learning, which found 8.63e-4.
"""

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import optax

import qtjax as qt
from qtjax.machines import piecewise_limit_cycle

STEP, DELTA = 0.9817477042468103, 0.12


def resistor(h, temperature, center):
    """A resistor behind a resonator of quality 4."""

    def spectrum(w):
        return 0.5 * w / (1.0 + 16.0 * (w / center - center / w) ** 2)

    return qt.DaviesBath(h, qt.sigmay(), temperature, spectrum)


def system(u):
    h = -(DELTA * qt.sigmax() + u * qt.sigmaz())
    baths = resistor(h, 0.15, 2 * DELTA), resistor(h, 0.3, 2 * jnp.sqrt(DELTA**2 + 0.25))
    return qt.OpenSystem(h, baths)


def cooling(u):
    cycle = piecewise_limit_cycle(system, u, STEP, throw=False)
    return cycle.heat[0] / cycle.period


starts = jax.random.uniform(jax.random.key(1), (12, 20), minval=0.02, maxval=0.7)
optimizer = optax.adam(optax.cosine_decay_schedule(0.1, 600))
found = qt.optimize(
    lambda u: -1e3 * cooling(u),
    starts,
    optimizer,
    steps=600,
    bounds=qt.Bounded(0.0, 0.75),
    many=True,
)
best = found.parameters[jnp.argmin(found.loss)]
powers = jnp.sort(-1e-3 * found.loss)
figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
ax.step(STEP * jnp.arange(41), jnp.tile(best, 3)[:41], where="post")
ax.set(xlabel="time", ylabel="control u")
figure.savefig("qubit_refrigerator.png", dpi=150)
print(f"cooling power {cooling(best):.4e}; of the starts, {powers[0]:.3e} to {powers[-1]:.3e}")
