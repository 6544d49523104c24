"""A sweep of driven qubits with gradients; the lanes that are too stiff are solved again.

`evolve` takes fused Taylor steps here and says so. One lane has a rate of 3,000: no explicit
integrator reaches its end in 1,024 steps, so it has a status, and an implicit one solves it.
"""

import diffrax
import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)

import qtjax as qt

qt.enable_compilation_cache()  # a second run of this file compiles nothing

ts = jnp.array([0.0, 10.0])
rho0 = qt.algebra.from_bloch(jnp.array([0.6, 0.0, 0.5]))
rates = jnp.append(jnp.geomspace(0.05, 5.0, 1023), 3e3)


def drive(final_gap, rate, **options):
    gap = qt.Linear(1.0, final_gap, 0.0, 10.0)
    h = qt.Driven([(gap, 0.5 * qt.sigmaz()), (0.6, 0.5 * qt.sigmax())])
    bath = qt.Lindblad([qt.create(2), qt.destroy(2)], [1.5 * rate, 0.5 * rate])
    options = {"rtol": 1e-7, "atol": 1e-7} | options
    return qt.evolve(qt.OpenSystem(h, bath), rho0, ts, throw=False, **options)


def stiff(final_gap, rate):
    return drive(final_gap, rate, solver=diffrax.Kvaerno5())


def heat(final_gap, rate):
    return drive(final_gap, rate).ledger.heat[-1, 0]


gaps = jnp.full_like(rates, 2.0)
solution = jax.jit(jax.vmap(drive))(gaps, rates)
print(f"{solution.method}: {solution.reason}")
print(f"{int((solution.result != qt.RESULTS.successful).sum())} lane without success")
solution = qt.solve_again(stiff, (gaps, rates), solution)
print(f"heats between {solution.ledger.heat[:, -1].min():.3f} and "
      f"{solution.ledger.heat[:, -1].max():.3f}")  # fmt: skip
slopes = jax.jit(jax.vmap(jax.grad(heat)))(gaps[:-1], rates[:-1])
print(f"dQ/d(final gap) between {slopes.min():.3f} and {slopes.max():.3f}")
