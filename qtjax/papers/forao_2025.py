"""Forão, Berx and Fiore: a two-state engine with both baths at once."""

import jax
import jax.numpy as jnp

from .entries import Paper, compared
from .two_state import flux, maximum, reservoir

PUBLISHED = {
    "largest power": 0.0905355526223,
    "cold energy": 2.46196767,
    "hot energy": 3.49216756,
    "efficiency there": 0.295002994,
    "largest power, both beta halved": 0.181071105245,
}


def arrhenius(x):
    """A bath of rates e^{x/2} down and e^{-x/2} up."""
    return reservoir(jnp.exp(0.5 * x), jnp.exp(-0.5 * x))


@jax.jit
def best(betas):
    """The energies (cold, hot) of largest power, and that power; betas are (cold, hot)."""

    def power(e):
        return (e[1] - e[0]) * flux(arrhenius(betas[1] * e[1]), arrhenius(betas[0] * e[0]))

    return maximum(power, jnp.array([2.5, 3.5]) / betas[1])


def _entries():
    e, power = best(jnp.array([2.0, 1.0]))
    _, half = best(jnp.array([1.0, 0.5]))
    values = (power, *e, 1.0 - e[0] / e[1], half)
    ours, source = dict(zip(PUBLISHED, values, strict=True)), "digits: closed form, maximized"
    coarse = {"cold energy", "hot energy", "efficiency there"}
    return [
        pair
        for name in PUBLISHED
        for pair in compared(
            {name: ours[name]}, {name: PUBLISHED[name]}, source, 1e-8 if name in coarse else 1e-9
        )
    ]


PAPER = Paper(
    "forao_2025",
    "G. A. L. Forão, J. Berx, C. E. Fiore, New J. Phys. 27, 074605 (2025)",
    "A two-state system whose energy depends on the bath that flips it is an engine with both "
    "baths at once; its largest power has a closed form to maximize.",
    "beta = 2 and 1, Arrhenius rates e^{+-beta e/2}.",
    _entries,
    notes="The energies of the published optimum are reliable to about 1e-8 only; the power there "
    "is.",
)
