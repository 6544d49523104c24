"""Every public function and class, with one argument at a time replaced by what is ill-formed.

A program of its own, because the run-time type checks of this suite would refuse most of it first.
What is public is found by walking the floors; valid arguments come from `MAKERS` by the name of the
parameter, and from `CALLS` where a callable means something else by it.

Run as a program, it prints as JSON what comes of each: `python tests/bad_weather.py algebra 23`
tries every 23rd case of a floor.
"""

import functools
import importlib
import inspect
import json
import math
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import diffrax as dfx
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import outer_weather
import pandas
import pint
import qutip
import xarray
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import qtjax as qt
from qtjax import engine

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_disable_most_optimizations", True)

FLOORS = (
    "algebra", "information", "dynamics", "models", "thermodynamics", "machines", "design",
    "exchange", "engine", "plots", "units", "foundation",
)  # fmt: skip
OUTER = FLOORS[-5:]
SOURCES = str(Path(qt.__file__).parent)
LIMIT = 90  # seconds of a processor that a case may take
QUICK = 20  # the same where an absurd number must be refused at once
STALL = 900  # seconds after which a walk that says nothing is ended

N, X, Z = np.diag([0.0, 1.0]), np.array([[0.0, 1.0], [1.0, 0.0]]), np.diag([1.0, -1.0])
LOWER = np.array([[0.0, 1.0], [0.0, 0.0]])
RHO = np.array([[0.7, 0.1], [0.1, 0.3]])
PAIR_RHO = np.kron(RHO, np.diag([0.6, 0.4]))
TS = np.array([0.0, 0.5, 1.0])
FLAT = qt.Flat(0.1)
BATH = qt.LocalBath(LOWER, 1.0, 1.0, FLAT)
SYSTEM = qt.OpenSystem(N, BATH)
SOLUTION = qt.evolve(SYSTEM, RHO, TS)
PAIR = qt.models.partial_swap(1.0, 0.3)
PAIR_SOLUTION = qt.evolve(PAIR, PAIR_RHO, TS)
OTTO: dict[str, Any] = {
    "couplings": (X,),
    "temperatures": (1.0, 4.0),
    "rate": 0.5,
    "durations": (1.0, 1.0, 1.0, 1.0),
}
CYCLE = qt.otto_cycle(N, 2.0 * N, **OTTO)
CYCLE_SOLUTION = qt.limit_cycle(CYCLE)
ISOTHERMS = OTTO | {"scales": (1.0, 3.0), "temperatures": (1.0, 2.0)}
ROOT = qt.algebra.Sqrt()
OPTIMUM = qt.optimize(lambda x: (x - 1.0) ** 2, 0.5, optax.adam(0.1), steps=2)
DAVIES = qt.DaviesBath(N, X, 1.0, FLAT)


class Kept(NamedTuple):
    """A valid argument and what kind it is of."""

    kind: str
    value: Any


def kept(kind: str) -> Callable[[Any], Kept]:
    return lambda value: Kept(kind, value)


matrix, scalar, count, text, flag, thing, function, numbers, rate, counts = map(
    kept,
    ("matrix", "scalar", "count", "text", "flag", "thing", "function", "numbers", "rate", "counts"),
)


def vector(value: Any) -> Kept:
    return Kept("vector", np.array(value))


def stack(value: Any) -> Kept:
    return Kept("stack", np.array(value))


def ket(value: Any) -> Kept:
    return Kept("ket", np.array(value))


def loss(x):
    return (x - 1.0) ** 2


# by the name of the parameter, where it means the same everywhere
MAKERS = {
    "a": matrix(N), "adjoint": thing(None), "anisotropy": scalar(0.5), "amplitude": scalar(0.5),
    "atol": scalar(1e-6), "b": matrix(X), "bath": thing(BATH), "baths": thing(BATH),
    "battery": count(0), "bias": scalar(0.5), "bond": count(0), "bounds": thing(None),
    "cells": count(2), "chemical_potential": scalar(0.2), "coefficients": vector([1.0, 2.0]),
    "cold": matrix(N), "cold_temperature": scalar(1.0), "contact": thing(None),
    "controller": thing(None), "copies": count(2), "cosines": vector([1.0, 2.0]),
    "counter_rotating": flag(True), "coupling": scalar(0.2), "couplings": matrix(X),
    "cutoff": scalar(5.0), "cycle": thing(CYCLE), "cycles": count(2), "d": count(2),
    "detuning": scalar(0.1), "dims": counts((2, 2)), "drive": scalar(0.1), "dt0": scalar(0.1),
    "duration": scalar(1.0), "durations": numbers((1.0, 1.0, 1.0, 1.0)), "end": scalar(0.3),
    "energy": thing(None), "exchange": scalar(1.0), "exponent": scalar(2.0),
    "fields": numbers((0.1, 0.2)), "first": matrix(N), "frequencies": numbers((1.0, 2.0)),
    "frequency": scalar(1.0), "function": function(lambda t: t * jnp.asarray(X)),
    "gap": scalar(1.0), "gaps": numbers((1.0, 2.0)), "hamiltonian": matrix(N),
    "hot": matrix(2.0 * N), "hot_temperature": scalar(2.0), "hopping": scalar(1.0),
    "implicit": flag(False),
    "index": count(-1), "initial": matrix(RHO), "interaction": scalar(2.0), "inverted": flag(False),
    "keep": counts(0), "knots": vector([0.0, 0.5, 1.0]), "lamb_shift": flag(False),
    "last": matrix(X), "level": count(0), "levels": thing(None), "loss": function(loss),
    "lowering": matrix(LOWER), "max_panels": count(64), "max_steps": count(4096),
    "mean": scalar(0.3), "modes": count(2), "name": text("a name"), "observable": matrix(N),
    "offset": scalar(1.0), "omega": scalar(1.0), "operator": matrix(X), "operators": matrix(X),
    "optimizer": thing(optax.adam(0.1)), "panels": count(8), "part": matrix(N),
    "partner": matrix(LOWER), "parts": counts(0), "period": scalar(1.0), "phase": scalar(0.0),
    "photons": count(2), "points": count(9), "probability": scalar(0.5), "ramp": function(None),
    "ramps": thing(None), "rank": count(2), "rate": rate(0.5), "rates": rate(0.5),
    "equation": thing(None), "reservoirs": counts((1,)), "resolution": count(512),
    "rho": matrix(RHO), "rho0": matrix(RHO),
    "rho_dot": matrix(np.array([[-0.1, 0.05], [0.05, 0.1]])), "rounding": scalar(0.0),
    "rtol": scalar(1e-6), "save": thing(qt.rates), "sigma": matrix(np.diag([0.6, 0.4])),
    "sines": vector([1.0, 2.0]), "site": count(0), "sites": counts(0), "solution": thing(SOLUTION),
    "solver": thing(None), "spectrum": function(FLAT), "squeezing": scalar(0.2),
    "start": scalar(1.0), "state": matrix(RHO), "states": thing(()), "steps": count(8),
    "stop": scalar(2.0), "strength": scalar(0.1), "support": scalar(1e-9), "system": thing(SYSTEM),
    "t": scalar(0.5), "t0": scalar(0.0), "t1": scalar(1.0), "temperature": scalar(1.0),
    "temperatures": numbers((1.0, 2.0)), "throw": flag(True), "times": vector([1.0, 2.0]),
    "tolerance": scalar(1e-6), "transitions": thing(None), "ts": vector(TS), "unit": scalar(1.0),
    "values": vector([1.0, 2.0, 3.0]), "vector": ket([0.6, 0.8]), "width": scalar(0.5),
    "zero_frequency": scalar(0.1), "zipped": flag(False),
}  # fmt: skip

