"""Power of the reference Otto engine against the time of its ramps: friction against speed."""

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

import qtjax as qt

cold, hot = 0.5 * qt.sigmaz() + 0.3 * qt.sigmax(), qt.sigmaz() + 0.3 * qt.sigmax()


def figures(ramp_time):
    cycle = qt.limit_cycle(
        qt.otto_cycle(
            cold,
            hot,
            couplings=(qt.sigmax(), qt.sigmaz()),
            temperatures=(0.5, 4.0),
            rate=0.5,
            durations=(2.0, ramp_time, 2.0, ramp_time),
        ),
        throw=False,
    )
    return cycle.power, cycle.efficiency, cycle.result == qt.RESULTS.successful


times = jnp.linspace(0.0, 8.0, 201)
power, efficiency, good = jax.jit(jax.vmap(figures))(times)

figure, left = plt.subplots(figsize=(6, 4), layout="constrained")
left.plot(times, power, color="C3")
left.set(xlabel="time of each ramp", ylabel="power")
left.yaxis.label.set_color("C3")
right = left.twinx()
right.plot(times, efficiency, color="C0")
right.set_ylabel("efficiency", color="C0")
figure.savefig("otto_power.png", dpi=150)

best = int(jnp.argmax(power))
print(
    f"{int(good.sum())} of {len(times)} solved; largest power {float(power[best]):.6f} at ramps "
    f"of {float(times[best]):.2f}, efficiency {float(efficiency[best]):.6f}"
)
