"""A qubit with coherence thermalizes: its generalized temperature never reaches the bath's.

Both bookkeepings of entropy on one trajectory: the paper calls all of -tr(D(rho) ln rho) exterior,
Spohn and Alicki divide the heat by the bath's temperature and call the rest production.
"""

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

import qtjax as qt

n = qt.number(2)  # |1> is the excited level
bath = qt.LocalBath(qt.destroy(2), gap=1.0, temperature=0.5, spectrum=qt.Flat(0.2))
qubit = qt.OpenSystem(qt.Static(n), baths=(bath,))
rho0 = jnp.array([[0.9, 0.2 + 0.1j], [0.2 - 0.1j, 0.1]])

sol = qt.evolve(qubit, rho0, jnp.linspace(0.0, 60.0, 301), save=qt.rates)
beta = qt.generalized_temperature(sol.saved).beta

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
left.plot(sol.ts, sol.saved.entropy_rate, label="S'")
left.plot(sol.ts, sol.saved.exterior, "--", label="exterior (eq. 12)")
left.plot(sol.ts, sol.saved.interior, ":", label="interior (eq. 11)")
left.plot(sol.ts, sol.saved.spohn_production, label="Spohn production")
left.set(xlabel="t", ylabel="nats per time", xlim=(0, 20))
left.legend()
right.plot(sol.ts, beta, label="1/T(t), eq. (17)")
right.axhline(2.0, color="k", lw=0.8, label="bath")
right.set(xlabel="t", ylabel="inverse temperature")
right.legend()
figure.savefig("thermalizing_qubit.png", dpi=150)

print(f"beta(60) = {float(beta[-1]):.4f}, bath 2, first-law residual "
      f"{float(jnp.max(jnp.abs(sol.ledger.first_law_residual))):.1e}")  # fmt: skip
