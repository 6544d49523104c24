"""A superconducting-qubit Otto engine in gigahertz and millikelvin: its power in attowatts."""

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import qtjax as qt

units = qt.units.natural("GHz", frequency="ordinary")
CAVITIES = units.to("20 mK"), units.to("300 mK")  # (cold, hot)
RATE = units.to("2 / us")  # of relaxation into a cold cavity
TUNNELING = units.to("1 GHz")
COLD = 0.5 * (units.to("4 GHz") * qt.sigmaz() + TUNNELING * qt.sigmax())


def engine(hot_frequency, isochore, ramp):
    """The limit cycle of a flux-tuned qubit that is coupled to two cavities in turn."""
    hot = 0.5 * (hot_frequency * qt.sigmaz() + TUNNELING * qt.sigmax())
    return qt.limit_cycle(
        qt.otto_cycle(
            COLD, hot, couplings=qt.sigmax(), temperatures=CAVITIES, rate=RATE,
            durations=(isochore, ramp, isochore, ramp),
        ),
        steps=512, throw=False,
    )  # fmt: skip


def power(hot_frequency, isochore):
    cycle = engine(hot_frequency, isochore, units.to("1 ns", "time"))
    return jnp.where(cycle.result == qt.RESULTS.successful, cycle.power, jnp.nan)


frequencies = jnp.linspace(4.2, 14.0, 50)  # in units of GHz
contacts = ["0.3 us", "1 us", "3 us"]
times = jnp.array([units.to(contact, "time") for contact in contacts])
grid = jax.jit(jax.vmap(jax.vmap(power, (0, None)), (None, 0)))(frequencies, times)
watts = units.out(np.asarray(grid), "aW")

figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
for contact, line, style in zip(contacts, watts.magnitude, ("-", "--", ":"), strict=True):
    axes.plot(frequencies, line, style, color="k", label=f"{contact} with each cavity")
axes.set(xlabel="qubit at the hot cavity (GHz)", ylabel="power (aW)")
axes.legend()
figure.savefig("superconducting_engine.png", dpi=150)

best = np.unravel_index(np.nanargmax(watts.magnitude), watts.shape)
print(
    f"largest power {watts[best]:.4f~} at {float(frequencies[best[1]]):.1f} GHz and "
    f"{contacts[best[0]]} with each cavity"
)
