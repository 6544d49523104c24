"""Which bath at every step, and which frequency: an oscillator engine beyond what learning found.

That of Erdman and Noé, PNAS Nexus 2, pgad248 (2023). Baths are mixed first, then chosen by step.
"""

import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import optax

import qtjax as qt
from qtjax.machines import piecewise_oscillator

N, BOUNDS = 32, qt.Bounded(0.5, 0.99662)


def loss(u, shares):  # of the hot bath, the cold one and none
    rates, baths = 0.6 * shares[:, :2], [4.98309, 0.5]
    return -piecewise_oscillator(2 * u, 0.2, rates=rates, temperatures=baths, throw=False).power


@jax.jit
@jax.vmap
def mixed(p):
    for k in (1.0, 3.0, 10.0):  # ever sharper
        sharp, rule = (lambda p, k=k: loss(p["u"], jax.nn.softmax(k * p["mix"]))), optax.adam(0.08)
        p = qt.optimize(sharp, p, rule, steps=200, bounds={"u": BOUNDS, "mix": None}).parameters
    return p["u"], jnp.argmax(p["mix"], axis=-1)


@jax.jit
@jax.vmap
def refined(u, choice):
    shares, rule = jax.nn.one_hot(choice, 3), optax.adam(optax.cosine_decay_schedule(0.1, 60))
    found = qt.optimize(lambda u: loss(u, shares), u, rule, steps=60, bounds=BOUNDS)
    return -found.loss, found.parameters, choice


def search(key):
    p = {"u": jax.random.uniform(key, (16, N), minval=0.51, maxval=0.99)}
    us, choices = mixed(p | {"mix": jax.random.normal(jax.random.fold_in(key, 1), (16, N, 3))})
    best = (0.0,)
    while jnp.nanmax((found := refined(jnp.clip(us, 0.5001, 0.9965), choices))[0]) > best[0] + 1e-7:
        best = _, u, choice = [x[jnp.nanargmax(found[0])] for x in found]
        changes = [(choice + change * jnp.eye(N, dtype=int)) % 3 for change in (1, 2)]
        us, choices = jnp.tile(u, (2 * N, 1)), jnp.concatenate(changes)
    return best


best, u, choice = max(map(search, jax.random.split(jax.random.key(0), 4)), key=lambda x: x[0])
plt.scatter(0.2 * jnp.arange(N), u, c=[f"C{(1, 0, 2)[k]}" for k in choice])
plt.gca().set(xlabel="time", ylabel="control u", title="hot: orange, cold: blue, none: green")
plt.savefig("oscillator_power.png", dpi=150)
print(f"power {best:.6f} by contacts " + "".join("hc."[k] for k in choice))
