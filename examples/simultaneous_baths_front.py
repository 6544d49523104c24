"""A two-state engine with both baths at once: its largest power, and power against efficiency.

Forão, Berx and Fiore, New J. Phys. 27, 074605 (2025): rates e^{+-beta e/2}, beta = 1 and 2.
"""

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import optax

import qtjax as qt
from qtjax.papers.two_state import engine_power
from qtjax.plots import pareto

BETAS = jnp.array([1.0, 2.0])


def objectives(parameters):
    """Power and efficiency, from the energy that the hot bath flips and the efficiency."""
    hot, efficiency = parameters
    energies = jnp.stack([hot, (1.0 - efficiency) * hot])
    return engine_power(energies, BETAS, 1.0, 0.0), efficiency


front = qt.design.pareto_front(
    objectives,
    jnp.array([[3.0, 0.2], [5.0, 0.3], [8.0, 0.4]]),
    optax.adam(optax.cosine_decay_schedule(0.05, 500)),
    steps=500,
    points=9,
    bounds=qt.Bounded(jnp.array([0.5, 0.1]), jnp.array([12.0, 0.49])),
)
figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
pareto(ax, front, first="power", second="efficiency")
figure.savefig("simultaneous_baths_front.png", dpi=150)
print(f"largest power {front.values[0, 0]:.12f} at efficiency {front.values[0, 1]:.8f}")
for power, efficiency in front.values[1:]:
    print(f"power {power:.8f} at efficiency {efficiency:.4f}")