PAIRED = {"rho": matrix(PAIR_RHO), "dims": counts((2, 2))}
OF_BOTH = {"hamiltonian": matrix(np.kron(N, np.eye(2)) + np.kron(np.eye(2), N))}
OF_PAIR = {"system": thing(PAIR), "rho": matrix(PAIR_RHO)}
THREE = numbers((1.0, 2.0, 4.0))
GAUSSIAN = qt.machines.oscillator_otto(
    (1.0, 2.0), temperatures=(1.0, 4.0), rate=0.5, durations=(2.0, 1.0, 2.0, 1.0)
)
MOMENTS = vector([0.0, 0.0, 1.0, 1.0, 0.0])
NETWORK = matrix(np.array([[1.0, 0.2], [0.2, 1.5]]))
CLOSED = qt.OpenSystem(N)
CLOSED_SOLUTION = qt.evolve(CLOSED, RHO, TS)
RECTANGLE = {"hamiltonian": thing(qt.Driven([(qt.Linear(1.0, 2.0), Z), (0.5, X)]))}
ISOTHERM = {
    "temperatures": numbers((1.0, 2.0)),
    "scales": numbers((1.0, 3.0)),
    "ramp": function(lambda s: s),
}

# what a callable means by the name of a parameter
CALLS: dict[str, dict[str, Kept]] = {
    "algebra.canonical_form": {"rates": vector([0.5]), "operators": stack([LOWER])},
    "algebra.canonical_form_of": {
        "superoperator": matrix(np.asarray(qt.dynamics.liouvillian(SYSTEM)))
    },
    "algebra.collective": {"parts": count(2)},
    "algebra.partial_trace": PAIRED,
    "algebra.partial_transpose": PAIRED,
    "algebra.replace_part": PAIRED,
    "algebra.from_components": {"x": vector([0.5, 0.5, 0.1, 0.0])},
    "algebra.to_components": {"xp": thing(jnp)},
    "algebra.spin": {"j": scalar(1.0), "axis": text("x")},
    "algebra.apply": {"f": thing(ROOT)},
    "algebra.frechet": {"f": thing(ROOT), "x": matrix(X)},
    "algebra.level_projectors": {"levels": counts((1, 1))},
    "algebra.from_bloch": {"vector": vector([0.1, 0.2, 0.3])},
    "algebra.ket": {"levels": counts((0, 1)), "dims": counts((2, 2))},
    "algebra.random_density_matrix": {"key": thing(jax.random.key(0))},
    "algebra.truncation_population": PAIRED,
    "algebra.dissipator_superoperator": {"rates": vector([0.5]), "operators": stack([LOWER])},
    "information.coherence": {"levels": counts((1, 1))},
    "information.dephase": {"levels": counts((1, 1))},
    "information.concurrence": PAIRED,
    "information.correlation_entropy": PAIRED,
    "information.mutual_information": PAIRED | {"first": counts(0), "second": counts(1)},
    "information.negativity": PAIRED,
    "information.total_correlation": PAIRED,
    "dynamics.Moving": {
        "function": function(lambda t: (jnp.ones(1), jnp.asarray(LOWER + 0j)[None])),
        "scalars": thing(None), "matrices": thing(()),
    },
    "dynamics.Reversed": {"progress": function(lambda s: s)},
    "dynamics.dissipate": {"rates": vector([0.5]), "operators": stack([LOWER])},
    "dynamics.RateMatrix": {
        "operators": stack([LOWER, X]),
        "rates": matrix(np.array([[1.0, 0.5], [0.5, 1.0]])),
        "positive": flag(True),
    },
    "dynamics.counterdiabatic": RECTANGLE | {"span": numbers((0.0, 1.0)), "levels": thing(None)},
    "dynamics.counterdiabatic_cost": RECTANGLE | {"span": numbers((0.0, 1.0))},
    "dynamics.LocalBath": {"gap": rate(1.0)},
    "dynamics.gibbs_defect": {
        "hamiltonian": thing(qt.Static(N)), "energy": matrix(N), "bath": thing(BATH),
    },
    "dynamics.jump_operators": {"hamiltonian": thing(qt.Static(N))},
    "dynamics.DrivenJump": {"terms": thing([(1.0, LOWER)])},
    "dynamics.PiecewisePolynomial": {
        "coefficients": matrix(np.array([[1.0, 2.0], [0.5, 0.0]])), "times": vector(TS)},
    "dynamics.Product": {"factors": thing((jnp.sin, jnp.cos))},
    "dynamics.evolve_with_finite_baths": {"capacities": numbers((2.0,))},
    "dynamics.Driven": {"terms": thing([(1.0, N), (jnp.sin, X)])},
    "dynamics.Constant": {"value": scalar(1.0)},
    "dynamics.Term": {"schedule": rate(0.5)},
    "dynamics.as_hamiltonian": {"value": matrix(N), "name": text("value")},
    "dynamics.FermionicLead": {
        "energy": rate(1.0), "chemical_potential": rate(0.1), "number": matrix(N),
        "band": thing(None)},
    "dynamics.fermi_occupations": {"energy": scalar(1.0)},
    "dynamics.Diffrax": {"solver": thing(dfx.Tsit5())},
    "dynamics.Taylor": {"order": count(8)},
    "dynamics.Unitary": {"steps": thing(qt.Taylor())},
    "dynamics.OpenSystem": {"parts": thing(())},
    "dynamics.composite_system": {"parts": thing((N, N)), "coupling": matrix(np.kron(X, X)),
                                  "baths": thing(())},
    "dynamics.linear_propagator": {
        "action": function(
            lambda rho: (jnp.diag(jnp.diag(rho)) - rho, jnp.zeros(0), jnp.zeros(()))
        ),
        "rounding": scalar(0.0), "unit": scalar(1.0),
    },
    "dynamics.Between": {"progress": function(lambda s: s)},
    "dynamics.ConstantAdiabaticity": {"first": matrix(Z), "last": matrix(X)},
    "dynamics.RedfieldLead": {"chemical_potential": rate(0.2), "number": matrix(N)},
    "dynamics.ResetBath": {"dims": thing(None), "temperature": scalar(1.0), "state": thing(None),
                           "rate": scalar(0.5)},
    "dynamics.Spline": {"values": vector([1.0, 2.0, 1.0])},
    "dynamics.closest_pair": {"bath": thing(DAVIES)},
    "dynamics.warn_unless_secular": {"bath": thing(DAVIES)},
    "dynamics.Flat": {"rate": scalar(0.5)},
    "dynamics.Tabulated": {
        "frequencies": vector([0.5, 1.0, 2.0]), "values": vector([0.5, 1.0, 0.7])},
    "dynamics.check_spectrum": {"frequencies": vector([0.5, 1.0])},
    "dynamics.from_power_spectrum": {
        "power_spectrum": function(lambda w: jnp.exp(-(w**2))),
        "frequencies": vector([0.5, 1.0]),
    },
    "models.dicke_battery": {"levels": count(4)},
    "models.empty_battery": {"levels": count(4)},
    "models.exchange": {
        "parts": thing((N, N)), "lowering": thing((LOWER, LOWER)), "couplings": scalar(0.3),
        "baths": thing(()),
    },
    "models.qubit_and_oscillator": {"levels": count(3)},
    "models.qubit_and_spins": {"couplings": numbers((0.1, 0.2))},
    "models.Resonator": {"linewidth": scalar(0.5)},
    "models.FlipBath": {
        "energies": vector([0.5, -0.5]), "spectrum": function(qt.Ohmic(0.1))},
    "models.ising_energies": {"couplings": numbers((0.3,))},
    "models.thermal_transistor": {
        "couplings": THREE, "temperatures": THREE, "fields": THREE,
        "rates": function(qt.Ohmic(1.0))},
    "models.landauer_currents": {
        "hamiltonian": NETWORK, "chemical_potentials": numbers((0.1, 0.2)),
        "rates": numbers((0.5, 0.5))},
    "models.boundary_driven_chain": {"sites": count(2)},
    "models.spin_current": {"sites": count(3)},
    "models.xxz_chain": {"sites": count(2)},
    "models.global_network": {"hamiltonian": NETWORK, "rates": numbers((0.5, 0.5))},
    "models.local_network": {"hamiltonian": NETWORK, "rates": numbers((0.5, 0.5))},
    "models.absorption_carnot_performance": {"temperatures": THREE},
    "models.three_level_refrigerator": {"temperatures": THREE},
    "models.three_qubit_refrigerator": {"temperatures": THREE},
    "models.pseudomode": {"levels": count(12), "temperature": scalar(0.1)},
    "models.reaction_coordinate": {
        "levels": count(4), "bath": function(None), "temperature": scalar(0.1)},
    "models.reaction_coordinates": {
        "levels": thing((4, 4)), "temperatures": numbers((0.1, 0.1)), "bath": function(None),
        "operators": thing((X, Z)),
        "couplings": numbers((0.1, 0.1)), "widths": numbers((0.1, 0.1))},
    "models.LorentzianDamping": {"gamma0": scalar(1.0)},
    "models.Tanh": {"height": scalar(1.0)},
    "models.eternal_dephasing": {"rate": scalar(1.0)},
    "machines.in_roles": {
        "solution": thing(CYCLE_SOLUTION), "hot": thing("hot"), "cold": thing("cold")},
    "thermodynamics.accountings": {"reservoirs": thing(None), "records": thing(
        qt.thermodynamics.ACCOUNTINGS)},
    "thermodynamics.accounting_table": {"table": thing(qt.accountings(SYSTEM, SOLUTION))},
    "thermodynamics.measure_conditions": {"reservoirs": counts(())},
    "thermodynamics.von_neumann_ledger": {"atoms": scalar(1.0), "volume": scalar(1.0)},
    "thermodynamics.best_local_unitary": PAIRED | OF_BOTH | {
        "starts": count(2), "seed": count(0), "steps": count(20)},
    "thermodynamics.local_ergotropy": PAIRED | OF_BOTH,
    "thermodynamics.mean_force_free_energy": {"system": thing(PAIR)},
    "thermodynamics.mean_force_hamiltonian": {"system": thing(PAIR)},
    "thermodynamics.mean_force_state": {"system": thing(PAIR)},
    "thermodynamics.optimal_erasure": {
        "start": scalar(0.5), "end": scalar(0.1), "duration": scalar(10.0), "rate": scalar(1.0)},
    "thermodynamics.internal_coupling": OF_PAIR,
    "thermodynamics.part_rates": OF_PAIR,
    "thermodynamics.deffner_lutz_closed": {
        "system": thing(CLOSED), "solution": thing(CLOSED_SOLUTION)},
    "thermodynamics.thermal_entropy_flux": {
        "baths": thing((BATH,)), "heats": vector([0.1]), "roundings": vector([1e-16])},
    "thermodynamics.finite_reservoirs": {
        "system": thing(PAIR), "solution": thing(PAIR_SOLUTION), "temperatures": scalar(1.0)},
    "thermodynamics.population_beta": {"lower": count(0), "upper": count(1)},
    "thermodynamics.generalized_temperature": {
        "rates": thing(qt.rates(SYSTEM, 0.0, jnp.asarray(RHO + 0j)))},
    "thermodynamics.interval_temperature": {"heat": vector([0.1]), "entropy": vector([0.2])},
    "machines.audit": {"model": thing(SYSTEM), "times": thing(None)},
    "machines.stepwise_carnot_cycle": ISOTHERM,
    "machines.charge": {"system": thing(PAIR), "rho0": matrix(PAIR_RHO)},
    "machines.clausius_integral": {"stroke": thing(CYCLE.strokes[0])},
    "machines.clausius_integrals": {"solution": thing(CYCLE_SOLUTION)},
    "machines.generalized_efficiency": {"solution": thing(CYCLE_SOLUTION)},
    "machines.interior_production": {"solution": thing(CYCLE_SOLUTION)},
    "machines.Collision": {
        "ancillas": matrix(N), "interaction": matrix(np.kron(X, X)), "unitary": thing(None),
        "state": thing(None)},
    "machines.Reset": {"dims": thing(None), "state": thing(None)},
    "machines.resolving_steps": {"first": count(8)},
    "machines.efficiency_from": {"solution": thing(CYCLE_SOLUTION), "name": text("hot")},
    "machines.heat_ratio": {
        "solution": thing(CYCLE_SOLUTION), "taken": text("cold"), "paid": text("hot")},
    "machines.GaussianStroke": {"bath_frequency": scalar(1.0), "frequency": rate(1.0)},
    "machines.gaussian_energy": {"moments": MOMENTS},
    "machines.gaussian_entropy": {"moments": MOMENTS},
    "machines.gaussian_limit_cycle": {"strokes": thing(GAUSSIAN)},
    "machines.carnot_cycle": ISOTHERM,
    "machines.stirling_cycle": ISOTHERM,
    "machines.otto_cycle": {"transitions": thing((None, None))},
    "machines.truncated_oscillator_otto": {"levels": count(4)},
    "machines.cycle_mean": {"solution": thing(CYCLE_SOLUTION)},
    "machines.sample_cycle": {"solution": thing(CYCLE_SOLUTION)},
    "machines.Cycle": {"strokes": thing(list(CYCLE.strokes))},
    "machines.two_stroke_engine": {
        "durations": numbers((1.0, 1.0)), "angle": scalar(1.0)},
    "machines.piecewise_limit_cycle": {
        "system": function(lambda w: qt.OpenSystem(w * N, qt.DaviesBath(w * N, X, 1.0, FLAT))),
        "controls": vector([1.0, 2.0]), "durations": numbers((1.0, 1.0))},
    "machines.piecewise_oscillator": {
        "rates": matrix(np.array([[0.5, 0.0], [0.0, 0.5]])),
        "frequencies": numbers((1.9, 1.5)), "durations": numbers((1.0, 1.0))},
    "design.at_least": {"value": scalar(1.0), "least": scalar(0.5), "unit": thing(None)},
    "design.at_most": {"value": scalar(1.0), "most": scalar(2.0), "unit": thing(None)},
    "design.equal": {"value": scalar(1.0), "target": scalar(1.5), "unit": thing(None)},
    "design.slope_at_most": {"schedule": function(jnp.sin), "most": scalar(2.0)},
    "design.roughness": {"schedule": function(jnp.sin)},
    "design.smooth_maximum": {"smoothing": scalar(0.05)},
    "design.margins": {"parts": scalar(0.5)},
    "design.summary": {"optimum": thing(OPTIMUM)},
    "design.FixedSum": {"total": scalar(1.0)},
    "design.optimize": {
        "polish": thing(None), "polish_steps": count(5), "finer": function(None),
        "many": flag(False), "round_steps": count(50), "penalty": scalar(10.0),
        "feasibility": scalar(1e-8), "checkpoint": thing(None), "checkpoint_every": count(50),
        "resume": flag(False), "callback": thing(None), "steps": count(2)},
    "design.pareto_front": {
        "polish": thing(None), "polish_steps": count(5),
        "objectives": function(lambda x: (x**2, (x - 1.0) ** 2)), "starts": vector([0.1, 0.5, 0.9]),
        "points": count(3), "finer": function(None), "feasibility": scalar(1e-6),
        "round_steps": count(50), "steps": count(2)},
    "design.ecological_function": {"cycle": thing(CYCLE_SOLUTION)},
    "design.objective": {
        "name": text("power"), "power_exponent": scalar(1.0), "efficiency_exponent": scalar(1.0)},
    "design.power_efficiency_product": {
        "cycle": thing(CYCLE_SOLUTION), "power_exponent": scalar(1.0),
        "efficiency_exponent": scalar(1.0)},
    "design.power_output": {"cycle": thing(CYCLE_SOLUTION)},
    "design.smooth_efficiency": {"cycle": thing(CYCLE_SOLUTION), "fraction": scalar(0.001)},
    "design.Bounded": {"lower": scalar(0.0), "upper": scalar(1.0)},
    "design.Positive": {"scale": scalar(1.0)},
    "design.to_free": {"bounds": thing(qt.Positive()), "parameters": scalar(0.5)},
    "design.to_parameters": {"bounds": thing(qt.Positive()), "free": scalar(0.5)},
    "design.sweep": {
        "f": function(lambda gap: gap**2), "grid": thing({"gap": np.array([1.0, 2.0])}),
        "store": thing("NEW FOLDER"), "slice_size": thing(None), "attributes": thing(None),
        "client": thing(None)},
}  # fmt: skip


