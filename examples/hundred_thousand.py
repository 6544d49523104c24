"""A hundred thousand qubits relax, with all rates of energy and entropy at 101 times each."""

import time

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)

import qtjax as qt

n, ts = qt.number(2), jnp.linspace(0.0, 20.0, 101)
temperatures, gaps = jnp.linspace(0.2, 3.0, 100_000), jnp.linspace(0.5, 2.0, 100_000)


def relax(temperature, gap):
    bath = qt.LocalBath(qt.destroy(2), gap, temperature, qt.Flat(0.1))
    system = qt.OpenSystem(qt.Static(gap * n), (bath,))
    return qt.evolve(system, qt.thermal_state(n, 2.0), ts, save=qt.rates, throw=False).saved


program = jax.jit(jax.vmap(relax))
for call in ("first", "second"):
    start = time.perf_counter()
    out = jax.block_until_ready(program(temperatures, gaps))
    print(f"{call} call: {time.perf_counter() - start:.1f} s")
change = jnp.trapezoid(out.entropy_rate, ts, axis=1)
print(f"entropy changes between {change.min():.3f} and {change.max():.3f} nats")
