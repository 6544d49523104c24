"""The whole suite: `python -m benchmarks` runs every benchmark in a process of its own.

Their tables are shown as they come; with --json the last lines are one JSON object per claim.
"""

import argparse
import json
import subprocess
import sys
import time

CLAIMS = (
    "batched_driven_qubit",
    "spin_chain",
    "batched_gradient",
    "limit_cycle_gradient",
    "carnot_like_cycle",
    "slow_isotherms",
    "knot_gradient_under_2_ms",
    "thousand_limit_cycles",
    "following_bath",
    "two_following_baths",
    "rates_of_qubits",
    "redfield",
    "oscillator_cycle",
    "chain_steady_states",
    "against_qthermo",
    "sweep",
    "pareto_front",
    "first_result",
    "docs_programs",
    "cost_curves",
    "work_precision",
    "where_others_are_faster",
    "long_run",
    "gpu",
)


def run(name, options):
    """Run one benchmark, pass its output on and return its JSON object."""
    start = time.perf_counter()
    print(f"\n── {name}", flush=True)
    command = [sys.executable, "-m", f"{__package__}.{name}", "--json", *options]
    finished = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    *shown, last = finished.stdout.rstrip("\n").split("\n")
    print("\n".join(shown))
    print(f"   {time.perf_counter() - start:.0f} s", flush=True)
    if finished.returncode:
        print(last)
        return {"name": name, "status": f"failed with exit code {finished.returncode}"}
    return json.loads(last)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object per claim at the end")
    parser.add_argument("--quick", action="store_true", help="small batches: a smoke test")
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/NAME.json")
    parser.add_argument("--only", nargs="+", choices=CLAIMS, default=CLAIMS, metavar="NAME")
    args = parser.parse_args()
    options = [f"--{name}" for name in ("quick", "save") if getattr(args, name)]
    found = [run(name, options) for name in args.only]
    if args.json:
        print()
        for record in found:
            print(json.dumps(record), flush=True)
    sys.exit(any(str(record.get("status")).startswith("failed") for record in found))