@functools.cache
def calls() -> dict[str, dict[str, Kept]]:
    """The same, with the floors around the physics, which take longer to make."""
    found = outer_weather.outer(SYSTEM, SOLUTION, PAIR, PAIR_SOLUTION, CYCLE_SOLUTION)
    outer = {name: {k: Kept(*pair) for k, pair in given.items()} for name, given in found.items()}
    return CALLS | outer


# what qtjax makes and hands out, or a name of a type: nobody calls them with arguments of their own
RECORDS = frozenset((
    "algebra.CanonicalForm", "dynamics.Equilibrium", "dynamics.Particles", "dynamics.Ledger",
    "dynamics.Solution", "dynamics.FiniteBathSolution", "dynamics.Integrated", "dynamics.Problem",
    "dynamics.Propagator", "dynamics.SecularPair", "dynamics.SteadyState", "dynamics.Transitions",
    "dynamics.Schedule", "models.LandauerCurrents", "models.NetworkState",
    "thermodynamics.AccountingRecord", "thermodynamics.Trajectory", "thermodynamics.Accounting",
    "thermodynamics.Condition", "thermodynamics.Conditions", "thermodynamics.EntropyBasedExchange",
    "thermodynamics.EntropyBasedRates", "thermodynamics.ErasureLedger",
    "thermodynamics.ErgotropySplit", "thermodynamics.Audit", "thermodynamics.Finding",
    "thermodynamics.OptimalErasure", "thermodynamics.LocalUnitary", "thermodynamics.PartRates",
    "thermodynamics.BathRates",
    "thermodynamics.CoherenceSplit", "thermodynamics.Rates", "thermodynamics.FiniteReservoirs",
    "thermodynamics.Temperatures", "thermodynamics.GeneralizedTemperature",
    "thermodynamics.TemperatureStatus", "machines.Charging", "machines.ClausiusIntegral",
    "machines.SteadyMachine", "machines.CycleSolution", "machines.Repeated",
    "machines.GaussianSolution", "machines.PiecewiseSolution", "machines.QuasiStaticOtto",
    "machines.StrokeSamples",
    "design.Front", "design.Objective", "design.Optimum", "design.History", "design.Progress",
    # the tables of an engine file, which `bad_files` walks
    "engine.BathTable", "engine.EngineTable", "engine.FreeTable", "engine.OptimizeTable",
    "engine.RolesTable", "engine.SteadyTable", "engine.StrokeTable", "engine.SweepTable",
))  # fmt: skip


