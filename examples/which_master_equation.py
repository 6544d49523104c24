"""Two dots between two leads: errors of the current by master equations, relative to the exact one.

Levels 1 + d/2 and 1 - d/2 with tunnelling g, each in a lead with the band gamma w^2/((e-1)^2 + w^2)
at T = 1 or 0.5 and mu = 0.
"""

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)

from matplotlib.figure import Figure

import qtjax as qt
from qtjax.dynamics import FermionicLead, RedfieldLead, particle_currents


def current(h, lead):
    c = jnp.stack(qt.algebra.fermions(len(h)))
    n = jnp.einsum("kji,kjl->il", c, c)
    leads = [lead(k, c[k], T, number=n) for k, T in ((0, 1.0), (-1, 0.5))]
    system = qt.OpenSystem(jnp.einsum("ij,iba,jbc->ac", h, c, c), leads)
    return particle_currents(system, 0.0, qt.steady_state(system, throw=False).state)[0]


def errors(row):
    d, g, gamma, w = row
    dots, t = jnp.array([[1 + d / 2, g], [g, 1 - d / 2]]), jnp.sqrt(gamma * w / 2)
    # the peak of a band as a level of its own: between a dot and a wide lead of rate 2 w
    chain = jnp.eye(4).at[1:3, 1:3].set(dots).at[(0, 1, 2, 3), (1, 0, 3, 2)].set(t)

    def band(e):
        return gamma * w**2 / ((e - 1) ** 2 + w**2)

    def local(k, c, T, **kw):
        return FermionicLead(c, dots[k, k], T, 0.0, band(dots[k, k]), **kw)

    def redfield(h, rate, cutoff=None):
        return current(h, lambda k, c, T, **kw: RedfieldLead(c, T, 0.0, rate, cutoff=cutoff, **kw))

    partial = jax.vmap(lambda cutoff: redfield(dots, band, cutoff))(jnp.array([0, 10]) * gamma)
    found = current(dots, local), *partial, redfield(dots, band), redfield(chain, 2 * w)
    leads = {"temperatures": (1, 1, 0.5, 0.5), "rates": (2 * w, 0, 0, 2 * w)}
    exact = qt.models.landauer_currents(chain, chemical_potentials=jnp.zeros(4), **leads)
    return jnp.stack(found) / exact.particle_currents[0] - 1


rows = [(0.002 * d, 0.002 * g, 0.002, 0.2) for d in (0, 10, 100) for g in (0.1, 1, 10, 100)]
rows += [(0.0, 0.1, gamma, 0.2) for gamma in (0.002, 0.01, 0.05, 0.2, 1.0)]
rows += [(0.0, 0.4, 0.1, w) for w in (0.1, 0.3, 1.0, 3.0, 10.0)]
found = jax.jit(lambda rows: jax.lax.map(errors, rows))(jnp.array(rows))
names = ["local", "Davies", "Redfield up to 10 gamma", "Redfield", "reaction coordinate"]
print("d, g, gamma, w:", *names, sep=" | ")
for row, values in zip(rows, found, strict=True):
    print(*(f"{x:.4g}" for x in row), ":", *(f"{x:+.1e}" for x in values))
axes = (figure := Figure(layout="constrained")).subplots()
axes.legend(axes.loglog([row[2] for row in rows[12:17]], abs(found[12:17]), "o-"), names)
axes.set(xlabel="gamma (d = 0, g = 0.1, w = 0.2)", ylabel="relative error of the current")
figure.savefig("which_master_equation.png", dpi=150)
