"""Every value of every public reference case, and the published ones, by qtjax's own means.

`CASES[id]()` returns {name: value} from evolutions, propagators, limit cycles and their gradients.
The tolerances are those of the reference file; the set of names must be the file's.
"""

import functools
import json
import math
from pathlib import Path

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt

REFERENCE = Path(__file__).parent / "reference"
PUBLIC = {c["id"]: c for c in json.loads((REFERENCE / "public.json").read_text())["cases"]}
PUBLISHED = {r["key"]: r for r in json.loads((REFERENCE / "published.json").read_text())["results"]}

N = qt.number(2)


def qubit(w, t_bath, gamma0, gamma_phi=0.0):
    """H = w n with a thermal bath and pure dephasing: one structure, so one compilation."""
    bath = qt.LocalBath(qt.destroy(2), w, t_bath, qt.Flat(gamma0))
    return qt.OpenSystem(w * N, (bath, qt.Lindblad(qt.sigmaz() / math.sqrt(2.0), gamma_phi)))


def qubit_state(p, ge=0.0):
    ge = complex(*ge) if isinstance(ge, list) else complex(ge)
    return jnp.array([[1 - p, ge], [ge.conjugate(), p]])


def state(system, t, rho):
    return rho


SAVE = {"rho": state, "rates": qt.rates}


def at(saved, k):
    return jax.tree.map(lambda x: x[k], saved)


def p01():
    p = PUBLIC["P01"]["params"]
    system, t_bath = qubit(p["w"], p["T_bath"], p["gamma0"]), p["T_bath"]
    h = system.hamiltonian(0.0)
    times = [0, 2, 5, 10, 20]
    solution = qt.evolve(system, qubit_state(p["p_e0"]), jnp.array(times, float), save=SAVE)
    ledger = solution.ledger
    # the rate at which populations relax: an eigenvalue of the generator
    modes = np.linalg.eigvals(np.asarray(qt.dynamics.liouvillian(system)))
    out = {
        "G": np.max(-modes.real),
        "p_eq": qt.thermal_state(h, t_bath)[1, 1].real,
        "F_eq": qt.information.equilibrium_free_energy(h, t_bath),
        "dQ_0_20": ledger.heat[-1, 0],
        "dS_0_20": ledger.entropy[-1] - ledger.entropy[0],
    }
    out["T_finite_interval_0_20"] = qt.thermodynamics.interval_temperature(
        out["dQ_0_20"], out["dS_0_20"]
    ).temperature
    out["Sigma_0_20"] = out["dS_0_20"] - out["dQ_0_20"] / t_bath
    for k, t in enumerate(times):
        rates, rho = at(solution.saved["rates"], k), solution.saved["rho"][k]
        out |= {
            f"p_e@{t}": rho[1, 1].real,
            f"S@{t}": ledger.entropy[k],
            f"Sdot@{t}": rates.entropy_rate,
            f"Qdot@{t}": rates.heat_current,
            f"T_gen@{t}": qt.generalized_temperature(rates).temperature,
            f"sigma_spohn@{t}": rates.spohn_production,
            f"F_neq@{t}": qt.information.free_energy(rho, h, t_bath),
            f"diS_dt_eq11@{t}": rates.interior,
        }
    return out


def p02(case):
    p = PUBLIC[case]["params"]
    system = qubit(p["w"], p["T_bath"], p["gamma0"], p["gamma_phi_canonical"])
    h, rho0 = system.hamiltonian(0.0), qubit_state(p["p_e0"], p["rho_ge0"])
    times = [0, 1, 3, 8]
    solution = qt.evolve(system, rho0, jnp.array([*times, 9.5]), save=SAVE)
    out = {
        "Re_rho_ge@3": solution.saved["rho"][2][0, 1].real,
        "Im_rho_ge@3": solution.saved["rho"][2][0, 1].imag,
        "beta_bath": 1 / system.baths[0].temperature,
        "beta_gen@infinity": _beta_of_slowest_mode(system, rho0),
    }
    for k, t in enumerate(times):
        rates, rho = at(solution.saved["rates"], k), solution.saved["rho"][k]
        temperature = qt.generalized_temperature(rates)
        out |= {
            f"p_e@{t}": rho[1, 1].real,
            f"abs_rho_ge@{t}": jnp.abs(rho[0, 1]),
            f"S@{t}": solution.ledger.entropy[k],
            f"Sdot@{t}": rates.entropy_rate,
            f"Qdot@{t}": rates.heat_current,
            f"beta_gen@{t}": temperature.beta,
            f"T_gen@{t}": temperature.temperature,
            f"T_population@{t}": _population_temperature(rho, p["w"]),
            f"ergotropy@{t}": qt.ergotropy(rho, h),
            f"coherence_relent@{t}": qt.information.coherence(rho, h),
            f"sigma_spohn@{t}": rates.spohn_production,
        }
    return out


def _population_temperature(rho, w):
    return w / jnp.log(rho[0, 0].real / rho[1, 1].real)


