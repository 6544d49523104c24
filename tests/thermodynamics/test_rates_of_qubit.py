"""The rates of a qubit, computed number by number, are those of the functions of matrices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt
from qtjax.dynamics import dissipative_parts, heat_currents, unitary_part
from qtjax.information import entropy_rate, entropy_rate_analytic
from qtjax.thermodynamics import entropy_fluxes

STATES = jnp.array(
    [
        [[0.7, 0.2 - 0.1j], [0.2 + 0.1j, 0.3]],
        [[0.2, 0.1j], [-0.1j, 0.8]],  # inverted
        [[0.5, 0.0], [0.0, 0.5]],  # degenerate
        [[1.0 - 1e-13, 0.0], [0.0, 1e-13]],  # diagonal and cold
        [[0.5, 0.5], [0.5, 0.5]],  # pure
        [[1.0, 0.0], [0.0, 0.0]],
    ]
)


def system(x, baths):
    """A qubit that drives in every direction; `x` moves what can be moved."""
    h = qt.Driven([(lambda t: 1.0 + x * t, qt.sigmaz()), (0.3 * x, qt.sigmax())])
    kinds = {
        "none": [],
        "local": [qt.LocalBath(qt.destroy(2), 1.0 + x, 0.7, qt.Flat(0.1))],
        "following": [qt.AdiabaticBath(qt.sigmax(), 0.5 + x, qt.Ohmic(0.1))],
        "two": [
            qt.LocalBath(qt.destroy(2), 1.0, 0.5 + x, qt.Flat(0.1)),
            qt.dynamics.Dephasing(qt.sigmaz(), 0.2 + x),
        ],
        "lead": [qt.dynamics.FermionicLead(qt.destroy(2), 1.0, 0.5, 0.2 * x, 0.1)],
    }
    return qt.OpenSystem(h, kinds[baths])


def by_matrices(system, t, rho):
    parts, unitary = dissipative_parts(system, t, rho), unitary_part(system, t, rho)
    change = parts.sum(axis=0)
    rate = entropy_rate(rho, unitary + change)
    return {
        "heat_currents": heat_currents(system, t, rho),
        "entropy_rate": rate,
        "interior": entropy_rate_analytic(rho, unitary),
        "exterior": entropy_rate_analytic(rho, change),
        "spohn_production": rate - entropy_fluxes(system, t, rho).sum(),
    }


def by_rates(system, t, rho):
    found = qt.rates(system, t, rho)
    return {name: getattr(found, name) for name in by_matrices(system, t, rho)}


def both(baths, transform):
    """Of all states, by `rates` and by functions of matrices, of how x moves system and state."""

    def of(find):
        def single(rho):
            def at(x):
                moved = rho + x[1] * (0.1 * qt.sigmay())
                return find(system(0.2 + x[0], baths), 0.3, moved)

            return transform(at)(jnp.zeros(2))

        return jax.jit(jax.vmap(single))(STATES)

    return of(by_rates), of(by_matrices)


@pytest.mark.parametrize("baths", ["none", "local", "following", "two", "lead"])
def test_values(baths):
    ours, theirs = both(baths, lambda f: f)
    for name, value in theirs.items():
        np.testing.assert_allclose(ours[name], value, rtol=1e-13, atol=1e-13, err_msg=name)


def second(f):
    return jax.jacfwd(jax.jacrev(f))


@pytest.mark.parametrize(
    "mode", [jax.jacfwd, jax.jacrev, pytest.param(second, marks=pytest.mark.slow)]
)
def test_derivatives(mode):
    ours, theirs = both("two", mode)
    for name, value in theirs.items():
        np.testing.assert_allclose(ours[name], value, rtol=1e-9, atol=1e-9, err_msg=name)
