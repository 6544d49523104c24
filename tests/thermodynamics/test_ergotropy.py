"""Ergotropy against closed forms, with its gradients; of parts, of copies."""

import functools
import inspect
import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qtjax.algebra.composite import embed, partial_trace, tensor
from qtjax.algebra.operators import expectation, number
from qtjax.algebra.states import from_bloch, pure_state, random_density_matrix, thermal_state
from qtjax.information.coherence import coherence
from qtjax.information.entropy import relative_entropy
from qtjax.thermodynamics.ergotropy import (
    _couples,
    _types,
    copies_ergotropy,
    ergotropy,
    ergotropy_split,
    local_ergotropy,
    passive_state,
)
from qtjax.thermodynamics.state_temperatures import entropy_beta


@pytest.mark.parametrize("vector", [(0.3, 0.1, 0.4), (0.0, 0.0, -0.6), (0.6, 0.0, -0.8)])
def test_qubit(vector):
    """E = (omega / 2)(r - z) with H = omega number(2) and z = tr(rho sigma_z)."""
    omega = 1.7
    expected = omega / 2 * (np.linalg.norm(vector) - vector[2])
    computed = ergotropy(from_bloch(np.array(vector)), omega * number(2))
    assert float(computed) == pytest.approx(expected, abs=1e-14)


def test_inverted_populations():
    rho = np.diag([0.1, 0.2, 0.7])
    assert float(ergotropy(rho, number(3))) == pytest.approx(1.2, abs=1e-14)
    np.testing.assert_allclose(passive_state(rho, number(3)), np.diag([0.7, 0.2, 0.1]), atol=1e-15)


@pytest.mark.parametrize("d", [2, 3, 4])
def test_passive_states_have_none(d):
    rho = random_density_matrix(jax.random.key(d), d)
    h = random_density_matrix(jax.random.key(d + 9), d)
    passive = passive_state(rho, h)
    assert float(ergotropy(passive, h)) == pytest.approx(0.0, abs=1e-14)
    assert float(ergotropy(thermal_state(h, 0.3), h)) == pytest.approx(0.0, abs=1e-14)
    drawn = expectation(h, rho) - expectation(h, passive)
    assert float(ergotropy(rho, h)) == pytest.approx(float(drawn), abs=1e-14)


def test_gradient_and_hessian_of_a_qubit():
    vector = jnp.array([0.3, 0.1, 0.4])
    r = jnp.linalg.norm(vector)
    unit = vector / r

    def work(v):
        return ergotropy(from_bloch(v), number(2))

    np.testing.assert_allclose(
        jax.jit(jax.grad(work))(vector), (unit - np.array([0, 0, 1])) / 2, atol=1e-14
    )
    curvature = (np.eye(3) - np.outer(unit, unit)) / (2 * r)
    np.testing.assert_allclose(jax.jit(jax.hessian(work))(vector), curvature, atol=1e-13)


def test_degenerate_populations_of_a_degenerate_level_have_no_kink():
    """rho and H both degenerate on the same block: the derivative is tr(X (H - H_passive))."""
    rho, h = np.diag([0.2, 0.2, 0.6]), np.diag([1.0, 1.0, 0.0])
    x = np.array([[0.3, 0.2, 0.1], [0.2, -0.1, 0.4], [0.1, 0.4, -0.2]])
    slope = jax.jvp(lambda r: ergotropy(r, h), (jnp.asarray(rho),), (jnp.asarray(x),))[1]
    assert float(slope) == pytest.approx(0.0, abs=1e-14)


@pytest.mark.parametrize("d", [2, 3])
def test_gradients_at_the_maximally_mixed_state_are_finite(d):
    gradients = jax.grad(ergotropy, (0, 1))(jnp.eye(d) / d, number(d).real)
    assert all(np.all(np.isfinite(g)) for g in gradients)
    np.testing.assert_allclose(gradients[1], np.zeros((d, d)), atol=1e-15)


def test_message():
    with pytest.raises(ValueError, match="`hamiltonian` must be 2 x 2"):
        inspect.unwrap(ergotropy)(np.eye(2) / 2, number(3))