def _beta_of_slowest_mode(system, rho0):
    """lim S'/Q': rho = tau + e C + e^2 P with e = exp(-G t/2), to second order in e.

    C, the coherence, dies as exp(-G2 t): of order e if G2 = G/2, and out of reach if it is faster.
    """
    tau = qt.thermal_state(system.hamiltonian(0.0), system.baths[0].temperature)
    population = jnp.diag(jnp.diagonal(rho0 - tau))
    coherence = rho0 - tau - population

    def decay(x):
        moved = sum(qt.dynamics.dissipative_parts(system, 0.0, x))
        return -float(jnp.vdot(x, moved).real / jnp.vdot(x, x).real)

    faster = 2 * decay(coherence) > decay(population) * (1 + 1e-9)
    weight = 0.0 if faster else 1.0

    def second_order(e):
        r = qt.rates(system, 0.0, tau + e * weight * coherence + e**2 * population)
        return r.entropy_rate, r.heat_current

    entropy, heat = jax.jit(jax.jacfwd(jax.jacfwd(second_order)))(0.0)
    return entropy / heat


def p03():
    p = PUBLIC["P03"]["params"]
    names = ["0", "1e-9", "1e-6", "1e-3", "1"]
    system = qubit(p["w"], p["T_bath"], p["gamma0"])
    ts = jnp.array([float(n) for n in names])
    solution = qt.evolve(system, qubit_state(p["p_e0"]), ts, save=SAVE)
    ledger, out = solution.ledger, {}
    for k, t in enumerate(names):
        rates = at(solution.saved["rates"], k)
        out |= {
            f"S@{t}": ledger.entropy[k],
            f"Sdot@{t}": rates.entropy_rate,
            f"T_gen@{t}": qt.generalized_temperature(rates).temperature,
        }
        if k == 0:
            out["Qdot@0"] = rates.heat_current
            continue
        interval = qt.thermodynamics.interval_temperature(ledger.heat[k, 0], ledger.entropy[k])
        out[f"T_finite_interval_0_t@{t}"] = interval.temperature
        out[f"p_e@{t}"] = solution.saved["rho"][k][1, 1].real
    return out


def p05():
    p = PUBLIC["P05"]["params"]
    h = qt.Driven(
        [
            (p["w0"] / 2, qt.sigmaz()),
            (lambda t: p["Omega"] / 2 * jnp.cos(p["nu"] * t), qt.sigmax()),
            (lambda t: p["Omega"] / 2 * jnp.sin(p["nu"] * t), qt.sigmay()),
        ]
    )
    rho0 = qt.thermal_state(h(0.0), p["T0"])
    times = [0, 1, 4, 10]
    solution = qt.evolve(qt.OpenSystem(h), rho0, jnp.array(times, float))
    assert solution.method == "unitary"
    ledger = solution.ledger
    out = {"S_const": qt.entropy(rho0), "U@0": ledger.energy[0]}
    for k, t in list(enumerate(times))[1:]:
        rho = solution.saved[k]
        x, y, z = qt.algebra.bloch_vector(rho)
        out |= {
            f"bloch_x@{t}": x,
            f"bloch_y@{t}": y,
            f"bloch_z@{t}": z,
            f"U@{t}": ledger.energy[k],
            f"W@{t}": ledger.work[k],
            f"Q@{t}": ledger.energy[k] - ledger.energy[0] - ledger.work[k],
            f"S@{t}": ledger.entropy[k],
            f"D_rho_tau@{t}": qt.information.relative_entropy(rho, qt.thermal_state(h(t), p["T0"])),
        }
    return out


def p06():
    p = PUBLIC["P06"]["params"]
    w, t_bath, gamma0 = p["w"], p["T_bath"], p["gamma0"]
    down, up = qt.dynamics.thermal_rates(qt.Flat(gamma0), w, t_bath)
    lowering = [jnp.zeros((3, 3)).at[0, k].set(1.0) for k in (1, 2)]
    bath = qt.Lindblad(
        [*lowering, *(a.T for a in lowering)], (down, down, up, up), temperature=t_bath
    )
    system = qt.OpenSystem(jnp.diag(jnp.array([0.0, w, w])), bath)

    @eqx.filter_jit
    def acceleration(rho):
        def rate(r):
            return qt.information.entropy_rate(r, qt.dynamics.right_hand_side(system, 0.0, r))

        return jax.jvp(rate, (rho,), (qt.dynamics.right_hand_side(system, 0.0, rho),))[1]

    times = [0, 1, 4, 100]
    rho0 = jnp.diag(jnp.array(p["p0"]))
    solution = qt.evolve(system, rho0, jnp.array(times, float), save=SAVE)
    out = {"p0_eq": solution.state[0, 0].real}
    for k, t in enumerate(times[:-1]):
        rates, rho = at(solution.saved["rates"], k), solution.saved["rho"][k]
        out |= {
            f"p0@{t}": rho[0, 0].real,
            f"S@{t}": solution.ledger.entropy[k],
            f"Sdot@{t}": rates.entropy_rate,
            f"Sddot@{t}": acceleration(rho),
            f"Qdot@{t}": rates.heat_current,
            f"T_gen@{t}": qt.generalized_temperature(rates).temperature,
        }
    return out