def public() -> dict[str, Any]:
    """Every public callable that a user calls with arguments of their own, by floor and name."""
    found = {}
    for floor in FLOORS:
        for name, thing in names_of(floor).items():
            if name.startswith("_") or inspect.ismodule(thing) or not callable(thing):
                continue
            if inspect.isclass(thing) and (
                name.startswith("Abstract") or issubclass(thing, Exception)
            ):
                continue
            if f"{floor}.{name}" not in RECORDS:
                found[f"{floor}.{name}"] = thing
    return found | outer_weather.METHODS


def names_of(floor: str) -> dict[str, Any]:
    """What stands on a floor; units are one file, and the foundation has names in qtjax alone."""
    if floor == "foundation":
        homes = {name: getattr(thing, "__module__", "") for name, thing in vars(qt).items()}
        return {n: getattr(qt, n) for n, home in homes.items() if home.startswith("qtjax._")}
    module = importlib.import_module(f"qtjax.{floor}")
    if floor != "units":
        return vars(module)
    return {n: x for n, x in vars(module).items() if getattr(x, "__module__", "") == "qtjax.units"}


def arguments(name: str, function: Any) -> dict[str, Kept]:
    """Valid arguments of a callable, by the name of the parameter; raises where one is missing."""
    made = {}
    own = (calls() if name.split(".")[0] in OUTER else CALLS).get(name, {})
    for parameter in inspect.signature(function).parameters:
        maker = own.get(parameter, MAKERS.get(parameter))
        if maker is None:
            raise LookupError(f"no maker for `{parameter}` of qtjax.{name}: add one to MAKERS")
        made[parameter] = maker
    return made