def random_pair(d, seed=0):
    """A state and a Hermitian operator of random entries."""
    a = np.random.default_rng(seed).normal(size=(2, d, d, 2)) @ np.array([1.0, 1.0j])
    rho = a[0] @ a[0].conj().T
    return jnp.asarray(rho / np.trace(rho)), jnp.asarray(a[1] + a[1].conj().T)


@pytest.mark.parametrize("vector", [(0.3, 0.1, 0.4), (0.5, 0.0, -0.6)])
def test_coherent_and_incoherent_parts_of_a_qubit(vector):
    """E = omega/2 (r - z): without coherence it is omega |z| for an inverted qubit, else 0."""
    split = ergotropy_split(from_bloch(np.array(vector)), 1.7 * number(2))
    r, z = np.linalg.norm(vector), vector[2]
    assert float(split.total) == pytest.approx(1.7 / 2 * (r - z), abs=1e-14)
    assert float(split.incoherent) == pytest.approx(1.7 * max(-z, 0.0), abs=1e-14)
    assert float(split.coherent) == pytest.approx(1.7 / 2 * (r - abs(z)), abs=1e-14)


def test_coherence_of_a_gibbs_like_state_by_relative_entropies():
    """E_c/T = C + D(P_diag || tau) - D(P || tau) (Francica et al. 2020), P the passive states."""
    rho, h, temperature = np.array(random_pair(3)[0]), np.diag([0.0, 0.7, 1.9]), 0.8
    tau = thermal_state(h, temperature)
    diagonal = np.diag(np.diag(rho))
    coherent = float(ergotropy_split(rho, h).coherent)
    ends = [relative_entropy(passive_state(x, h), tau) for x in (diagonal, rho)]
    wanted = coherence(rho, h) + ends[0] - ends[1]
    assert coherent == pytest.approx(temperature * float(wanted), abs=1e-13)


def test_local_work_of_a_coupled_qubit():
    """Against a search over all turns of the qubit."""
    rho, h = random_pair(6)
    found = float(local_ergotropy(rho, h, (2, 3), 0))
    rng, here = np.random.default_rng(2), float(expectation(h, rho))
    best, center = 0.0, np.zeros(4)
    paulis = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    for scale in (1.0, 0.3, 0.1, 0.03, 0.01, 0.003):
        q = rng.normal(size=(4000, 4)) * scale + center
        q /= np.linalg.norm(q, axis=1, keepdims=True)
        u = q[:, 0, None, None] * np.eye(2) - 1j * np.einsum("na,aij->nij", q[:, 1:], paulis)
        u = np.einsum("nij,kl->nikjl", u, np.eye(3)).reshape(-1, 6, 6)
        moved = np.einsum("nij,jk,nlk,li->n", u, rho, u.conj(), h, optimize=True).real
        center, best = q[np.argmin(moved)], here - moved.min()
    assert found == pytest.approx(best, abs=1e-4)
    assert found >= best


def test_local_work_without_coupling_is_that_of_the_part():
    rho, _ = random_pair(6)
    a, b = random_pair(2, 3)[1], random_pair(3, 4)[1]
    h = embed(a, (2, 3), 0) + embed(b, (2, 3), 1)
    for site, own in enumerate((a, b)):
        wanted = ergotropy(partial_trace(rho, (2, 3), site), own)
        found = local_ergotropy(rho, h, (2, 3), site)
        assert float(found) == pytest.approx(float(wanted), abs=1e-13)
    assert float(local_ergotropy(rho, h, (2, 3))) == float(local_ergotropy(rho, h, (2, 3), 0))
    singlet = pure_state(jnp.array([0.0, 1.0, -1.0, 0.0]))
    whole = number(2)
    h = embed(whole, (2, 2), 0) + embed(whole, (2, 2), 1)
    assert float(local_ergotropy(singlet, h, (2, 2))) == pytest.approx(0.0, abs=1e-15)
    assert float(ergotropy(singlet, h)) == pytest.approx(1.0, abs=1e-14)


@functools.partial(jax.jit, static_argnums=2)
def of_copies(rho, h, copies):
    return copies_ergotropy(rho, h, copies)