X = np.array([[0.3, 0.1 + 0.2j, 0], [0.1 - 0.2j, -0.1, 0.05], [0, 0.05, -0.2]])
Y = np.array([[0.2, 0, 0.1j], [0, -0.3, 0.05], [-0.1j, 0.05, 0.1]])


def p06b():
    def s(e):
        return qt.entropy(qt.algebra.maximally_mixed(3) + e * X)

    return {"dS": jax.jit(jax.grad(s))(0.0), "d2S": jax.jit(jax.hessian(s))(0.0)}


def p06c():
    def g(e):
        return qt.information.entropy_rate_analytic(qt.algebra.maximally_mixed(3) + e * X, Y)

    return {"dg": jax.jit(jax.grad(g))(0.0), "d2g": jax.jit(jax.hessian(g))(0.0)}


def commuting_otto(w_h, w_c, t_h, t_c, durations, rate):
    cycle = qt.otto_cycle(
        w_c * N,
        w_h * N,
        couplings=qt.sigmax(),
        temperatures=(t_c, t_h),
        rate=rate,
        durations=durations,
    )
    return qt.limit_cycle(cycle, steps=4)


def end_temperatures(solution, stroke):
    """T(t) at the start and at the end of a stroke, from its rates there."""
    part = solution.cycle.strokes[stroke]
    return [
        generalized_temperature(part.in_time(), t, solution.states[stroke + k])
        for k, t in enumerate((jnp.zeros(()), part.duration))
    ]


@eqx.filter_jit
def generalized_temperature(system, t, rho):
    return qt.generalized_temperature(qt.rates(system, t, rho)).temperature


def otto_values(s):
    mean_cold, mean_hot = s.mean_temperatures
    return {
        "Q_h": s.heat_hot,
        "Q_c": s.heat_cold,
        "W_out": s.work_output,
        "eta": s.efficiency,
        "dS_h": s.entropy_hot,
        "T_mean_hot": mean_hot,
        "T_mean_cold": mean_cold,
        "Sigma_cycle": s.spohn_production,
    }


def p08():
    p = PUBLIC["P08"]["params"]
    s = commuting_otto(p["w_h"], p["w_c"], p["T_h"], p["T_c"], (60.0, 0.5, 60.0, 0.5), 1.0)
    return otto_values(s) | {
        "p_h": s.states[1][1, 1].real,
        "p_c": s.states[3][1, 1].real,
        "eta_carnot": s.carnot_efficiency,
        "T_gen_hot_start": end_temperatures(s, 0)[0],
        "T_gen_cold_start": end_temperatures(s, 2)[0],
        # 0/0 limits: T(t) of a diagonal qubit is its population temperature
        "T_gen_hot_end": _population_temperature(s.states[1], p["w_h"]),
        "T_gen_cold_end": _population_temperature(s.states[3], p["w_c"]),
    }


P09 = PUBLIC["P09"]["params"]


def p09_cycle(w_h, w_c, t_h, t_c, tau_h, tau_c):
    tau_w = P09["tau_w_each"]
    rates = (P09["gamma0_c"], P09["gamma0_h"])
    return commuting_otto(w_h, w_c, t_h, t_c, (tau_h, tau_w, tau_c, tau_w), rates)


def p09():
    s = p09_cycle(*(P09[k] for k in ("w_h", "w_c", "T_h", "T_c", "tau_h", "tau_c")))
    start, end = s.states[0][1, 1].real, s.states[1][1, 1].real
    return otto_values(s) | {
        "p1_start_hot": start,
        "p2_end_hot": end,
        "dp": end - start,
        "power": s.power,
        "population_contraction_per_cycle": s.contraction**2,
    }


def p15():
    names = ("w_h", "w_c", "T_h", "T_c", "tau_h", "tau_c")

    def figures(values):
        s = p09_cycle(*values)
        figures = {
            "power": s.power,
            "T_mean_hot": s.mean_temperatures[1],
            "Sigma_cycle": s.spohn_production,
        }
        return figures, figures

    slopes, out = eqx.filter_jit(jax.jacrev(figures, has_aux=True))([P09[k] for k in names])
    return out | {
        f"d{name}_d{k}": slope
        for name, row in slopes.items()
        for k, slope in zip(names, row, strict=True)
    }


