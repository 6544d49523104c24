"""Arguments, timing, tables and results files: what every benchmark shares.

A benchmark collects `Measurement`s, one for each method that ran, and hands them to `publish`. A
case is one kind of work at one batch size; the ratio to a peer is the time of the peer's fastest
measurement divided by qtjax's, both from the same process.
"""

import argparse
import datetime
import importlib.metadata
import json
import platform
import resource
import statistics
import subprocess
import sys
import time
import warnings
from dataclasses import asdict, dataclass, field
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", "--float32" not in sys.argv)
warnings.filterwarnings("ignore", message="Complex dtype support in Diffrax")
warnings.filterwarnings("ignore", message="the (hot|cold) isochore lasts")  # qthermo

from rich.console import Console
from rich.table import Table

import qtjax as qt
from qtjax.app.files import versions

from . import history

RESULTS = Path(__file__).parent / "results"
PEERS = ("dynamiqs", "qutip", "qthermo", "diffrax")
DEFAULTS, EQUAL_ERROR, NEAREST_ERROR = "defaults", "equal error", "nearest error"

DURATIONS = jnp.array([2.0, 1.0, 2.0, 1.0])
KNOTS = jnp.linspace(0.0, 1.0, 10)[1:-1]


def reference_machine(knots, durations=None, **options):
    """The reference machine with 8 + 8 ramp knots (expansion, compression)."""
    cold, hot = 0.5 * qt.sigmaz() + 0.3 * qt.sigmax(), qt.sigmaz() + 0.3 * qt.sigmax()
    return qt.otto_cycle(
        cold,
        hot,
        couplings=(qt.sigmax(), qt.sigmaz()),
        temperatures=(0.5, 4.0),
        rate=0.5,
        durations=DURATIONS if durations is None else durations,
        ramps=(qt.Ramp(knots[:8]), qt.Ramp(knots[8:])),
        **options,
    )


@dataclass
class Timing:
    """What one function costs.

    Args:
        seconds: median wall time of a call, after the first.
        compile_s: the first call beyond that.
        value: what it returned.
    """

    seconds: float
    compile_s: float
    value: object = field(repr=False)


def measure(function, *args, repeats=20, budget=10.0):
    """`Timing` of repeated calls: at most `repeats`, and at least 3 unless `budget` s are over."""
    start = time.perf_counter()
    value = jax.block_until_ready(function(*args))
    first = time.perf_counter() - start
    times = []
    while len(times) < repeats and (not times or sum(times) < budget):
        start = time.perf_counter()
        value = jax.block_until_ready(function(*args))
        times.append(time.perf_counter() - start)
    seconds = statistics.median(times)
    return Timing(seconds, max(first - seconds, 0.0), value)


def at_equal_error(make, arrays, error, goal):
    """A peer at the first of a ladder of tolerances with an error of at most `goal`, or the last.

    Args:
        make: from a tolerance to the function that is timed.
        arrays: its arguments.
        error: from its value to the error.
        goal: qtjax's error.

    Returns:
        The tolerance, the `Timing` and the setting, "equal error" or "nearest error".
    """
    for tolerance in (1e-7, 1e-8, 1e-9, 1e-10, 1e-11):
        timing = measure(make(tolerance), *arrays, repeats=3)
        if error(timing.value) <= goal:
            return tolerance, timing, EQUAL_ERROR
    return tolerance, timing, NEAREST_ERROR


def median_seconds(function, *args, repeats=50):
    """Median wall time of repeated calls, after one that is not counted."""
    return measure(function, *args, repeats=repeats, budget=float("inf")).seconds


def peak_memory_mb():
    """The largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def largest(difference):
    """The largest modulus in an array, as a float; 0 of none."""
    return float(np.max(np.abs(np.asarray(difference)), initial=0.0))


@dataclass
class Measurement:
    """One method on one case.

    Args:
        work: what was computed.
        batch: how many at once.
        method: how, in words.
        program: "qtjax" or the peer.
        time_us: median time for one item.
        compile_s: first call beyond a later one; None where nothing is compiled.
        error: largest deviation from the reference, None if it was not computed.
        setting: "defaults", "equal error", or another word; only the first two make ratios. A peer
            that cannot reach the error is at "nearest error".
        peak_memory_mb: largest resident memory of the process until then.
    """

    work: str
    batch: int
    method: str
    program: str
    time_us: float
    compile_s: float | None = None
    error: float | None = None
    setting: str = DEFAULTS
    peak_memory_mb: float = field(default_factory=peak_memory_mb)


def measured(work, batch, method, program, timing, error=None, setting=DEFAULTS, items=None):
    """A `Measurement` from a `Timing` of `items` items (the whole batch by default)."""
    time_us = 1e6 * timing.seconds / (batch if items is None else items)
    compile_s = None if program in ("qutip", "qthermo") else timing.compile_s
    return Measurement(work, batch, method, program, time_us, compile_s, error, setting)


def case(measurements, work, batch):
    """The numbers of one case: qtjax's, and the ratios to the peers (None: not run)."""
    here = [m for m in measurements if (m.work, m.batch) == (work, batch)]
    ours = next((m for m in here if m.program == "qtjax" and m.setting == DEFAULTS), None)
    record = {"work": work, "batch": batch}
    for key in ("method", "time_us", "compile_s", "error", "peak_memory_mb"):
        record[key] = None if ours is None else getattr(ours, key)
    for peer in PEERS:
        record[f"ratio_to_{peer}"] = _ratio(here, ours, peer, DEFAULTS)
        equal = _ratio(here, ours, peer, EQUAL_ERROR)
        if equal is not None:
            record[f"ratio_to_{peer}_at_equal_error"] = equal
    return record


