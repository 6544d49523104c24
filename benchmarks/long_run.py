"""Thousands of calls and of optimizer steps in one process take no more memory.

`evolve`, `steady_state`, `limit_cycle` and short `optimize`s, one after the other with new values
each time, outside `jit`; then one long `optimize` of the reference machine, and one from 256 starts
at once, ten million steps in all. Every `optimize` compiles its loss anew and lets go of it, the
others compile once. The first fifth of the calls is to warm up; growth is the slope of the resident
memory over the rest. Linux alone.
"""

import os
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax

import qtjax as qt

from . import common
from .common import Timing, measured

NAME = "long_run"
CHUNK = 50  # steps of the long `optimize` between two looks at the memory
STARTS = 256
ADAM = optax.adam(0.01)
TIMES = jnp.linspace(0.0, 2.0, 5)
RHO = qt.thermal_state(qt.sigmaz(), 1.0)
COUNTER = {"compiled": 0}


def count(event, duration, **_):
    COUNTER["compiled"] += event == "/jax/core/compile/backend_compile_duration"


def resident_mb():
    """The memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


class Watch:
    """Seconds, resident memory and compilations so far, after every call or chunk of steps."""

    def __init__(self):
        self.start, self.rows = time.perf_counter(), []

    def look(self):
        self.rows.append(
            (time.perf_counter() - self.start, resident_mb(), float(COUNTER["compiled"]))
        )

    def found(self, each=1):
        """Numbers after the warm-up, for so many steps between two looks."""
        seconds, memory, compiled = np.array(self.rows[len(self.rows) // 5 :]).T
        return {
            "count": each * len(self.rows),
            "seconds_each": (seconds[-1] - seconds[0]) / (each * (len(seconds) - 1)),
            "resident_mb": [memory[0], memory[-1]],
            "bytes_each": 2**20 * np.polyfit(each * np.arange(len(memory)), memory, 1)[0],
            "compilations": int(compiled[-1] - compiled[0]),
        }


def system(x):
    h = qt.number(2) + x * qt.sigmax()
    return qt.OpenSystem(h, qt.DaviesBath(h, qt.sigmay(), 0.5 + x, qt.Ohmic(0.1)))


def trajectory(x):
    drive = qt.Driven([(qt.Linear(0.5, 0.5 + x, 0.0, 2.0), qt.sigmaz()), (x, qt.sigmax())])
    return qt.evolve(qt.OpenSystem(drive, qt.Lindblad(qt.create(2), 0.1 * x)), RHO, TIMES).state


def loss(p):
    machine = common.reference_machine(p["knots"], p["durations"])
    return -qt.limit_cycle(machine, steps=8, throw=False).power


def purity(x):
    rho = qt.steady_state(system(x), throw=False).state
    return jnp.sum(jnp.abs(rho) ** 2)


CALLS = {
    "evolve": trajectory,
    "steady_state": lambda x: qt.steady_state(system(x)).state,
    "limit_cycle": lambda x: (
        qt.limit_cycle(
            common.reference_machine(jnp.tile(common.KNOTS, 2), common.DURATIONS + x)
        ).power
    ),
    "optimize, 3 steps": lambda x: qt.optimize(purity, jnp.asarray(x), ADAM, steps=3).loss,
}


def repeated(function, calls, seconds):
    """A `Watch` over calls with new values: so many at most, in so many seconds."""
    values = np.random.default_rng(0).uniform(0.1, 0.5, calls)
    watch = Watch()
    for x in values:
        jax.block_until_ready(function(x))
        watch.look()
        if watch.rows[-1][0] > seconds:
            break
    return watch.found()


def long_optimize(steps, starts=None):
    """A `Watch` over the steps of one `optimize`, of all starts together if there are several."""
    watch, bounds = Watch(), {"durations": qt.Bounded(0.05, 20.0), "knots": None}
    start = {"durations": common.DURATIONS, "knots": jnp.tile(common.KNOTS, 2)}
    if starts is not None:
        scale = jnp.linspace(0.5, 2.0, starts)[:, None]
        knots = jnp.tile(start["knots"], (starts, 1))
        start = {"durations": scale * start["durations"], "knots": knots}
    qt.optimize(
        loss, start, ADAM, steps=steps // (starts or 1), bounds=bounds, checkpoint_every=CHUNK,
        many=starts is not None, callback=lambda progress, history: watch.look(),
    )  # fmt: skip
    return watch.found(CHUNK * (starts or 1))


if __name__ == "__main__":
    args = common.arguments(
        __doc__,
        calls={"type": int, "default": 5000, "help": "calls of each function, at most"},
        seconds={"type": float, "default": 30.0, "help": "seconds for each function"},
        steps={"type": int, "default": 50_000, "help": "of the long `optimize`"},
        many={"type": int, "default": 10_240_000, "help": "steps of all starts together"},
    )
    if args.quick:
        args.calls, args.steps, args.many = 20, 20 * CHUNK, 20 * CHUNK * STARTS
    jax.monitoring.register_event_duration_secs_listener(count)
    headline = {name: repeated(f, args.calls, args.seconds) for name, f in CALLS.items()}
    headline["optimize, one long run"] = long_optimize(args.steps)
    headline[f"optimize, {STARTS} starts"] = long_optimize(args.many, STARTS)
    measurements = [
        measured(
            name, 1, "qtjax, new values each time", "qtjax", Timing(n["seconds_each"], 0, None)
        )
        for name, n in headline.items()
    ]
    for each in measurements:
        each.compile_s = None  # counted, not timed
    notes = [
        f"{name}: {n['count']} times, {n['resident_mb'][0]:.0f} to {n['resident_mb'][1]:.0f} MB, "
        f"{n['bytes_each']:.0f} bytes each, {n['compilations']} compilations after the warm-up"
        for name, n in headline.items()
    ]
    common.publish(NAME, __doc__.splitlines()[0], measurements, headline, args, notes)