def p16():
    p = PUBLIC["P16"]["params"]
    t_bath = p["T_bath"]
    h = qt.Driven([(qt.Linear(2.0, 0.8, 0.0, 3.0), N)])
    system = qt.OpenSystem(h, qt.AdiabaticBath(qt.sigmax(), t_bath, qt.Flat(p["gamma0"])))
    solution = qt.evolve(
        system,
        qt.thermal_state(h(0.0), t_bath),
        jnp.array([0.0, 1.0, 3.0]),
        save=SAVE,
        controller=diffrax.PIDController(rtol=1e-12, atol=1e-14),
    )
    ledger, out = solution.ledger, {}
    for k, t in ((1, 1), (2, 3)):
        heat, gain = ledger.heat[k, 0], ledger.entropy[k] - ledger.entropy[0]
        out |= {
            f"p_e@{t}": solution.saved["rho"][k][1, 1].real,
            f"Q@{t}": heat,
            f"W@{t}": ledger.work[k],
            f"dU@{t}": ledger.energy[k] - ledger.energy[0],
            f"dS@{t}": gain,
            f"Sigma@{t}": gain - heat / t_bath,
            f"T_gen@{t}": qt.generalized_temperature(at(solution.saved["rates"], k)).temperature,
            f"T_finite_interval@{t}": qt.thermodynamics.interval_temperature(
                heat, gain
            ).temperature,
        }
    return out


def p04():
    p = PUBLIC["P04"]["params"]
    system = qt.models.partial_swap(p["w"], p["g"])
    rho0 = qt.tensor(qt.thermal_state(N, p["T_A"]), qt.thermal_state(N, p["T_B"]))
    times = [0, 1, 3, 5]
    solution = qt.evolve(
        system, rho0, jnp.array(times, float), save=SAVE | {"p": qt.thermodynamics.part_rates}
    )
    states = eqx.tree_at(lambda s: s.saved, solution, solution.saved["rho"])
    books = qt.finite_reservoirs(system, states, (1,), p["T_B"])
    out = {}
    for k, t in list(enumerate(times))[1:]:
        rho, part = states.saved[k], at(solution.saved["p"], k)
        t_a, t_b = qt.generalized_temperature(part).temperature
        out |= {
            f"S_A@{t}": qt.entropy(qt.partial_trace(rho, (2, 2), 0)),
            f"S_B@{t}": qt.entropy(qt.partial_trace(rho, (2, 2), 1)),
            f"S_AB@{t}": qt.entropy(rho),
            f"I_AB@{t}": qt.mutual_information(rho, (2, 2)),
            f"S_C@{t}": part.correlation_entropy,
            f"Qdot_A@{t}": part.heat_current[0],
            f"Qdot_B@{t}": part.heat_current[1],
            f"T_A@{t}": t_a,
            f"T_B@{t}": t_b,
            f"dS_C_dt_eq18@{t}": part.clausius_balance,
            f"Sigma_esposito_B_as_bath@{t}": books.production[k],
            f"D_rhoB_rhoB0@{t}": books.reservoir_divergence[k, 0],
            f"offdiag_abs_01_10@{t}": jnp.abs(rho[1, 2]),
        }
    return out


def lorentzian(case):
    p = PUBLIC[case]["params"]
    damping = qt.models.LorentzianDamping(p["w"], p["gamma0"], p["lam"])
    return damping, qubit_state(p["p_e0"], p["rho_ge0"])


def p07():
    damping, rho0 = lorentzian("P07")
    # the first zeros of G and of G', by bisection
    zero = _bisect(damping.amplitude, 8.0, 8.5)
    turning = _bisect(jax.grad(lambda t: damping.amplitude(t)), 14.0, 15.0)
    out = {"t_first_zero_of_G": zero, "t_first_turning": turning}
    system = damping.time_local()
    for t in (2, 5, 10, 12, 20):
        rho = damping.state(float(t), rho0)
        rates = jitted_rates(system, float(t), rho)
        out |= {
            f"G@{t}": damping.amplitude(t),
            f"gamma@{t}": damping.rate(t),
            f"p_e@{t}": rho[1, 1].real,
            f"S@{t}": qt.entropy(rho),
            f"Sdot@{t}": rates.entropy_rate,
            f"Qdot@{t}": rates.heat_current,
            f"beta_gen@{t}": qt.generalized_temperature(rates).beta,
        }
    return out


def p07b():
    damping, rho0 = lorentzian("P07b")
    system, out = damping.time_local(), {}
    for t in (1, 2, 5, 12):
        rho = damping.state(float(t), rho0)
        rates = jitted_rates(system, float(t), rho)
        out |= {
            f"T_gen@{t}": qt.generalized_temperature(rates).temperature,
            f"S@{t}": qt.entropy(rho),
        }

    def excited(t):
        return damping.state(t, rho0)[1, 1].real

    turning = _bisect(jax.grad(excited), 14.0, 15.0)
    # a removable 0/0: the limit of T(t) there is the population temperature
    out["T_gen_limit@turning"] = _population_temperature(damping.state(turning, rho0), damping.gap)
    out["t_beta_zero (p=1/2)"] = _bisect(lambda t: excited(t) - 0.5, 1.0, 5.0)
    return out


def _bisect(f, a, b):
    f, sign = eqx.filter_jit(f), math.copysign(1.0, float(f(a)))
    for _ in range(60):
        middle = 0.5 * (a + b)
        a, b = (middle, b) if float(f(middle)) * sign > 0 else (a, middle)
    return 0.5 * (a + b)


