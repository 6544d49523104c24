"""Loops over steps whose number is not known before: forward, and backward through stored starts.

A carry is a PyTree of arrays; `step` makes the next one, `going` says whether there is more to do.
"""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, PyTree

SLOTS = 32  # of `pull_back`; it has room for their square, which is the most steps of a piece
MANY_SLOTS = 128  # of equations that are only known as functions of time

Step = Callable[[PyTree], PyTree]
Going = Callable[[PyTree], Array]


def run(step: Step, going: Going, carry: PyTree, limit: int) -> PyTree:
    """At most `limit` steps, as a loop that ends when it is done; differentiable forward."""

    def more(state: tuple) -> Array:
        return going(state[0]) & (state[1] < limit)

    return jax.lax.while_loop(more, lambda s: (step(s[0]), s[1] + 1), (carry, 0))[0]


def run_bounded(step: Step, going: Going, carry: PyTree, limit: int) -> PyTree:
    """The same in nested loops of fixed length, which skip what is not needed.

    Slower, but JAX can differentiate it in any mode any number of times.
    """
    levels = 1
    while SLOTS**levels < limit:
        levels += 1

    def advance(level: int, state: tuple) -> tuple:
        if level == 0:
            return step(state[0]), state[1] + 1

        def body(state: tuple, _: None) -> tuple:
            inner = jax.checkpoint(functools.partial(advance, level - 1))  # pyright: ignore
            more = going(state[0]) & (state[1] < limit)
            return jax.lax.cond(more, inner, lambda s: s, state), None

        return jax.lax.scan(body, state, None, length=SLOTS)[0]

    return advance(levels, (carry, 0))[0]


def pull_back(
    step: Step,
    back: Callable[[PyTree, PyTree, PyTree], PyTree],
    going: Going,
    start: PyTree,
    cotangent: Callable[[PyTree], PyTree],
    slots: int = SLOTS,
) -> PyTree:
    """The cotangent at the start of a loop from the one at its end.

    The starts of the last up to `slots` steps are stored, and of every `slots`-th before; from
    those the others are found again. So up to 32 steps are taken once, up to 1,024 twice, and the
    memory is that of 64 carries (for 32 slots), however many steps there are.

    Args:
        step: carry -> carry.
        back: (cotangent at the end of a step, carry at its start, carry at its end) -> cotangent
            at its start.
        going: as for `run`.
        start: the first carry.
        cotangent: from the last carry to any PyTree.
        slots: static; there is room for slots^2 steps.
    """
    empty = jax.tree.map(lambda leaf: jnp.zeros((slots, *leaf.shape), leaf.dtype), start)

    def fill(carry: PyTree, store: PyTree) -> tuple[PyTree, PyTree, Array]:
        """Up to `slots` steps, every start stored, and how many there were."""

        def more(state: tuple) -> Array:
            return going(state[0]) & (state[2] < slots)

        def body(state: tuple) -> tuple:
            carry, store, k = state
            return step(carry), _put(store, k, carry), k + 1

        return jax.lax.while_loop(more, body, (carry, store, jnp.zeros((), int)))

    def one_back(state: tuple) -> tuple:
        cotangent, end, starts, k = state
        begin = _get(starts, k - 1)
        return back(cotangent, begin, end), begin, starts, k - 1

    # one loop goes up through the chunks of steps and down again: the steps compile once
    def chunk(state: tuple) -> tuple:
        carry, firsts, starts, k, turned, end, found = state
        firsts = _put(firsts, k, carry)
        after, starts, count = fill(carry, starts)
        turning = ~turned & ~(going(after) & (k + 1 < slots))
        end, found = _where(turning, (after, cotangent(after)), (end, found))
        turned = turned | turning
        found, end, starts, _ = jax.lax.while_loop(
            lambda s: s[-1] > 0, one_back, (found, end, starts, jnp.where(turned, count, 0))
        )
        carry = _where(turned, _get(firsts, jnp.maximum(k - 1, 0)), after)
        return carry, firsts, starts, jnp.where(turned, k - 1, k + 1), turned, end, found

    nothing = jax.tree.map(jnp.zeros_like, jax.eval_shape(cotangent, start))
    state = start, empty, empty, jnp.zeros((), int), jnp.zeros((), bool), start, nothing
    return jax.lax.while_loop(lambda s: s[3] >= 0, chunk, state)[-1]


def _where(condition: Array, a: PyTree, b: PyTree) -> PyTree:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), a, b)


def _put(slots: PyTree, k: Array, carry: PyTree) -> PyTree:
    return jax.tree.map(
        lambda a, leaf: jax.lax.dynamic_update_index_in_dim(a, leaf, k, 0), slots, carry
    )


def _get(slots: PyTree, k: Array) -> PyTree:
    return jax.tree.map(lambda a: jax.lax.dynamic_index_in_dim(a, k, 0, keepdims=False), slots)