def called(function: Any, values: dict[str, Any]) -> Any:
    """What a callable returns for arguments by name; `store` is a new folder each time."""
    parameters = inspect.signature(function).parameters
    positional, named = [], {}
    for key, value in values.items():
        if isinstance(value, str) and value in ("NEW FOLDER", outer_weather.NEW_FILE):
            value = str(Path(tempfile.mkdtemp(prefix="weather-")) / "new")
        if isinstance(value, str) and value == outer_weather.NEW_AXES:
            value = Figure().subplots()
        kind = parameters[key].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            positional += [Z, value]
        elif kind is inspect.Parameter.POSITIONAL_ONLY:
            positional.append(value)
        else:
            named[key] = value
    result = function(*positional, **named)
    return outer_weather.drawn(result) if isinstance(result, Axes) else result


# ill-formed values -------------------------------------------------------------------------------
# what must come of them: "refused", "refused or not finite", "the same or refused", "no raw error"
REFUSED, NOT_FINITE, SAME, TOLD = "refused", "not finite", "same", "told"

OBJECTS = {
    "text": "1.0",
    "an object": object(),
    "a dictionary": {"a": 1.0},
    "a class": qt.Constant,
    "a Qobj": qutip.sigmax(),
    "a DataFrame": pandas.DataFrame([[1.0, 0.0], [0.0, 1.0]]),
    "a Series": pandas.Series([1.0, 2.0], index=[3, 1]),
    "a quantity": pint.Quantity(1.0, "kelvin"),
    "a span of time": np.timedelta64(1, "s"),
    "a set": {1.0, 2.0},
    "masked": np.ma.array([1.0, 2.0], mask=[False, True]),
    "a schedule": qt.Linear(1.0, 2.0),
}
ABSURD = {"absurd": 10**12, "absurd too": 10**9}
FUNCTION = {"a function": lambda *values: 1.0}
TRUE = {"true": True, "an array of true": np.array(True)}
NOTHING = {"none": None}
ARRAYS = {
    "an array": np.ones(2),
    "an empty array": np.zeros(0),
    "a batch": np.ones((2, 2, 2)),
}


def read_only(array: np.ndarray) -> np.ndarray:
    copy = np.array(array)
    copy.flags.writeable = False
    return copy


def strided(array: np.ndarray) -> np.ndarray:
    """The same numbers, not contiguous."""
    wide = np.zeros((*array.shape, 2), array.dtype)
    wide[..., 0] = array
    return wide[..., 0]


def harmless(value: Any) -> dict[str, Any]:
    """The same numbers in other clothes."""
    array = np.asarray(value)
    single = np.complex64 if np.iscomplexobj(array) else np.float32
    found = {
        "a list": array.tolist(),
        "long double": array.astype(np.clongdouble if np.iscomplexobj(array) else np.longdouble),
        "read-only": read_only(array),
        "float32": jnp.asarray(array.astype(single)),
        "a JAX array": jnp.asarray(array),
        "xarray": xarray.DataArray(array),
    }
    if array.ndim:
        found |= {"not contiguous": strided(array), "Fortran": np.asfortranarray(array)}
    if not np.iscomplexobj(array) and np.all(array == np.round(array)):
        found |= {"whole numbers": array.astype(int), "of int32": array.astype(np.int32)}
    return found