def cases(measurements):
    """All cases, in the order in which they were measured."""
    keys = dict.fromkeys((m.work, m.batch) for m in measurements)
    return [case(measurements, *key) for key in keys]


def _ratio(here, ours, peer, setting):
    times = [m.time_us for m in here if m.program == peer and m.setting == setting]
    return min(times) / ours.time_us if times and ours is not None else None


def arguments(description, **extra):
    """The arguments of a benchmark; `extra` are further options as dicts for argparse."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", action="store_true", help="print one JSON object as last line")
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/NAME.json")
    parser.add_argument("--quick", action="store_true", help="small batches: a smoke test")
    for name, options in extra.items():
        parser.add_argument(f"--{name}", **options)
    return parser.parse_args()


def publish(name, claim, measurements, headline, args, notes=()):
    """Print the table and the notes; the JSON object and the results file where asked for.

    Args:
        name: of the benchmark.
        claim: one sentence.
        measurements: a list of `Measurement`.
        headline: the numbers at the top level of the JSON object.
        args: from `arguments`.
        notes: sentences under the table.
    """
    ours = {(c["work"], c["batch"]): c["time_us"] for c in cases(measurements)}
    rows = []
    for m in measurements:
        reference = ours[m.work, m.batch]
        rows.append(
            {
                "work": m.work,
                "batch": m.batch,
                "method": m.method,
                "at": m.setting,
                "time (µs)": m.time_us,
                "compile (s)": m.compile_s,
                "error": m.error,
                "times qtjax's": None if reference is None else m.time_us / reference,
                "peak (MB)": m.peak_memory_mb,
            }
        )
    absent = [peer for peer in ("dynamiqs", "qutip", "qthermo") if not all_versions()[peer]]
    notes = [*notes, *(f"{peer} is not installed: not run." for peer in absent)]
    show(claim, rows, notes)
    results = headline | {
        "quick": args.quick,
        "rows": cases(measurements),
        "measurements": [asdict(m) for m in measurements],
        "notes": list(notes),
    }
    deliver(name, results, args)


def show(title, rows, notes=()):
    """A table of dicts with the same keys, with the machine and the versions under it."""
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    table = Table(title=title, title_justify="left", show_edge=False)
    for key in rows[0]:
        text = isinstance(rows[0][key], str)
        table.add_column(key, justify="left" if text else "right", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    console.print(table)
    for note in notes:
        console.print(f"[dim]{note}[/dim]")
    packages = ", ".join(f"{k} {v}" for k, v in all_versions().items() if v)
    console.print(f"[dim]{machine()} · {device()} · {packages}[/dim]")


def _cell(value):
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def deliver(name, results, args):
    """Write results file and a line of history with --save; print the JSON object with --json."""
    record = {
        "name": name,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "device": device(),
        "processor": machine(),
        "versions": all_versions(),
    }
    if args.save:
        backend = jax.default_backend()
        suffix = "" if backend in ("cpu", name) else f"-{backend}"
        path = RESULTS / f"{name}{suffix}.json"
        path.write_text(json.dumps(record | {"results": results}, indent=2) + "\n")
        history.keep(record, results)
    if args.json:
        print(json.dumps(record | results), flush=True)


def child(module, *options, **environment):
    """What `python -m module` prints as its last line, parsed; it runs in a process of its own."""
    import os

    printed = subprocess.run(
        [sys.executable, "-m", module, *map(str, options)],
        check=True, capture_output=True, text=True, env=os.environ | environment,
    ).stdout  # fmt: skip
    return json.loads(printed.strip().splitlines()[-1])


def device():
    """Platform and kind of the device that JAX computes on."""
    first = jax.devices()[0]
    return f"{first.platform}: {first.device_kind}"


def machine():
    """The processor and how many of it there are."""
    try:
        text = subprocess.run(["lscpu"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return platform.processor()
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return f"{fields.get('Model name', '').strip()}, {fields.get('CPU(s)', '').strip()} CPUs"


def all_versions():
    """Versions of qtjax, what it stands on and the peers (None: not installed)."""
    found = dict(versions())
    for peer in ("dynamiqs", "qutip", "qthermo"):
        try:
            found[peer] = importlib.metadata.version(peer)
        except importlib.metadata.PackageNotFoundError:
            found[peer] = None
    return found