jitted_rates = eqx.filter_jit(qt.rates)


def p10():
    p = PUBLIC["P10"]["params"]
    rho = np.diag(p["p"])
    ledger = qt.thermodynamics.von_neumann_ledger(rho, p["T"], atoms=p["n"], volume=p["V"])
    work, heat = ledger.work.sum(0), ledger.heat.sum(0)
    out = {
        "W_on_total": work.sum(),
        "S_rho": ledger.entropy,
        "dS_gas_total_per_particle": ledger.gas_entropy.sum() / p["n"],
        "dS_bath_total": ledger.bath_entropy.sum(),
        "dS_universe": (ledger.gas_entropy + ledger.bath_entropy).sum(),
        "final_entropy": qt.entropy(rho) + ledger.gas_entropy.sum() / p["n"],
    }
    for i in range(3):
        out |= {
            f"W_on_{i}": work[i],
            f"Q_gas_{i}": heat[i],
            f"dS_gas_{i}": ledger.gas_entropy[:, i].sum(),
            f"V_{i}": ledger.volumes[i],
            f"paper_W_per_particle_units_T_{i} (by gas)": -work[i] / (p["n"] * p["T"]),
        }
    return out


def p11():
    p = PUBLIC["P11"]["params"]
    baths = [
        qt.LocalBath(qt.destroy(2), p["w"], p[f"T_{x}"], qt.Flat(p[f"gamma0_{x}"])) for x in "hc"
    ]
    system = qt.OpenSystem(p["w"] * N, baths)
    save = SAVE | {
        "na": qt.thermodynamics.fixed_point_production,
        "baths": qt.thermodynamics.bath_rates,
    }
    times = [0, 2, 6, 40]
    solution = qt.evolve(system, qubit_state(p["p_e0"]), jnp.array(times, float), save=save)
    steady = qt.steady_state(system).state
    at_steady = jitted_rates(system, 0.0, steady)
    out = {
        "p_ss": steady[1, 1].real,
        "J_h_ss": at_steady.heat_currents[0],
        "sigma_ss": at_steady.spohn_production,
        "T_population_ss": 1 / qt.thermodynamics.population_beta(steady, p["w"] * N),
    }
    for k, t in enumerate(times):
        rates = at(solution.saved["rates"], k)
        na = solution.saved["na"][k]
        out |= {
            f"p_e@{t}": solution.saved["rho"][k][1, 1].real,
            f"Qdot_h@{t}": rates.heat_currents[0],
            f"Qdot_c@{t}": rates.heat_currents[1],
            f"Sdot@{t}": rates.entropy_rate,
            f"sigma@{t}": rates.spohn_production,
            f"sigma_na@{t}": na,
            f"sigma_a@{t}": rates.spohn_production - na,
            f"deS_h_dt@{t}": solution.saved["baths"].entropy_rate[k, 0],
        }
    return out


def p12():
    p = PUBLIC["P12"]["params"]
    h, rho = np.diag(np.array(p["E"], float)), np.diag(p["p"])
    gibbs_beta = qt.thermodynamics.entropy_beta(rho, h)
    same_entropy = qt.thermal_state(h, 1 / gibbs_beta)
    return {
        "U": qt.expectation(h, rho),
        "S": qt.entropy(rho),
        "T_mean_energy": 1 / qt.thermodynamics.energy_beta(rho, h),
        "T_same_entropy": 1 / gibbs_beta,
        "beta_spectral_mahler": qt.thermodynamics.spectral_beta(rho, h),
        "beta_HS_gradient": qt.thermodynamics.gradient_beta(rho, h),
        "beta_cov_in_rho": qt.thermodynamics.covariance_beta(rho, h),
        "T_pair_01": 1 / qt.thermodynamics.population_beta(rho, h, 0, 1),
        "T_pair_12": 1 / qt.thermodynamics.population_beta(rho, h, 1, 2),
        "ergotropy": qt.ergotropy(rho, h),
        "bound_ergotropy (U-U_th(S))": qt.expectation(h, rho) - qt.expectation(h, same_entropy),
        "F_neq_T1": qt.information.free_energy(rho, h, 1.0),
        "F_eq_T1": qt.information.equilibrium_free_energy(h, 1.0),
        "D_rho_tau_T1": qt.information.relative_entropy(rho, qt.thermal_state(h, 1.0)),
    }


