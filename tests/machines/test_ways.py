"""In how many steps of which kind strokes are taken, from the errors of what was tried."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qtjax.machines.steps import Way, refined, resolved, unresolved

MAGNUS, IMPLICIT = Way(64), Way(64, implicit=True)


def tried(errors, **given):
    """What is solved, from the errors of the solutions one after the other."""
    ways, left = [], iter(errors)

    def solve(way):
        ways.append(way)
        return SimpleNamespace(error=jnp.asarray(next(left)))

    way, found = resolved(solve, 1e-9, **({"steps": None, "implicit": None} | given))
    assert way in ways
    return ways, float(found.error)


@pytest.mark.parametrize(
    ("errors", "ways"),
    [
        ([1e-9], [MAGNUS]),
        ([1.0, 1e-9], [MAGNUS, IMPLICIT]),
        ([1e-8, 1e-2, 1e-9], [MAGNUS, IMPLICIT, Way(128)]),
        ([1e-4, np.nan, 1e-8, 1e-12], [MAGNUS, IMPLICIT, Way(512), Way(1024)]),
        ([np.inf, 1e-3, 1e-12], [MAGNUS, IMPLICIT, Way(1024, implicit=True)]),
        ([np.nan, np.inf, 1e-12], [MAGNUS, IMPLICIT, Way(256)]),
        ([np.nan, 0.4, 1e-3, 1e-12], [MAGNUS, IMPLICIT, Way(1024, implicit=True), Way(256)]),
    ],
)
def test_a_way_is_found(errors, ways):
    found, error = tried(errors)
    assert found == ways
    assert error == errors[-1]


def test_the_better_of_two_that_do_not_do_is_kept():
    def solve(way):
        return SimpleNamespace(error=jnp.asarray(1e-3 if way.implicit else 1e-2), way=way)

    way, found = resolved(solve, 1e-9, None, None)
    assert way == found.way == Way(1024, implicit=True)


def test_what_was_asked_for_is_kept():
    assert tried([1.0], steps=8) == ([Way(8)], 1.0)
    assert tried([1.0], steps=8, implicit=True) == ([Way(8, implicit=True)], 1.0)
    assert tried([1e-8, 1e-10], implicit=False)[0] == [MAGNUS, Way(128)]
    assert tried([1e-8, 1e-10], implicit=True)[0] == [IMPLICIT, Way(128, implicit=True)]


@pytest.mark.parametrize("way", [MAGNUS, IMPLICIT])
def test_it_ends(way):
    found, solution = refined(lambda way: SimpleNamespace(error=jnp.asarray(1.0)), 1e-9, way)
    assert found.steps == way.most
    assert float(solution.error) == 1.0


def test_what_is_traced_or_a_batch_is_solved_once():
    assert unresolved(jnp.asarray(1.0), 0.5)
    assert unresolved(jnp.asarray(np.nan), 0.5)
    assert not unresolved(jnp.asarray(0.5), 0.5)
    assert not unresolved(jnp.array([1.0, 2.0]), 0.5)
    assert not jax.jit(lambda error: jnp.asarray(unresolved(error, 0.5)))(1.0)