def extremes(value: Any) -> dict[str, Any]:
    array = 1.0 * np.asarray(value)
    return {
        "huge": 1e300 * array,
        "tiny": 1e-300 * array,
        "negative": -array,
        "zero": 0.0 * array,
    }


def not_finite(value: Any) -> dict[str, Any]:
    array = 1.0 * np.asarray(value)
    return {"nan": np.where(array == array.max(), math.nan, array)[()],
            "infinite": np.where(array == array.max(), math.inf, array)[()]}  # fmt: skip


def ill_formed(kind: str, value: Any) -> dict[str, dict[str, Any]]:
    """Values in place of a valid one, by what must come of them."""
    if kind == "scalar":
        return {
            REFUSED: OBJECTS | FUNCTION | TRUE | NOTHING | ARRAYS | {"complex": 1j, "[]": []},
            NOT_FINITE: not_finite(value), SAME: harmless(value), TOLD: extremes(value),
        }  # fmt: skip
    if kind == "ket":
        found = ill_formed("vector", value)
        refused = found[REFUSED]
        return found | {
            REFUSED: {k: v for k, v in refused.items() if k not in ("complex", "a longer one")}
        }
    if kind == "matrix":
        wrong = {
            "a number": 3.0, "true": True, "of true": np.eye(len(value), dtype=bool),
            "of text": np.full((2, 2), "a"), "ragged": [[1.0, 0.0], [0.0]],
            "of objects": np.array(value, object), "masked matrix": np.ma.masked_equal(value, 0.0),
            "not square": np.ones((len(value), len(value) + 1)),
            "of no dimension": np.zeros((0, 0)),
        }  # fmt: skip
        return {
            REFUSED: OBJECTS | FUNCTION | NOTHING | ARRAYS | wrong,
            NOT_FINITE: not_finite(value), SAME: harmless(value),
            TOLD: extremes(value) | {"d = 1": np.ones((1, 1)), "d = 3": np.eye(3) / 3},
        }  # fmt: skip
    if kind == "stack":
        stacked = np.asarray(value)
        wrong = {"a number": 3.0, "true": True, "a matrix": stacked[0], "ragged": [[1.0], []]}
        return {
            REFUSED: OBJECTS | FUNCTION | NOTHING | ARRAYS | wrong,
            NOT_FINITE: not_finite(stacked), SAME: harmless(stacked), TOLD: extremes(stacked),
        }  # fmt: skip
    if kind in ("vector", "numbers"):
        wrong = {
            "a matrix": np.eye(3), "of true": np.ones(len(value), bool), "true": True,
            "of text": ["a"] * len(value), "ragged": [[1.0], [1.0, 2.0]],
            "an empty array": np.zeros(0), "[]": [], "complex": np.asarray(value) * 1j,
            "a longer one": [*value, 1.0], "none among": [*value[:-1], None],
            "text among": [*value[:-1], "a"], "true among": [*value[:-1], True],
        }  # fmt: skip
        return {
            REFUSED: OBJECTS | FUNCTION | NOTHING | wrong,
            NOT_FINITE: not_finite(value), SAME: harmless(value),
            TOLD: extremes(value) | {"absurdly long": np.resize(value, 10**5)},
        }  # fmt: skip
    if kind in ("count", "counts"):
        wrong = {"half": 1.5, "nan": math.nan, "an array of floats": np.ones(2),
                 "true": True, "complex": 1j}  # fmt: skip
        one = np.ndim(value) == 0
        same = {"of int32": np.int32(value) if one else list(map(np.int32, value))}
        return {
            REFUSED: OBJECTS | FUNCTION | NOTHING | wrong, NOT_FINITE: {}, SAME: same,
            TOLD: {"zero": 0, "negative": -3, "more": 5, "[]": []} | ABSURD,
        }  # fmt: skip
    if kind == "operator":  # or a ket
        wrong = {"a number": 3.0, "true": True, "of text": ["a", "b"], "ragged": [[1.0], []]}
        return {
            REFUSED: OBJECTS | FUNCTION | NOTHING | wrong | {"a batch": np.ones((2, 2, 2))},
            NOT_FINITE: not_finite(value), SAME: harmless(value), TOLD: extremes(value),
        }  # fmt: skip
    if kind == "path":
        wrong = {"a number": 3.0, "true": True, "none": None, "an object": object(),
                 "a list": ["x"], "bytes": b"x", "an array": np.ones(2), "a whole number": 3,
                 "a null character": "a\0b"}  # fmt: skip
        files = {name: outer_weather.FOLDER / name for name in ("empty", "bytes", "text")}
        return {
            REFUSED: wrong, NOT_FINITE: {}, SAME: {},
            TOLD: files | {"no letters": "", "a folder": str(outer_weather.FOLDER),
                           "missing": outer_weather.FOLDER / "a" / "b", "too long": "x" * 5000,
                           "inside a file": outer_weather.FOLDER / "text" / "b"},
        }  # fmt: skip
    if kind in ("words", "color"):
        wrong = {"a number": 3.0, "an object": object(), "a list": ["x"], "bytes": b"x",
                 "an array": np.ones(2), "true": True}  # fmt: skip
        found = {REFUSED: wrong, NOT_FINITE: {}, SAME: {}, TOLD: {"no letters": ""}}
        return found | ({REFUSED: wrong | {"nonsense": "nonsense"}} if kind == "color" else {})
    if kind == "text":
        wrong = {"a number": 3.0, "none": None, "an object": object(), "nonsense": "nonsense",
                 "a list": ["x"], "bytes": b"x"}  # fmt: skip
        return {REFUSED: wrong, NOT_FINITE: {}, SAME: {}, TOLD: {"no letters": ""}}
    if kind == "flag":
        wrong = {"text": "no", "none": None, "a number": 2.0, "an array": np.ones(2)}
        return {REFUSED: wrong, NOT_FINITE: {}, SAME: {"of NumPy": np.bool_(value)}, TOLD: {}}
    wrong = {"a number": 3.0, "true": True, "none": None, "nan": math.nan}
    if kind == "function":
        return {
            REFUSED: {k: v for k, v in OBJECTS.items() if k != "a schedule"} | wrong,
            NOT_FINITE: {},
            SAME: {},
            TOLD: {"of nothing": lambda: 1.0} | FUNCTION,
        }
    if kind == "rate":
        objects = {k: v for k, v in OBJECTS.items() if k not in ("a schedule", "a class")}
        return {
            REFUSED: objects | TRUE | {"complex": 1j},
            NOT_FINITE: not_finite(value),
            SAME: harmless(value),
            TOLD: extremes(value) | FUNCTION | NOTHING | ARRAYS,
        }
    return {REFUSED: {}, NOT_FINITE: {}, SAME: {},
            TOLD: OBJECTS | FUNCTION | ARRAYS | wrong}  # fmt: skip