def p13():
    t_bath, gaps = PUBLIC["P13"]["params"]["T_B"], (0.8, 1.0, 1.3)
    spins = qt.models.qubit_and_spins(1.0, gaps, [0.15, 0.2, 0.1])
    h_bath = sum(w * qt.embed(N, (2, 2, 2), k) for k, w in enumerate(gaps))
    # the three spins as one reservoir
    system = qt.OpenSystem(spins.hamiltonian, parts=(N, h_bath))
    rho_s = np.array([[0.3, 0.2 - 0.1j], [0.2 + 0.1j, 0.7]])
    rho0 = qt.tensor(rho_s, qt.thermal_state(h_bath, t_bath))
    times = [0.0, 2.0, 6.0, 15.0]
    solution = qt.evolve(
        system, rho0, jnp.array(times), save=SAVE | {"p": qt.thermodynamics.part_rates}
    )
    states = eqx.tree_at(lambda s: s.saved, solution, solution.saved["rho"])
    books = qt.finite_reservoirs(system, states, (1,), t_bath)
    np.testing.assert_allclose(books.divergence, books.production, rtol=0, atol=1e-10)
    out = {}
    for k, t in list(enumerate(times))[1:]:
        part = at(solution.saved["p"], k)
        t_s, t_b = qt.generalized_temperature(part).temperature
        out |= {
            f"S_S@{t}": qt.entropy(qt.partial_trace(states.saved[k], (2, 8), 0)),
            f"S_B@{t}": qt.entropy(qt.partial_trace(states.saved[k], (2, 8), 1)),
            f"S_tot@{t}": qt.entropy(states.saved[k]),
            f"I@{t}": books.correlation[k],
            f"Q_from_bath@{t}": books.heat[k, 0],
            f"dU_S@{t}": books.bare_heat[k],
            f"Sigma@{t}": books.production[k],
            f"D_B@{t}": books.reservoir_divergence[k, 0],
            f"Qdot_S@{t}": part.heat_current[0],
            f"Qdot_B@{t}": part.heat_current[1],
            f"Sdot_S@{t}": part.entropy_rate[0],
            f"Sdot_B@{t}": part.entropy_rate[1],
            f"dS_C_dt@{t}": part.correlation_rate,
            f"T_S@{t}": t_s,
            f"T_B@{t}": t_b,
        }
        if not np.isnan(books.reeb_wolf_bound[k]):
            out[f"ReebWolf_bound@{t}"] = books.reeb_wolf_bound[k]
            out[f"beta_dQ_to_bath@{t}"] = books.landauer_cost[k]
    return out


def p14():
    rates = np.array([0.4, 0.1, 0.2])
    operators = np.stack(
        [qt.destroy(2) + 0.3 * np.eye(2), qt.sigmaz(), qt.sigmax() + 0.5j * qt.sigmaz()]
    )
    h = 0.5 * qt.sigmaz()
    rho = jnp.array([[0.6, 0.1 + 0.2j], [0.1 - 0.2j, 0.4]])
    given = qt.OpenSystem(h, qt.Lindblad(operators, rates))
    form = qt.dynamics.canonical_generator(given)
    canonical = qt.OpenSystem(form.hamiltonian, qt.Lindblad(form.operators, form.rates))
    paulis = {"x": qt.sigmax(), "y": qt.sigmay(), "z": qt.sigmaz()}
    return {
        **{f"canonical_rate_{k}": rate for k, rate in enumerate(form.rates)},
        "sum_rates": form.rates.sum(),
        **{
            f"H_can_bloch_{x} (tr(H s)/2)": qt.expectation(s, form.hamiltonian) / 2
            for x, s in paulis.items()
        },
        "deS_dt_canonical": jitted_rates(canonical, 0.0, rho).exterior,
        "heat_rate_tr(D_given rho_H_given)": qt.dynamics.heat_currents(given, 0.0, rho)[0],
        "heat_rate_canonical_H": qt.dynamics.heat_currents(canonical, 0.0, rho)[0],
        "heat_rate_total_rhodot_H_given": qt.expectation(
            h, qt.dynamics.right_hand_side(given, 0.0, rho)
        ),
    }


def p17():
    """The damped oscillator in 30 levels; the Otto cycle from squeezed Gibbs states in 60."""
    p, d = PUBLIC["P17"]["params"], 30
    n = qt.number(d)
    bath = qt.LocalBath(qt.destroy(d), p["w"], p["T_bath"], qt.Flat(p["gamma"]))
    system = qt.OpenSystem(p["w"] * n, bath)
    rho0 = qt.thermal_state(n, 1 / math.log(1 + 1 / p["N0"]))
    # populations far below 4 d eps are real here
    exact = functools.partial(qt.rates, support=1e-300, tolerance=math.inf)
    save = {"rho": state, "rates": exact}
    solution, out = qt.evolve(system, rho0, jnp.array([0.0, 2.0, 8.0]), save=save), {}
    for k, t in enumerate((0, 2, 8)):
        rates = at(solution.saved["rates"], k)
        out |= {
            f"N@{t}": qt.expectation(n, solution.saved["rho"][k]),
            f"S@{t}": solution.ledger.entropy[k],
            f"Qdot@{t}": rates.heat_current,
            f"Sdot@{t}": rates.entropy_rate,
            f"T_gen@{t}": qt.generalized_temperature(rates).temperature,
        }
    return out | _oscillator_otto(**p["otto"])


