"""Magnus steps with the lanes last, beside the same steps as plain matrices."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import expm

from qtjax.numerics import magnus_rows
from qtjax.numerics.equation import SignalTerm, dense, full, unit_entry
from qtjax.numerics.magnus import magnus_exponent, magnus_nodes

N, BOOKS, STEPS = 4, 2, 5


def problem(first):
    """Random terms whose first rows are 0, with signals that a parameter changes."""
    rng = np.random.default_rng(first)
    parts = rng.normal(size=(2, N, N)) * (np.arange(N) >= first)[:, None]
    terms = [SignalTerm(0, (k,), full(jnp.asarray(part))) for k, part in enumerate(parts)]
    terms += [SignalTerm(N, (0, 1), unit_entry(1, N)), SignalTerm(N + 1, (2,), unit_entry(0, N))]

    def signals_of(p):
        return lambda s: [jnp.sin(p * s) + 0.3, p * s**2, jnp.exp(-s) * p]

    return terms, signals_of


def by_rows(terms, signals, edges, jump):
    nodes, widths = jax.vmap(magnus_nodes)(edges[:-1], edges[1:]), jnp.diff(edges)
    nodes, widths = jnp.concatenate([nodes, nodes[-1:]]), jnp.append(widths, 0.0)
    jumps = jnp.zeros((STEPS + 1, N)).at[-1].set(jump)
    shape = (N + BOOKS, N)
    return magnus_rows.magnus_product(signals, terms, shape, nodes, widths, jumps)


def by_matrices(terms, signals, edges, jump):
    def generator(s):
        values, whole = signals(s), np.zeros((N + BOOKS, N))
        for term in terms:
            weight = np.prod([float(values[k]) for k in term.signals])
            matrix = np.asarray(dense(term.matrix))
            whole[term.first : term.first + len(matrix)] += weight * matrix
        return jnp.asarray(whole)

    def square(matrix):
        return np.hstack([np.asarray(matrix), np.zeros((N + BOOKS, BOOKS))])

    total = np.eye(N + BOOKS)
    for a, b in itertools.pairwise(edges):
        nodes = jnp.stack([generator(s) for s in np.asarray(magnus_nodes(a, b))])
        exponent = magnus_exponent(lambda s, n=nodes, a=a, b=b: _at(n, s, a, b), a, b)
        total = expm(square(exponent)) @ total
    total[-1, :N] += np.asarray(jump) @ total[:N, :N]
    return (total - np.eye(N + BOOKS))[:, :N]


def _at(nodes, s, a, b):
    return nodes[jnp.argmin(jnp.abs(magnus_nodes(a, b) - s))]


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("block", [4, 8192])
def test_the_map_is_that_of_matrices(first, block, monkeypatch):
    monkeypatch.setattr(magnus_rows, "BLOCK", block)
    terms, signals_of = problem(first)
    edges, jump = np.linspace(0.0, 1.0, STEPS + 1) ** 1.5, np.array([0.2, -0.4, 0.1, 0.7])
    ps = jnp.array([0.4, 1.1])
    found = jax.jit(jax.vmap(lambda p: by_rows(terms, signals_of(p), edges, jump)))(ps)
    for p, ours in zip(ps, found, strict=True):
        np.testing.assert_allclose(ours, by_matrices(terms, signals_of(p), edges, jump), atol=3e-15)


def test_derivatives_in_both_modes(monkeypatch):
    monkeypatch.setattr(magnus_rows, "BLOCK", 4)
    terms, signals_of = problem(1)
    weights = jnp.asarray(np.random.default_rng(5).normal(size=(N + BOOKS, N)))

    def loss(p, end, jump, value):
        scaled = [term._replace(matrix=full(value * dense(term.matrix))) for term in terms]
        edges = jnp.linspace(0.0, 1.0, STEPS + 1) * end
        return jnp.sum(weights * by_rows(scaled, signals_of(p), edges, jump))

    at = (jnp.array([0.4, 1.1]), 0.9, jnp.array([0.2, -0.4, 0.1, 0.7]), 1.2)

    @jax.jit
    def total(*arguments):
        return jax.vmap(loss, (0, None, None, None))(*arguments).sum()

    reverse = jax.jit(jax.grad(total, (0, 1, 2, 3)))(*at)
    forward = jax.jit(jax.jacfwd(total, (0, 1, 2, 3)))(*at)
    step = 1e-5
    for k, (ours, theirs) in enumerate(zip(reverse, forward, strict=True)):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)
        up, down = (total(*at[:k], at[k] + s * step, *at[k + 1 :]) for s in (1, -1))
        np.testing.assert_allclose(jnp.sum(ours), (up - down) / (2 * step), rtol=1e-8)
