"""Alicki and Fannes: work that only many copies, or whole states, can give."""

import functools
from typing import Any

import jax
import numpy as np

from ..thermodynamics.ergotropy import copies_ergotropy, ergotropy, local_ergotropy
from .entries import Curve, Paper, entry

P, LEVELS = np.array([1 / 2, 1 / 3, 1 / 6]), np.diag([0.0, 1.0, 2.0])
FIVE = 0.0006430041152263374


of_one, of_copies = jax.jit(ergotropy), jax.jit(copies_ergotropy, static_argnums=2)


def _entries():
    found = []
    for copies in (4, 5):  # what is passive in four copies is so in fewer
        ours = of_copies(np.diag(P), LEVELS, copies)
        published = FIVE if copies == 5 else 0.0
        source, name = "exact fractions", f"ergotropy of {copies} copies"
        found.append(entry(name, ours, published, source, 1e-9 if published else 1e-12,
                           None if published else 1.0))  # fmt: skip
    three = functools.reduce(np.kron, [np.diag(P)] * 3)
    h: Any = sum(
        functools.reduce(np.kron, [LEVELS if k == site else np.eye(3) for k in range(3)])
        for site in range(3)
    )
    found.append(entry("ergotropy of 3 copies, by eigenvalues", of_one(three, h), 0.0,
                       "exact fractions", 1e-12, 1.0))  # fmt: skip
    bell = np.zeros((4, 4))
    bell[::3, ::3] = 0.5
    both = np.diag([0.0, 1.0, 1.0, 2.0])
    local = jax.jit(local_ergotropy, static_argnums=(2, 3))(bell, both, (2, 2), 0)
    source = "closed form: the energy w of a pure state; its parts are completely mixed"
    found.append(entry("ergotropy of a Bell pair", of_one(bell, both), 1.0, source))
    found.append(entry("of one part of it", local, 0.0, source, 1e-12, 1.0))
    return found


def _curve():
    copies = np.arange(1, 9)
    values = [float(of_copies(np.diag(P), LEVELS, int(n))) / n for n in copies]
    return Curve("Activation of work", ("copies", copies), "ergotropy per copy",
                 {"qtjax": values}, {"published": ([5], [FIVE / 5])})  # fmt: skip


PAPER = Paper(
    "alicki_2013",
    "R. Alicki, M. Fannes, Entanglement boost for extractable work from ensembles of quantum "
    "batteries, Phys. Rev. E 87, 042123 (2013)",
    "A passive state that is not thermal gives work if enough copies of it are taken together.",
    "E = (0, 1, 2), p = (1/2, 1/3, 1/6).",
    _entries,
    _curve,
)