def _oscillator_otto(w_c, w_h, T_c, T_h, Qstar):
    """Ramps as squeezers with cosh 2r = Q*: U = w (n + 1/2) multiplies by Q*, S stays."""
    d = 60
    a, n = qt.destroy(d), qt.number(d)
    squeeze = jax.scipy.linalg.expm(0.25 * math.acosh(Qstar) * (a @ a - qt.dag(a @ a)))
    cold, hot = qt.thermal_state(n, T_c / w_c), qt.thermal_state(n, T_h / w_h)

    def energy(w, rho):
        return w * (qt.expectation(n, rho) + 0.5)

    def ramped(rho):
        return squeeze @ rho @ qt.dag(squeeze)

    heat_hot = energy(w_h, hot) - energy(w_h, ramped(cold))
    heat_cold = energy(w_c, cold) - energy(w_c, ramped(hot))
    gain = qt.entropy(hot) - qt.entropy(ramped(cold))
    free = (energy(w, hot) - energy(w, cold) for w in (w_h, w_c))
    return {
        "Q_h": heat_hot,
        "Q_c": heat_cold,
        "W_out": heat_hot + heat_cold,
        "eta": 1 + heat_cold / heat_hot,
        "eta_frictionless": 1 - 1 / (next(free) / next(free)),
        "dS_h": gain,
        "T_mean_hot": qt.thermodynamics.interval_temperature(heat_hot, gain).temperature,
        "T_mean_cold": qt.thermodynamics.interval_temperature(heat_cold, -gain).temperature,
        "Sigma_cycle": -heat_hot / T_h - heat_cold / T_c,
        "eta_carnot": 1 - T_c / T_h,
    }


CASES = {
    "P01": p01,
    "P02a": lambda: p02("P02a"),
    "P02b": lambda: p02("P02b"),
    "P03": p03,
    "P04": p04,
    "P05": p05,
    "P06": p06,
    "P06b": p06b,
    "P06c": p06c,
    "P07": p07,
    "P07b": p07b,
    "P08": p08,
    "P09": p09,
    "P10": p10,
    "P11": p11,
    "P12": p12,
    "P13": p13,
    "P14": p14,
    "P15": p15,
    "P16": p16,
    "P17": p17,
}


def test_every_public_case_is_computed():
    assert set(CASES) == set(PUBLIC)
    assert sum(len(case["values"]) for case in PUBLIC.values()) == 521


@pytest.fixture(scope="module")
def largest(request):
    """The largest deviation of every case, in units of its tolerance; printed at the end."""
    table = {}
    yield table
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print("\nlargest deviation in units of the tolerance")
        for case, (deviation, name) in table.items():
            print(f"  {case:<30} {deviation:9.2e}  {name}")


@pytest.mark.parametrize("case", CASES)
def test_public_reference(case, largest):
    values = PUBLIC[case]["values"]
    found = CASES[case]()
    assert set(found) == set(values)
    deviations = {
        name: _deviation(float(found[name]), float(v["value"]), v["rtol"], v["atol"])
        for name, v in values.items()
    }
    worst = max(deviations, key=deviations.get)
    largest[case] = (deviations[worst], worst)
    misses = {k: (float(found[k]), values[k], d) for k, d in deviations.items() if not d <= 1.0}
    assert not misses


def _deviation(x, value, rtol, atol):
    """|x - value| in units of atol + rtol |value|; an infinite value must be met exactly."""
    if math.isnan(x):
        return math.inf
    if math.isinf(value):
        return 0.0 if x == value else math.inf
    return abs(x - value) / (atol + rtol * abs(value))


def published_qubit_otto():
    p = PUBLISHED["qubit_otto_limit_cycle"]["params"]
    tau = p["tau_iso_each"]
    s = commuting_otto(p["wh"], p["wc"], p["Th"], p["Tc"], (tau, 0.5, tau, 0.5), p["gamma"])
    p_h, p_c = (
        qt.thermal_state(w * N, t)[1, 1].real for w, t in ((p["wh"], p["Th"]), (p["wc"], p["Tc"]))
    )
    relaxation = [
        np.max(
            -np.linalg.eigvals(np.asarray(qt.dynamics.liouvillian(s.cycle.strokes[k].system))).real
        )
        for k in (0, 2)
    ]
    return {
        "W": s.work,
        "Q_h": s.heat_hot,
        "eta": s.efficiency,
        "F": (s.states[1] - s.states[0])[1, 1].real / (p_h - p_c),
        "Gamma_h": relaxation[0],
        "Gamma_c": relaxation[1],
        "sigma": s.spohn_production,
    }