def test_published_activation_by_copies():
    rows = json.loads((Path(__file__).parents[1] / "reference" / "published.json").read_text())
    row = next(r for r in rows["results"] if r["key"] == "ergotropy_activation")
    rho, h = np.diag([1 / 2, 1 / 3, 1 / 6]), np.diag(np.array(row["params"]["E"], float))
    for copies in (1, 2, 3, 4):
        assert float(of_copies(rho, h, copies)) == pytest.approx(0.0, abs=1e-15)
    wanted = row["values"]["ergotropy_5_copies"]
    assert float(of_copies(rho, h, 5)) == pytest.approx(wanted, rel=1e-12)


def test_three_copies_as_one_whole():
    rho, h = random_pair(3)

    @jax.jit
    def whole(rho, h):
        energies = sum(embed(h, (3, 3, 3), k) for k in range(3))
        return ergotropy(tensor(rho, rho, rho), energies)

    assert float(of_copies(rho, h, 3)) == pytest.approx(float(whole(rho, h)), abs=1e-13)
    slopes = [jax.grad(f, (0, 1))(rho, h) for f in (lambda *x: of_copies(*x, 3), whole)]
    np.testing.assert_allclose(slopes[0][1], slopes[1][1], rtol=0, atol=1e-13)
    # along the identity, which leaves the states, the two are continued in different ways
    apart = np.asarray(slopes[0][0] - slopes[1][0])
    np.testing.assert_allclose(apart, apart[0, 0] * np.eye(3), rtol=0, atol=1e-13)


def test_many_copies_give_what_the_entropy_allows():
    """Per copy less than tr(rho H) - U(Gibbs state of the same entropy), and ever closer to it."""
    rho, h = np.diag([1 / 2, 1 / 3, 1 / 6]), np.diag([0.0, 1.0, 2.0])
    gibbs = thermal_state(h, 1 / float(entropy_beta(rho, h)))
    bound = float(expectation(h, rho) - expectation(h, gibbs))
    some, many = (float(of_copies(rho, h, n)) / n for n in (10, 150))
    assert 0.0 < some < many < bound
    assert many > 0.7 * bound


def test_messages_of_parts_and_copies():
    rho, h = random_pair(6)
    with pytest.raises(ValueError, match=r"couples part 1 to the rest .* it has 3 levels"):
        inspect.unwrap(local_ergotropy)(rho, h, (2, 3), 1)
    assert np.isnan(jax.jit(lambda r: local_ergotropy(r, h, (2, 3), 1))(rho))
    with pytest.raises(ValueError, match="between 0 and 1, got"):
        inspect.unwrap(local_ergotropy)(rho, h, (2, 3), 2)
    with pytest.raises(ValueError, match="`copies` must be a whole number >= 1, got 0"):
        inspect.unwrap(copies_ergotropy)(rho, h, 0)
    with pytest.raises(ValueError, match="more than 1e300 levels"):
        inspect.unwrap(copies_ergotropy)(rho, h, 400)


@pytest.mark.parametrize(("part", "couples"), [(0.9, False), (1.1, True)])
def test_a_coupling_that_rounding_may_be(part, couples):
    """64 d eps max|H| of it, here of d = 6 and max|H| = 1000."""
    h = embed(jnp.diag(jnp.array([0.0, 400.0, 1000.0])), (3, 2), 0)
    x, y = (jnp.eye(n)[::-1] for n in (3, 2))
    h = h + part * 64 * 6 * np.finfo(float).eps * 1000.0 * jnp.kron(x, y)
    bare = partial_trace(h, (3, 2), 0) / 2
    found = jax.jit(lambda h: _couples(h, bare, (3, 2), 0))(h)
    assert bool(found) == couples


def test_copies_are_counted_by_their_types(monkeypatch):
    """Of n copies of d levels there are (n + d - 1)!/n!/(d - 1)! types, d^n levels in all."""

    def counted(*given):
        raise RuntimeError(given)

    monkeypatch.setattr(inspect.getmodule(_couples), "check_size", counted)
    with pytest.raises(RuntimeError, match=r"\('copies', 15, 3\)"):
        inspect.unwrap(copies_ergotropy)(np.diag([0.5, 0.3, 0.2]), number(3), 4)
    types, counts = _types(3, 4)
    assert types.shape == (15, 3)
    assert counts.sum() == 3**4
    assert np.all(types.sum(axis=1) == 4)
