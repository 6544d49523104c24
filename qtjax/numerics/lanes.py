"""One call for many lanes: a function whose arrays all end in an axis of lanes.

`jax.vmap` puts the batch first, and turns a loop over a few small matrices into strided products.
What runs fast is the reverse: the lanes last and contiguous, every component a row of them. So the
integrators write their loops for rows of lanes, and `over_lanes` gives them to a program that
speaks of one system: under `vmap` all lanes, nested ones too, fold into that last axis.

Two primitives do it, the call and its linear part, because none of JAX's own ways of customizing a
batching rule serves here: `custom_vmap` cannot be linearized, `linear_call` cannot be batched, and
a `custom_vjp` around them blocks forward mode.
"""

from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, PyTree

from .._jax import Primitive, ShapedArray, ad, batching, mlir

Lanes = list[Array]


class Kernel:
    """A function of arrays with a last axis of lanes; lane i of its results needs lane i alone.

    Args:
        value: the function, list of arrays -> list of arrays. Arguments have all lanes or one.
        smooth: the same function in a form that JAX can differentiate, in both modes.
        outputs: shapes and types of the results, without lanes.
        forward: the same function in a form that is cheap in forward mode.
        pullback: (arrays, active, cotangents of the results) -> those of the active arguments.
        forward_pullback: the same in a form that is cheap in forward mode; it gets nothing kept.
        record: arrays -> results and what is kept of them for `pullback`, which gets it behind the
            arrays.
        kept: shapes and types of that, without lanes.
    """

    def __init__(
        self,
        value: Callable,
        smooth: Callable,
        outputs: Sequence[Any],
        forward: Callable | None = None,
        pullback: Callable | None = None,
        forward_pullback: Callable | None = None,
        record: Callable | None = None,
        kept: Sequence[Any] = (),
    ):
        self.value, self.smooth, self.outputs = value, smooth, tuple(outputs)
        self.forward = smooth if forward is None else forward
        self.pullback, self.forward_pullback = pullback, forward_pullback
        self.record, self.kept = record, tuple(kept)


def over_lanes(
    value: Callable[[PyTree], PyTree],
    smooth: Callable[[PyTree], PyTree],
    outputs: PyTree,
    arguments: PyTree,
    forward: Callable[[PyTree], PyTree] | None = None,
    pullback: Callable[..., PyTree] | None = None,
    forward_pullback: Callable[[PyTree, PyTree, PyTree], PyTree] | None = None,
    record: Callable[[PyTree], tuple[PyTree, PyTree]] | None = None,
    kept: PyTree = (),
) -> PyTree:
    """value(arguments), computed for all lanes of surrounding `vmap`s at once.

    Args:
        value: function of a PyTree of real arrays, all with a last axis of lanes (of length 1
            where they are the same in all lanes); every array it returns has one too.
        smooth: the same function as derivatives should see it.
        outputs: PyTree of `jax.ShapeDtypeStruct`, what `value` returns without lanes.
        arguments: PyTree of real arrays without lanes.
        forward: the same function as the first forward-mode derivative should see it.
        pullback: function of the arguments, of a PyTree of booleans (which of them are wanted) and
            of the cotangents of the results; it returns the cotangents of the wanted arguments,
            `None` for the others. The first reverse-mode derivative.
        forward_pullback: the same as its own forward-mode derivative should see it.
        record: function of the arguments that returns the results and what `pullback` wants to have
            kept of them, as its last argument.
        kept: PyTree of `jax.ShapeDtypeStruct` of that, without lanes.

    Returns:
        The results without lanes; differentiable in both modes, any number of times.
    """
    leaves, structure = jax.tree.flatten(arguments)
    shapes, out_structure = jax.tree.flatten(outputs)

    def flat(function: Callable) -> Callable:
        return lambda arrays: jax.tree.leaves(function(jax.tree.unflatten(structure, arrays)))

    kept_shapes, kept_structure = jax.tree.flatten(kept)

    def flat_pullback(pullback: Callable | None) -> Callable | None:
        def flattened(arrays: Lanes, active: Sequence[int], cts: Lanes) -> Lanes:
            assert pullback is not None
            wanted = jax.tree.unflatten(structure, [i in active for i in range(len(leaves))])
            cotangents = jax.tree.unflatten(out_structure, cts)
            arrays, kept = arrays[: len(leaves)], arrays[len(leaves) :]
            more = [jax.tree.unflatten(kept_structure, kept)] if kept else []
            found = pullback(jax.tree.unflatten(structure, arrays), wanted, cotangents, *more)
            return jax.tree.leaves(found)

        return None if pullback is None else flattened

    kernel = Kernel(
        flat(value), flat(smooth), shapes, None if forward is None else flat(forward),
        flat_pullback(pullback), flat_pullback(forward_pullback),
        None if record is None else flat(record), kept_shapes,
    )  # fmt: skip
    arrays = [jnp.asarray(leaf)[..., None] for leaf in leaves]
    found = call_p.bind(*arrays, kernel=kernel, recording=False)
    return jax.tree.unflatten(out_structure, [array[..., 0] for array in found])


