"""Leads in second order: the equation itself, its secular limit, H(t), messages."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt
from qtjax.dynamics import FermionicLead, RedfieldLead, dissipative_parts

C = [np.asarray(c) for c in qt.algebra.fermions(2)]
N = sum(c.conj().T @ c for c in C)
T, MU = 0.6, 0.3


def hamiltonian(repulsion=0.8):
    """Two levels with a complex tunnelling, and a repulsion."""
    hop = (0.2 + 0.1j) * C[0].conj().T @ C[1]
    both = C[0].conj().T @ C[0] @ C[1].conj().T @ C[1]
    levels = 0.9 * C[0].conj().T @ C[0] + 0.5 * C[1].conj().T @ C[1]
    return levels + hop + hop.conj().T + repulsion * both


def rate(e):
    return 0.1 / (1.0 + (e - 0.4) ** 2)


def lead(unit=1.0, cutoff=None, which=0):
    def scaled(e):
        return unit * rate(e / unit)

    return RedfieldLead(C[which], unit * T, unit * MU, scaled, number=N, cutoff=cutoff)


def dissipator(h, c, rho, cutoff):
    """D(rho), pair of transitions by pair of transitions."""
    energies, v = np.linalg.eigh(h)
    rho, c, total = v.conj().T @ rho @ v, v.conj().T @ c @ v, 0.0
    w = energies - energies[:, None]
    for a, e, sign in ((c, w, 1.0), (c.conj().T, -w, -1.0)):
        gamma = rate(e) / (np.exp(-sign * (e - MU) / T) + 1.0) / 2
        for m, n in np.ndindex(w.shape):
            left = np.zeros_like(a)
            left[m, n] = gamma[m, n] * a[m, n]
            right = np.where(np.abs(w - w[m, n]) <= cutoff, a, 0.0)
            half = left @ rho @ right.conj().T - right.conj().T @ left @ rho
            total = total + half + half.conj().T
    return v @ total @ v.conj().T


RHO = np.asarray(qt.algebra.random_density_matrix(jax.random.key(1), 4))


@pytest.mark.parametrize("which", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_the_generator_is_the_sum_over_all_pairs_of_transitions(which):
    """With a cutoff, without, and secular, in every unit."""
    h = hamiltonian()

    @jax.jit
    @jax.vmap
    def parts(cutoff, unit):
        some = qt.OpenSystem(unit * h, lead(unit, unit * cutoff, which))
        full = qt.OpenSystem(unit * h, lead(unit, None, which))
        reference = some.baths[0].reference(unit * h)
        states = (some, RHO), (full, RHO), (some, reference)
        return [dissipative_parts(system, 0.0, jnp.asarray(x))[0] / unit for system, x in states]

    cutoffs = (0.0, 0.5, 0.5)
    some, full, fixed = parts(jnp.array(cutoffs), jnp.array([1.0, 1e-30, 1.0]))
    for k, cutoff in enumerate(cutoffs):
        wanted = dissipator(h, C[which], RHO, cutoff + 1e-9)
        np.testing.assert_allclose(some[k], wanted, atol=1e-15)
        np.testing.assert_allclose(full[k], dissipator(h, C[which], RHO, np.inf), atol=1e-15)
    assert np.max(np.abs(fixed[0])) < 1e-15  # e^{-(H - mu N)/T}/Z, of the secular one


def test_one_level_and_one_that_moves():
    """As the lead that is given the level; along H(t) the generator of the moment."""
    c = qt.destroy(2)
    n = qt.number(2)
    moving = qt.Driven([(qt.Linear(0.7, 1.1, 0.0, 1.0), n)])
    rho = qt.algebra.random_density_matrix(jax.random.key(2), 2)

    @jax.jit
    def parts(energy, t):
        local = FermionicLead(c, energy, T, MU, rate)
        whole = RedfieldLead(c, T, MU, rate, number=n)
        systems = (energy * n, local), (energy * n, whole), (moving, whole)
        return [dissipative_parts(qt.OpenSystem(*pair), t, rho)[0] for pair in systems]

    local, whole, following = parts(0.9, 0.5)
    # a single level has coherences between numbers of particles that the secular step does not see
    np.testing.assert_allclose(whole, local, atol=1e-15)
    np.testing.assert_allclose(following, local, atol=1e-15)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"temperature": -1.0}, "`temperature` must be >= 0"),
        ({"chemical_potential": np.inf}, "`chemical_potential` must be finite"),
        ({"rate": -1.0}, "`rate` must be >= 0"),
        ({"cutoff": -1.0}, "`cutoff` must be >= 0"),
        ({"number": 2.0 * N}, "must take one particle out"),
        ({"number": C[0]}, "`number` must be Hermitian"),
    ],
)
def test_bad_leads_in_second_order(changes, message):
    given = {
        "lowering": C[0], "temperature": T, "chemical_potential": MU, "rate": 0.1, "number": N,
    } | changes  # fmt: skip
    with pytest.raises(ValueError, match=message):
        RedfieldLead(**given)


@pytest.mark.parametrize(
    ("h", "rate", "message"),
    [
        (np.eye(2), 0.1, "`lowering` has d = 4, but the Hamiltonian has d = 2"),
        (C[0] + C[0].T, 0.1, "`number` must be conserved by the Hamiltonian"),
        (hamiltonian(), lambda e: -e, "`rate` must be >= 0"),
    ],
)
def test_hamiltonians_that_a_lead_cannot_have(h, rate, message):
    with pytest.raises(ValueError, match=message):
        RedfieldLead(C[0], T, MU, rate, number=N).channels(qt.Static(jnp.asarray(h)))
