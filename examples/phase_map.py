"""What a qubit Otto machine is, over its hot temperature and its cold gap: 200 x 200 machines."""

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

import qtjax as qt
from qtjax.plots import phase_map


def machine(hot, gap):
    cycle = qt.limit_cycle(
        qt.otto_cycle(
            0.5 * gap * qt.sigmaz() + 0.1 * qt.sigmax(),
            0.5 * qt.sigmaz() + 0.1 * qt.sigmax(),
            couplings=(qt.sigmax(),),
            temperatures=(0.4, hot),
            rate=0.5,
            durations=(3.0, 0.5, 3.0, 0.5),
        ),
        throw=False,
    )
    return {"work_output": cycle.work_output, "regime": cycle.regime_code}


grid = {"hot": np.linspace(0.45, 2.5, 200), "gap": np.linspace(0.1, 1.2, 200)}
maps = qt.sweep(machine, grid, store="phase_map.zarr")

figure, ax = plt.subplots(figsize=(5.2, 4.2), layout="constrained")
phase_map(ax, maps, x="hot", y="gap")
ax.set(xlabel="hot temperature", ylabel="cold gap / hot gap")
figure.savefig("phase_map.png", dpi=150)
best = maps.isel(maps.work_output.argmax(...))
print(f"most work {best.work_output:.5f} at hot = {best.hot:.3f}, gap = {best.gap:.3f}")