# right as they are
ALLOWED = frozenset((
    "algebra.boltzmann(temperature: infinite)", "algebra.thermal_state(temperature: infinite)",
    "information.gibbs_divergence(temperature: infinite)",
    "dynamics.RateMatrix(operators: a batch)", "dynamics.AdiabaticBath(couplings: a batch)",
    "dynamics.DaviesBath(couplings: a batch)", "dynamics.RedfieldBath(couplings: a batch)",
    "algebra.eigensystem(a: a batch)", "algebra.product(a: a batch)",
    "algebra.product(b: a batch)", "dynamics.as_hamiltonian(name: nonsense)",
    "algebra.product(a: not square)",
    # more pieces, for which the message asks more times; as many steps as one likes, and durations
    "dynamics.PiecewisePolynomial(coefficients: not square)",
    "machines.piecewise_limit_cycle(controls: a matrix)",
    # one of many unitaries that draw the same work
    "thermodynamics.best_local_unitary(rho: float32)",
    # a jump operator of rate 0 is any
    "algebra.canonical_form_of(superoperator: float32)",
    # looks at other entries
    "algebra.truncation_population(rho: nan)", "algebra.truncation_population(rho: infinite)",
    # no bath of this system exchanges particles
    "dynamics.chemical_power(rho: nan)", "dynamics.chemical_power(rho: infinite)",
    "dynamics.particle_currents(rho: nan)", "dynamics.particle_currents(rho: infinite)",
    # numbers as schedules and spectra; complex couplings; as many numbers as one likes
    "dynamics.Between(progress: a number)", "dynamics.SqueezedBath(spectrum: a number)",
    "models.thermal_transistor(rates: a number)", "models.exchange(couplings: complex)",
    "models.qubit_and_spins(couplings: complex)", "dynamics.Polynomial(coefficients: a longer one)",
    "dynamics.Ramp(knots: an empty array)", "dynamics.Ramp(knots: [])",
    "dynamics.Ramp(knots: a longer one)", "dynamics.Spline(values: a longer one)",
    # no cutoff, no quanta, half filled, nothing heats up
    "dynamics.Ohmic(cutoff: infinite)", "dynamics.occupation(omega: infinite)",
    "dynamics.occupation(temperature: infinite)", "dynamics.fermi_occupations(energy: infinite)",
    "dynamics.fermi_occupations(temperature: infinite)",
    "dynamics.fermi_occupations(chemical_potential: infinite)",
    "dynamics.evolve_with_finite_baths(capacities: infinite)",
    # of any shape; a count of other things follows from it, and the message names those
    *(f"thermodynamics.interval_temperature({key}: {label})" for key in ("heat", "entropy")
      for label in ("a matrix", "an empty array", "[]", "a longer one")),
    *(f"thermodynamics.generalized_temperature(tolerance: {label})"
      for label in ("an array", "an empty array", "a batch", "[]")),
    *(f"models.qubit_and_spins(gaps: {label})"
      for label in ("an empty array", "[]", "a longer one")),
    "models.ising_energies(fields: a longer one)",
    "models.thermal_transistor(fields: a longer one)",
    "dynamics.FourierRamp(sines: an empty array)", "dynamics.FourierRamp(sines: [])",
    "dynamics.FourierRamp(sines: a longer one)", "dynamics.Reversed(progress: a number)",
    "dynamics.MonotoneSpline(values: a longer one)",
    "dynamics.warn_unless_secular(name: nonsense)",
    *(f"dynamics.check_spectrum(frequencies: {label})"
      for label in ("a matrix", "an empty array", "[]", "a longer one")),
    # numbers or arrays of any shape, trees of them, and as many as one likes
    *(f"design.{name}({key}: {label})"
      for name, key in (
          ("at_least", "value"), ("at_least", "least"), ("at_most", "value"), ("at_most", "most"),
          ("equal", "value"), ("equal", "target"), ("margins", "parts"), ("Bounded", "upper"),
          ("to_free", "parameters"), ("to_parameters", "free"))
      for label in ("an array", "an empty array", "a batch")),
    *(f"design.{name}: [])" for name in (
        "at_least(value", "at_least(least", "at_most(value", "at_most(most", "equal(value",
        "equal(target", "margins(parts", "Bounded(lower", "Bounded(upper")),
    "design.Bounded(lower: an empty array)", "design.to_free(parameters: a dictionary)",
    "design.to_parameters(free: a dictionary)", "design.to_parameters(free: a schedule)",
    "design.roughness(schedule: a number)", "design.slope_at_most(schedule: a number)",
    "design.roughness(times: a longer one)", "design.slope_at_most(times: a longer one)",
    "design.smooth_maximum(values: a longer one)",
    *(f"thermodynamics.interval_temperature(tolerance: {label})"
      for label in ("an array", "an empty array", "a batch", "[]")),
    # nothing is masked; times of any order
    "plots.temperature_entropy(reach: infinite)", "plots.generalized_temperature(reach: infinite)",
    "plots.energy_levels(ts: a longer one)", "plots.schedules(ts: a longer one)",
    *(f"units.Natural.out(value: {label})"
      for label in ("a matrix", "an empty array", "[]", "a longer one")),
    "machines.carnot_cycle(ramp: a number)", "machines.stirling_cycle(ramp: a number)",
    *(f"machines.{name}(couplings: a batch)"
      for name in ("stepwise_carnot_cycle", "carnot_cycle", "stirling_cycle", "otto_cycle")),
))  # fmt: skip

# what comes of them ------------------------------------------------------------------------------