def published_generalized_temperature_otto():
    p = PUBLISHED["generalized_temperature_otto"]["params"]
    out = {}
    for label, detail, rate in (
        ("no_w0", "detail_without_{}", 0.0),
        ("with_w0", "detail_with{}", p["gamma"]),
    ):
        cycle = qt.otto_cycle(
            0.5 * qt.sigmaz() + 0.3 * qt.sigmax(),
            qt.sigmaz() + 0.3 * qt.sigmax(),
            couplings=[qt.sigmax(), qt.sigmaz()],
            temperatures=(p["Tc"], p["Th"]),
            rate=p["gamma"],
            durations=(p["tau_iso"], p["tau_ramp"], p["tau_iso"], p["tau_ramp"]),
            zero_frequency=rate,
        )
        s = qt.limit_cycle(cycle, steps=64)
        hot, cold = ("hot", "cold") if rate == 0.0 else ("", "_cold")
        out |= {
            f"{label}_channel_Q_h": s.heat_hot,
            f"{label}_channel_Q_c": s.heat_cold,
            f"{label}_channel_W_out": s.work_output,
            f"{label}_channel_eta": s.efficiency,
            f"{label}_channel_sigma_cycle": s.spohn_production,
        }
        for name, stroke in ((hot, 0), (cold, 2)):
            start, end = end_temperatures(s, stroke)
            out |= {
                f"{detail.format(name)}.T_start": start,
                f"{detail.format(name)}.T_end": end,
            }
    return out


def published_temperature_zoo():
    p = PUBLISHED["temperature_zoo_qutrit"]["params"]
    h = np.diag(np.array(p["E"], float))
    rho = np.diag(p["p"])
    rho[0, 1] = rho[1, 0] = p["coh01"]
    betas = {
        "T_energy": qt.thermodynamics.energy_beta(rho, h),
        "T_entropy": qt.thermodynamics.entropy_beta(rho, h),
        "T_spectral": qt.thermodynamics.spectral_beta(rho, h),
        "T_alipour": qt.thermodynamics.gradient_beta(rho, h),
    }
    pairs = ((0, 1), (1, 2), (0, 2))
    return {
        "U": qt.expectation(h, rho),
        "S": qt.entropy(rho),
        **{name: 1 / beta for name, beta in betas.items()},
        **{
            f"T_virtual_01_12_02.{k}": 1 / qt.thermodynamics.population_beta(rho, h, *pair)
            for k, pair in enumerate(pairs)
        },
        "S_relent_coherence": qt.information.coherence(rho, h),
    }


def published_entropy_production_as_correlation():
    """The unitary exp(-i g (XX + YY)) as an evolution over the time g, with the bare energies."""
    p = PUBLISHED["entropy_production_as_correlation"]["params"]
    x, y = qt.sigmax(), qt.sigmay()
    rho_s = np.array([[complex(entry) for entry in row] for row in p["rhoS"]])
    h_bath = 0.65 * qt.sigmaz()
    tau = qt.thermal_state(h_bath, 1 / p["beta"])
    bare = (np.zeros((2, 2)), h_bath)
    system = qt.OpenSystem(qt.tensor(x, x) + qt.tensor(y, y), parts=bare)
    out = {}
    for name in PUBLISHED["entropy_production_as_correlation"]["values"]:
        g = math.pi / 4 if name == "g0.7854" else float(name[1:])
        solution = qt.evolve(system, qt.tensor(rho_s, tau), jnp.array([0.0, g]))
        f = qt.finite_reservoirs(system, solution, (1,), 1 / p["beta"])
        columns = [f.production, f.divergence, f.correlation, f.reservoir_divergence[:, 0]]
        columns += [f.entropy_change, -f.heat[:, 0]]
        out |= {f"{name}.{k}": column[1] for k, column in enumerate(columns)}
    return out


def published_values(key):
    """The values to be met, flat; of the second key those that its notes name."""
    values = PUBLISHED[key]["values"]
    if key != "generalized_temperature_otto":
        lists = {k: v for k, v in values.items() if isinstance(v, list)}
        flat = {k: v for k, v in values.items() if k not in lists}
        return flat | {f"{k}.{i}": x for k, v in lists.items() for i, x in enumerate(v)}
    flat = {k: v for k, v in values.items() if isinstance(v, float) and "carnot" not in k}
    for name, detail in values.items():
        if isinstance(detail, dict):
            flat |= {f"{name}.{end}": detail[end] for end in ("T_start", "T_end")}
    return flat


@pytest.mark.parametrize(
    ("key", "compute", "tolerance"),
    [
        ("qubit_otto_limit_cycle", published_qubit_otto, 1e-9),
        ("generalized_temperature_otto", published_generalized_temperature_otto, 1e-9),
        ("temperature_zoo_qutrit", published_temperature_zoo, 1e-10),
        (
            "entropy_production_as_correlation",
            published_entropy_production_as_correlation,
            1e-10,
        ),
    ],
)
def test_published_reference(key, compute, tolerance, largest):
    values, found = published_values(key), compute()
    assert set(found) == set(values)
    deviations = {k: abs(float(found[k]) - v) / tolerance for k, v in values.items()}
    worst = max(deviations, key=deviations.get)
    largest[key] = (deviations[worst], worst)
    assert not {k: (float(found[k]), values[k]) for k, d in deviations.items() if not d <= 1.0}