def sample(function: PyTree, constants: PyTree, ts: Array) -> list[Array]:
    """The scalars that a function of time returns, at times (..., lanes) as rows of that shape.

    Args:
        function: without its arrays, as `equinox.partition` leaves it.
        constants: its arrays, with a last axis of lanes.
        ts: times.
    """
    axes = jax.tree.map(lambda c: None if c.shape[-1] == 1 else c.ndim - 1, constants)
    single = jax.tree.map(lambda c: c[..., 0] if c.shape[-1] == 1 else c, constants)

    def values(constants: PyTree, t: Array) -> list[Any]:
        return eqx.combine(constants, function)(t)

    ts = _spread(ts, _lanes([*jax.tree.leaves(constants), ts]))
    over = jax.vmap(values, in_axes=(axes, 0), out_axes=-1)
    for _ in range(ts.ndim - 1):
        over = jax.vmap(over, in_axes=(None, 0))
    return over(single, ts)


def _lanes(arrays: Sequence[Any]) -> int:
    """How many lanes arrays have that have one or all of them; 0 where a batch is empty."""
    sizes = [array.shape[-1] for array in arrays]
    return 0 if 0 in sizes else max(sizes, default=1)


def _spread(array: Array, lanes: int) -> Array:
    return jnp.broadcast_to(array, (*array.shape[:-1], lanes))


def _call(*arrays: Array, kernel: Kernel, recording: bool) -> Lanes:
    lanes, function = _lanes(arrays), kernel.record if recording else kernel.value
    assert function is not None
    return [_spread(array, lanes) for array in function(list(arrays))]


def _abstract(*avals: Any, kernel: Kernel, recording: bool = False, **_: Any) -> list[Any]:
    lanes, outputs = _lanes(avals), kernel.outputs + (kernel.kept if recording else ())
    return [ShapedArray((*s.shape, lanes), s.dtype) for s in outputs]


def _tangent(*arrays: Array, kernel: Kernel, active: tuple[int, ...]) -> Lanes:
    return _tangent_of(kernel.forward, *_without_kept(arrays, kernel, active), active=active)


def _without_kept(arrays: Sequence[Any], kernel: Kernel, active: Sequence[int]) -> list[Any]:
    """The arguments of a linear part, arrays and tangents, without what was kept between them."""
    count = len(arrays) - len(active)
    return [*arrays[: count - len(kernel.kept)], *arrays[count:]]


def _tangent_of(function: Callable, *arrays: Array, active: tuple[int, ...]) -> Lanes:
    """The tangents of the results; the last arguments are those of the active arguments."""
    count = len(arrays) - len(active)
    primals, tangents = list(arrays[:count]), arrays[count:]
    lanes = _lanes(arrays)
    tangents = [
        jnp.broadcast_to(t, jnp.broadcast_shapes(t.shape, primals[i].shape))
        for i, t in zip(active, tangents, strict=True)
    ]
    chosen = [_spread(primals[i], t.shape[-1]) for i, t in zip(active, tangents, strict=True)]
    _, found = jax.jvp(
        lambda *active_primals: function(_put(primals, active, active_primals)),
        chosen, tangents,
    )  # fmt: skip
    return [_spread(array, lanes) for array in found]


def _cotangent(
    primals: Sequence[Array], cts: Sequence[Array], kernel: Kernel, active: Any
) -> Lanes:
    """The cotangents of the active arguments, lane by lane."""
    lanes = _lanes([*primals, *cts])
    chosen = [_spread(primals[i], lanes) for i in active]
    cts = [_spread(ct, lanes) for ct in cts]

    def function(*active_primals: Array) -> Lanes:
        found = kernel.smooth(_put(primals, active, active_primals))
        return [_spread(array, lanes) for array in found]

    return list(jax.vjp(function, *chosen)[1](cts))


def _put(primals: Sequence[Array], active: Sequence[int], values: Sequence[Array]) -> Lanes:
    merged = list(primals)
    for i, value in zip(active, values, strict=True):
        merged[i] = value
    return merged


