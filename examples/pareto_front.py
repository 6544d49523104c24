"""Power against efficiency of an Otto engine: the best ramps and times for every compromise."""

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import optax

import qtjax as qt
from qtjax.plots import pareto

cold, hot = 0.5 * qt.sigmaz() + 0.3 * qt.sigmax(), qt.sigmaz() + 0.3 * qt.sigmax()


def objectives(parameters, steps=16):
    """Power and efficiency as functions of three knots for each ramp and of the four durations."""
    cycle = qt.otto_cycle(
        cold,
        hot,
        couplings=(qt.sigmax(), qt.sigmaz()),
        temperatures=(0.5, 4.0),
        rate=0.5,
        durations=parameters["durations"],
        ramps=[qt.Ramp(knots) for knots in parameters["knots"]],
    )
    solution = qt.limit_cycle(cycle, steps=steps, throw=False)
    return qt.design.power_output(solution), qt.design.smooth_efficiency(solution)


keys = jax.random.split(jax.random.key(0), 2)
starts = {
    "durations": jnp.exp(jax.random.uniform(keys[0], (6, 4), minval=-1.0, maxval=1.5)),
    "knots": jnp.array([0.25, 0.5, 0.75]) + 0.1 * jax.random.normal(keys[1], (6, 2, 3)),
}
front = qt.design.pareto_front(
    objectives,
    starts,
    optax.adam(0.03),
    steps=200,
    points=9,
    bounds={"durations": qt.Bounded(0.05, 20.0), "knots": None},
    finer=lambda p: objectives(p, steps=64),
)
figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
pareto(ax, front, first="power", second="efficiency")
figure.savefig("pareto_front.png", dpi=150)
for (power, efficiency), change in zip(front.values, front.change, strict=True):
    print(f"power {power:.6f} at efficiency {efficiency:.4f} (finer: {change[0]:+.1e})")