def numbers_in(result: Any) -> list[np.ndarray]:
    """The floating and complex numbers of a result, and of what functions it holds."""
    leaves = [leaf for leaf in jax.tree.leaves(result) if isinstance(
        leaf, float | complex | np.ndarray | np.generic | jax.Array)]  # fmt: skip
    found = []
    for leaf in leaves:
        if isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            continue
        array = np.asarray(leaf)
        if np.issubdtype(array.dtype, np.inexact):
            found.append(array)
    return found


def is_finite(result: Any) -> bool:
    arrays = numbers_in(result)
    outcome = getattr(result, "result", None)
    if outcome is not None and not bool(np.all(outcome == qt.RESULTS.successful)):
        return False
    return bool(arrays) and all(bool(np.all(np.isfinite(array))) for array in arrays)


def is_same(result: Any, valid: Any, rtol: float) -> bool:
    ours, theirs = numbers_in(result), numbers_in(valid)
    return len(ours) == len(theirs) and all(
        a.shape == b.shape and np.allclose(a, b, rtol=rtol, atol=rtol, equal_nan=True)
        for a, b in zip(ours, theirs, strict=True)
    )


def judged(error: Exception, names: Sequence[str] | None) -> str:
    """`refused` if qtjax raised an error that names an argument, else what is wrong with it."""
    frames = traceback.extract_tb(error.__traceback__)
    if isinstance(error, qt.SolverError):
        return "refused"
    if isinstance(error, engine.EngineError):  # of a file: its path, or what was found in it
        told = re.search("found .*, expected|not valid TOML", str(error))
        return "refused" if told else f"unnamed: {str(error)[:120]}"
    if isinstance(error, OSError) and error.errno is not None:  # of a file, which it names
        named = error.filename is not None or "cannot be written" in str(error)
        return "refused" if named else f"raw {error!r}"
    own = frames[-1].filename.startswith(SOURCES)
    if not isinstance(error, ValueError | TypeError) or not own:
        return f"raw {type(error).__name__}: {str(error).strip().splitlines()[:1]}"
    if names is None:  # what was given may be well-formed: any message of qtjax's own does
        return "refused" if str(error).startswith("`") else f"unnamed: {str(error)[:120]}"
    if not re.search(rf"`[^`]*\b({'|'.join(map(re.escape, names))})\b", str(error)):
        return f"unnamed: {str(error)[:120]}"
    return "refused"


def verdict(function: Any, values: dict[str, Any], argument: str, wanted: str, label: str,
            valid: Any) -> str:  # fmt: skip
    """`fine`, or what is wrong with what came."""
    try:
        result = called(function, values)
        jax.block_until_ready([leaf for leaf in jax.tree.leaves(result) if eqx.is_array(leaf)])
    except Exception as error:
        found = judged(error, None if wanted == TOLD else [argument])
        return "fine" if found == "refused" else found
    if wanted == REFUSED:
        return "silent: it was taken"
    if wanted == NOT_FINITE and is_finite(result):
        return "silent: finite"
    if wanted == SAME and not is_same(result, valid, 1e-3 if label == "float32" else 1e-9):
        return "silent: another result"
    return "fine"


def is_allowed(case: str) -> bool:
    """Whether what was given means something: also that nothing is asked, or a time at rest."""
    return case in ALLOWED or bool(re.search(r"\((t|temperature|tolerance): infinite\)", case))


def cases(floor: str = ""):
    """(callable, parameter, kind of what is wrong, what must come of it, arguments)."""
    for name, function in public().items():
        if not name.startswith(floor):
            continue
        made = arguments(name, function)
        valid = {key: value for key, (_, value) in made.items()}
        parameters = inspect.signature(function).parameters
        for key, (kind, value) in made.items():
            for wanted, table in ill_formed(kind, value).items():
                for label, wrong in table.items():
                    default = parameters[key].default
                    if wrong is None and (default is None or value is None):
                        continue
                    yield name, function, key, label, wanted, valid, valid | {key: wrong}


def limit_time(seconds: int) -> None:
    """End the process when it has used so many seconds more; a loaded machine does not count."""
    used = math.ceil(time.process_time())
    resource.setrlimit(resource.RLIMIT_CPU, (used + seconds, resource.RLIM_INFINITY))


def walk(floor: str, every: int, first: int) -> None:
    """Try every so many cases of a floor; prints a line before each and what came after it."""
    warnings.simplefilter("ignore")
    results: dict[str, Any] = {}
    tried = list(cases(f"{floor}."))[first::every]
    for name, function, key, label, wanted, valid, values in tried:
        case = f"{name}({key}: {label})"
        print(json.dumps([case, None]), flush=True)
        limit_time(LIMIT)
        try:
            if name not in results:
                results[name] = called(function, valid)
        except Exception as error:
            found = f"raw {error!r}, called as it should be"
        else:
            limit_time(QUICK if label in (*ABSURD, "absurdly long") else LIMIT)
            found = verdict(function, values, key, wanted, label, results[name])
        found = "allowed" if is_allowed(case) else found
        print(json.dumps([case, found]), flush=True)


def walked(found: dict[str, str], folder: Any, *given: Any) -> str | None:
    """Fill in what comes of cases; returns the one that a process of its own did not survive."""
    env = {**os.environ, "PYTHONPATH": str(Path(qt.__file__).parents[1])}
    command = [sys.executable, __file__, "walk", *map(str, given)]
    begun = None
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder, env=env) as walk:
        guard = threading.Timer(STALL, walk.kill)
        guard.start()
        assert walk.stdout is not None
        for line in walk.stdout:
            guard.cancel()
            guard = threading.Timer(STALL, walk.kill)
            guard.start()
            begun, what = json.loads(line)
            if what is not None:
                found[begun], begun = what, None
        guard.cancel()
    if begun is None and walk.returncode:
        raise RuntimeError(f"the walk ended with status {walk.returncode} between two cases")
    return begun


def main(floor: str, every: int = 1, first: int = 0, folder: Any = None) -> dict[str, str]:
    """What comes of every so many cases of a floor, also where one ends the process or stalls."""
    found: dict[str, str] = {}
    while case := walked(found, folder, floor, every, first + every * len(found)):
        found[case] = f"raw: it ended the process, or took more than {LIMIT} s"
    return found


if __name__ == "__main__":
    if sys.argv[1] == "walk":
        walk(sys.argv[2], *map(int, sys.argv[3:]))
    else:
        json.dump(main(sys.argv[1], *map(int, sys.argv[2:])), sys.stdout, indent=0)