def _batch(primitive: Primitive) -> Callable:
    def rule(
        arrays: Sequence[Array], axes: Sequence[Any], **params: Any
    ) -> tuple[Lanes, list[int]]:
        size = next(a.shape[axis] for a, axis in zip(arrays, axes, strict=True) if axis is not None)
        sizes = [
            array.shape[-2 if axis == array.ndim - 1 else -1]
            for array, axis in zip(arrays, axes, strict=True)
        ]
        inner = 0 if 0 in sizes else max(sizes)

        def fold(array: Array, axis: Any) -> Array:
            if axis is None and array.shape[-1] == 1:
                return array
            if axis is None:
                array = jnp.broadcast_to(array[..., None], (*array.shape, size))
            else:
                array = jnp.moveaxis(array, axis, -1)
            array = jnp.broadcast_to(array, (*array.shape[:-2], inner, size))
            return array.reshape(*array.shape[:-2], inner * size)

        found = primitive.bind(*map(fold, arrays, axes), **params)
        found = [array.reshape(*array.shape[:-1], inner, size) for array in found]
        return found, [array.ndim - 1 for array in found]

    return rule


def _active(tangents: Sequence[Any]) -> tuple[int, ...]:
    return tuple(i for i, t in enumerate(tangents) if type(t) is not ad.Zero)


def _jvp_call(
    primals: Any, tangents: Any, *, kernel: Kernel, recording: bool
) -> tuple[Lanes, Sequence[Any]]:
    active, count = _active(tangents), len(kernel.outputs)
    found = call_p.bind(*primals, kernel=kernel, recording=kernel.record is not None)
    found, kept = found[:count], found[count:]
    moved = tangent_p.bind(
        *primals, *kept, *[tangents[i] for i in active], kernel=kernel, active=active
    )
    if not recording:
        return found, moved
    zeros = [ad.Zero(jax.typeof(array)) for array in kept]
    return [*found, *kept], [*moved, *zeros]


def _jvp_tangent(
    primals: Any, tangents: Any, *, kernel: Kernel, active: tuple[int, ...]
) -> tuple[Lanes, Lanes]:
    def smooth(arrays: Lanes) -> Lanes:
        return _tangent_of(kernel.smooth, *_without_kept(arrays, kernel, active), active=active)

    again = _active(tangents)
    found = tangent_p.bind(*primals, kernel=kernel, active=active)
    moved = tangent_p.bind(
        *primals, *[tangents[i] for i in again],
        kernel=Kernel(smooth, smooth, kernel.outputs), active=again,
    )  # fmt: skip
    return found, moved


def _transpose_tangent(
    cts: Any, *arrays: Any, kernel: Kernel, active: tuple[int, ...]
) -> list[Any]:
    count = len(arrays) - len(active)
    primals, linear = arrays[:count], arrays[count:]
    shapes = [a.aval if ad.is_undefined_primal(a) else a for a in linear]
    cts = [ad.instantiate_zeros(ct) for ct in cts]

    alone = count - len(kernel.kept)

    def smooth(given: Lanes) -> Lanes:
        return _cotangent(given[:alone], given[count:], kernel, active)

    def by(pullback: Callable | None, first: int) -> Callable:
        def function(given: Lanes) -> Lanes:
            lanes = _lanes(given)
            spread = (*active, *range(alone, first))  # what is differentiated, and what was kept
            primals = _put(given[:first], spread, [_spread(given[i], lanes) for i in spread])
            assert pullback is not None
            return pullback(primals, active, [_spread(ct, lanes) for ct in given[count:]])

        return smooth if pullback is None else function

    value, forward = by(kernel.pullback, count), by(kernel.forward_pullback, alone)

    outputs = [jax.ShapeDtypeStruct(primals[i].shape[:-1], primals[i].dtype) for i in active]
    pulled = Kernel(value, smooth, outputs, forward)
    found = call_p.bind(*primals, *cts, kernel=pulled, recording=False)
    found = [
        ct.sum(axis=-1, keepdims=True) if shape.shape[-1] == 1 else ct
        for ct, shape in zip(found, shapes, strict=True)
    ]
    back = [ct if ad.is_undefined_primal(a) else None for ct, a in zip(found, linear, strict=True)]
    return [None] * count + back


def _primitive(name: str, of_lanes: Callable, jvp: Callable) -> Primitive:
    def function(*arrays: Array, **params: Any) -> Lanes:
        if _lanes(arrays) == 0:
            return [jnp.zeros(s.shape, s.dtype) for s in _abstract(*arrays, **params)]
        return of_lanes(*arrays, **params)

    primitive = Primitive(name)
    primitive.multiple_results = True
    primitive.def_impl(
        lambda *arrays, **params: jax.jit(lambda *a: function(*a, **params))(*arrays)
    )
    primitive.def_abstract_eval(_abstract)
    ad.primitive_jvps[primitive] = jvp
    batching.primitive_batchers[primitive] = _batch(primitive)
    mlir.register_lowering(primitive, mlir.lower_fun(function, multiple_results=True))
    return primitive


call_p = _primitive("over_lanes", _call, _jvp_call)
tangent_p = _primitive("over_lanes_tangent", _tangent, _jvp_tangent)
ad.primitive_transposes[tangent_p] = _transpose_tangent
