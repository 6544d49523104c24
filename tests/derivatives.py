"""Derivatives of all numbers of a model at once, in both modes, against differences."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

QUICKLY = {
    "xla_backend_optimization_level": 0
}  # such programs run once: they compile twice as fast


class Derivatives:
    """The Jacobian of a function of a dict of parameters to a dict of numbers, at several points.

    Two programs are compiled: one for directional derivatives, whose values serve the differences
    too, and one for the reverse mode, of one weighted sum of all numbers.

    Args:
        numbers: parameters -> numbers, both dicts of arrays.
        points: parameters by name.
        compared: the points at which differences are taken; all by default.
        step: h of the differences.
    """

    def __init__(self, numbers, points, compared=None, step=2e-3):
        first = next(iter(points.values()))
        _, self.unravel = ravel_pytree(first)
        self.points = {name: np.asarray(ravel_pytree(p)[0]) for name, p in points.items()}
        shapes = jax.eval_shape(lambda p: jax.tree.map(jnp.asarray, numbers(p)), first)
        self.names = [
            name + str(list(index)) if index else name
            for name, shape in shapes.items()
            for index in np.ndindex(shape.shape)
        ]
        self.weights = np.random.default_rng(0).normal(size=len(self.names))

        def vector(x):
            found = numbers(self.unravel(x))
            return jnp.concatenate([jnp.ravel(found[name]) for name in shapes])

        along = jax.jit(
            jax.vmap(lambda x, v: jax.jvp(vector, (x,), (v,))), compiler_options=QUICKLY
        )
        stacked = np.stack(list(self.points.values()))
        count, n = stacked.shape
        compared = list(self.points if compared is None else compared)
        # two central differences, extrapolated to fourth order; truncation h^4, rounding eps / h
        shifts, weights = np.array([-2.0, -1.0, 1.0, 2.0]), np.array([1, -8, 8, -1]) / 12.0
        near = np.stack([self.points[name] for name in compared])
        grid = near[:, None, None] + step * shifts[:, None, None] * np.eye(n)
        lanes = np.concatenate([np.repeat(stacked, n, axis=0), grid.reshape(-1, n)])
        directions = np.broadcast_to(np.eye(n), (len(lanes) // n, n, n)).reshape(-1, n)
        values, slopes = map(np.asarray, along(lanes, directions))
        around = values[count * n :].reshape(len(compared), 4, n, len(self.names))
        differences = np.einsum("s,psnf->pfn", weights, around) / step
        here = slopes[: count * n].reshape(count, n, -1)
        self.values = dict(zip(self.points, values[: count * n : n], strict=True))
        self.jacobian = dict(zip(self.points, here.swapaxes(1, 2), strict=True))
        self.differences = dict(zip(compared, differences, strict=True))
        gradient = jax.jit(
            jax.vmap(jax.grad(lambda x: jnp.dot(self.weights, vector(x)))),
            compiler_options=QUICKLY,
        )
        self.reverse = dict(zip(self.points, np.asarray(gradient(stacked)), strict=True))

    def rows(self, name):
        """Which numbers belong to a name."""
        return [k for k, n in enumerate(self.names) if n == name or n.startswith(name + "[")]

    def by_parameter(self, point, name):
        """The derivatives of a number by the names of parameters, each (entries, parameters)."""
        first = self.unravel(self.points[point])
        names = sorted(first)  # the order in which JAX flattens a dict
        ends = np.cumsum([np.size(first[k]) for k in names])[:-1]
        parts = np.split(self.jacobian[point][self.rows(name)], ends, axis=1)
        return dict(zip(names, parts, strict=True))

    def check(self, point, name, rtol=1e-7, atol=2e-11):
        """Derivatives are differences, within rtol of the largest entry of each number."""
        for k in self.rows(name):
            found, wanted = self.jacobian[point][k], self.differences[point][k]
            worst = np.max(np.abs(found - wanted))
            assert worst <= rtol * np.max(np.abs(wanted)) + atol, (self.names[k], found, wanted)

    def check_reverse(self, point, rtol=1e-9):
        """The reverse mode has the weighted sum of the same derivatives."""
        wanted = self.weights @ self.jacobian[point]
        scale = np.abs(self.weights) @ np.abs(self.jacobian[point])
        np.testing.assert_array_less(np.abs(self.reverse[point] - wanted), rtol * scale + 1e-14)
