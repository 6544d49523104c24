"""The reference machine, timing, and the results files."""

import argparse
import datetime
import json
import platform
import statistics
import subprocess
import time
from pathlib import Path

import jax
import jax.numpy as jnp

import qtjax as qt
from qtjax.improve import versions

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


def median_seconds(function, *args, repeats=50):
    """Median wall time of repeated calls, after one that is not counted."""
    jax.block_until_ready(function(*args))
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        jax.block_until_ready(function(*args))
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def save(name, rows):
    """Print the rows and, with --save, write them with date, versions and device."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/NAME.json")
    for key, value in rows.items():
        print(f"{key:55s} {value:.4g}" if isinstance(value, float) else f"{key:55s} {value}")
    if parser.parse_args().save:
        device = jax.devices()[0]
        record = {
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "device": f"{device.platform}: {device.device_kind}",
            "processor": _processor(),
            "versions": versions(),
            "results": rows,
        }
        folder = Path(__file__).parent / "results"
        suffix = "" if device.platform == "cpu" else f"-{device.platform}"
        (folder / f"{name}{suffix}.json").write_text(json.dumps(record, indent=2) + "\n")


def _processor():
    try:
        text = subprocess.run(["lscpu"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return platform.processor()
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return f"{fields.get('Model name', '').strip()}, {fields.get('CPU(s)', '').strip()} CPUs"
