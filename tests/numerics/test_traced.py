"""Every value of a traced function is computed once."""

import jax
import jax.numpy as jnp
import numpy as np

import qtjax as qt
from qtjax._compiled import compiled_with_shared
from qtjax.dynamics.equation_of_motion import equation_of_motion
from qtjax.numerics.traced import closed, each_once


def names(jaxpr):
    return [equation.primitive.name for equation in jaxpr.eqns]


def test_equal_operations_on_equal_values_are_done_once():
    def twice(t, s):
        return jnp.sin(t) * jnp.sin(t) + jnp.cos(s) * jnp.cos(t), jnp.sin(t)

    jaxpr = jax.make_jaxpr(twice)(1.0, 2.0).jaxpr
    assert sorted(names(jaxpr)) == ["add", "cos", "cos", "mul", "mul", "sin", "sin", "sin"]
    assert sorted(names(each_once(jaxpr))) == ["add", "cos", "cos", "mul", "mul", "sin"]
    given = jnp.asarray(0.3), jnp.asarray(0.7)
    np.testing.assert_allclose(closed(twice, *given)(*given), twice(*given), rtol=1e-15)


def test_zeros_of_two_signs_are_two_values():
    jaxpr = jax.make_jaxpr(lambda t: (t * 0.0, t * -0.0, t * 0.0))(1.0).jaxpr
    assert names(each_once(jaxpr)) == ["mul", "mul"]
    assert [bool(jnp.signbit(x)) for x in jax.core.eval_jaxpr(each_once(jaxpr), (), 1.0)] == [
        False, True, False,
    ]  # fmt: skip


def test_an_array_that_is_given_twice_is_one_argument():
    given = jnp.asarray([1.0, 2.0])
    seen = []

    @compiled_with_shared
    def total(first, second, name):
        seen.append((first["a"] is second, name))
        return first["a"] + 2.0 * second

    np.testing.assert_array_equal(total({"a": given}, given, "n"), [3.0, 6.0])
    np.testing.assert_array_equal(total({"a": given + 1.0}, given + 1.0, "n"), [6.0, 9.0])
    np.testing.assert_array_equal(total({"a": 2.0 * given}, given, "n"), [4.0, 8.0])
    assert seen == [(True, "n"), (False, "n")]
    jax.jit(lambda x: total({"a": x}, x, "n"))(jnp.ones(3))
    assert seen[2:] == [(True, "n")]


def test_all_baths_that_follow_h_share_its_levels():
    def system(baths):
        parts = [(1.0, jnp.diag(jnp.array([0.0, 1.0, 2.5]))), (jnp.sin, qt.destroy(3))]
        driven = qt.Driven([(f, a + a.conj().mT) for f, a in parts])
        levels = qt.dynamics.bohr_transitions(driven(0.5))
        bath = [
            qt.AdiabaticBath(qt.destroy(3) + qt.create(3), t, qt.Flat(0.1), transitions=levels)
            for t in (0.5, 1.0)
        ]
        return qt.OpenSystem(driven, bath[:baths])

    def eigensystems(baths):
        equation = equation_of_motion(system(baths), 1.0)
        jaxpr = closed(lambda t: equation.moving(t, 1.0), jnp.zeros(())).jaxpr
        given = [e.invars for e in jaxpr.eqns if "linear_algebra_in_parts" in str(e.params)]
        return names(jaxpr).count("sin"), {tuple(map(str, those)) for those in given}

    (once, one), (again, two) = eigensystems(1), eigensystems(2)
    assert once == again == 1
    assert len(one) == len(two) > 0
