"""Every number of the books: the same in any unit, with the derivatives that differences have."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from derivatives import Derivatives

import qtjax as qt
from qtjax import thermodynamics as th

Z, X, LOWER = qt.sigmaz(), qt.sigmax(), qt.destroy(2)
XX = qt.tensor(X, X)
LEVELS = (1, 1, 1, 1)
POINT = {
    "gaps": jnp.array([1.3, 0.8]),
    "coupling": jnp.asarray(0.25),
    "speed": jnp.asarray(0.4),
    "temperatures": jnp.array([0.7, 1.9]),
    "rates": jnp.array([0.3, 0.2]),
    "mix": jnp.asarray(0.6),
}
PARTS = np.random.default_rng(3).normal(size=(4, 4, 4)) / 4.0
# powers of the unit of energy in numbers that have one; all others are pure
DIMENSIONS = {
    "rates.energy_rate": 2, "rates.heat_currents": 2, "rates.heat_current": 2, "rates.power": 2,
    "rates.entropy_rate": 1, "rates.exterior": 1, "rates.spohn_production": 1,
    "parts.heat_current": 2, "parts.mean_field": 2, "parts.power": 2, "parts.entropy_rate": 1,
    "parts.interaction_energy": 1, "parts.interaction_rate": 2, "parts.correlation_rate": 1,
    "parts.clausius_balance": 1, "baths.heat_current": 2, "baths.entropy_rate": 1,
    "coherence.population": 1, "coherence.coherence": 1, "coherence.coherence_rate": 1,
    "temperatures.generalized": -1, "temperatures.population": -1, "temperatures.energy": -1,
    "temperatures.entropy": -1, "temperatures.spectral": -1, "temperatures.gradient": -1,
    "covariance": -1, "fixed_point": 1, "adiabatic": 1, "ergotropy": 1,
    "incoherent": 1, "local": 1, "copies": 1,
    "entropy_based.heat_currents": 2, "entropy_based.heat_current": 2, "entropy_based.power": 2,
    "reservoirs.heat": 1, "reservoirs.bare_heat": 1, "reservoirs.interaction_energy": 1,
    "ledger.energy": 1, "ledger.heat": 1, "ledger.work": 1,
}  # fmt: skip
VANISHING = {"rates.interior", "ledger.first_law_residual", "ledger.trace_drift"}
NOT_NUMBERS = {"temperatures.status", "reservoirs.initial_defect", "reservoirs.reeb_wolf_bound"}


def fields(name, found):
    """The differentiable numbers of a record, by name."""
    return {
        f"{name}.{key}": value
        for key, value in vars(found).items()
        if value is not None  # particles, where there are none
        if not key.endswith("rounding") and f"{name}.{key}" not in VANISHING | NOT_NUMBERS
    }


def state(mix):
    a = PARTS[0] + 1j * PARTS[1] + mix * (PARTS[2] + 1j * PARTS[3])
    rho = a @ a.conj().T + 0.1 * jnp.eye(4)
    return rho / jnp.trace(rho)


def numbers(p, unit=1.0):
    """All numbers of two driven qubits with a bath each, at one time and over a short one."""
    gaps, rates, temperatures = (unit * p[key] for key in ("gaps", "rates", "temperatures"))
    drive = qt.Linear(0.0, unit * p["speed"], 0.0, 1.0 / unit)
    parts = [qt.Driven([(0.5 * gaps[0], Z), (drive, X)]), 0.5 * gaps[1] * Z]
    baths = [
        qt.LocalBath(qt.embed(LOWER, (2, 2), k), gaps[k], temperatures[k], qt.Flat(rates[k]))
        for k in (0, 1)
    ]
    coupling = unit * p["coupling"] * XX
    system = qt.composite_system(parts, coupling, baths)
    t, rho = 0.4 / unit, state(p["mix"])
    h = system.hamiltonian(t)
    found = {
        **fields("rates", qt.rates(system, t, rho)),
        **fields("parts", th.part_rates(system, t, rho)),
        **fields("baths", th.bath_rates(system, t, rho)),
        **fields("coherence", th.coherence_split(system, t, rho, LEVELS)),
        **fields("temperatures", th.temperatures(system, t, rho, LEVELS)),
        "covariance": th.covariance_beta(rho, h),
        "fixed_point": th.fixed_point_production(system, t, rho),
        "adiabatic": th.adiabatic_production(system, t, rho),
        "ergotropy": th.ergotropy(rho, h),
        "incoherent": th.ergotropy_split(rho, h, LEVELS).incoherent,
        "local": th.local_ergotropy(rho, h, (2, 2)),
        "copies": th.copies_ergotropy(rho, h, 3),
        **fields("entropy_based", th.entropy_based_rates(system, t, rho)),
        "passive": jnp.diagonal(th.passive_state(rho, h)).real,
    }
    ts = jnp.array([0.0, 0.5, 1.1]) / unit
    closed = qt.composite_system(parts, coupling)
    start = qt.tensor(qt.partial_trace(rho, (2, 2), 0), qt.thermal_state(parts[1], temperatures[1]))
    whole = qt.evolve(closed, start, ts, solver=qt.Taylor(), throw=False)
    given = th.finite_reservoirs(closed, whole, (1,), temperatures[1])
    found |= {name: values[..., 1:] if jnp.ndim(values) == 1 else values[1:]
              for name, values in fields("reservoirs", given).items()}  # fmt: skip
    ledger = qt.evolve(system, rho, ts, throw=False).ledger
    found |= {name: values[1:] for name, values in fields("ledger", ledger).items()}
    return found


@functools.cache
def program():
    return jax.jit(numbers)


@pytest.mark.parametrize("unit", [1e-25, 1e-9, 1e12, 1e25])
def test_no_number_knows_the_unit(unit):
    found, wanted = program()(POINT, unit), program()(POINT, 1.0)
    assert found.keys() >= DIMENSIONS.keys()
    for name, value in wanted.items():
        pure = np.asarray(found[name]) / unit ** DIMENSIONS.get(name, 0)
        scale = np.max(np.abs(value))
        np.testing.assert_allclose(pure, value, rtol=1e-9, atol=1e-10 * scale, err_msg=name)


@pytest.fixture(scope="module")
def derivatives():
    return Derivatives(numbers, {"point": POINT})


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(jax.eval_shape(numbers, POINT)))
def test_every_derivative_is_that_of_differences(name, derivatives):
    derivatives.check("point", name, rtol=1e-6, atol=1e-9)
    assert np.max(np.abs(derivatives.jacobian["point"][derivatives.rows(name)])) > 1e-4


@pytest.mark.slow
def test_reverse_mode_is_forward_mode(derivatives):
    derivatives.check_reverse("point", rtol=1e-8)
