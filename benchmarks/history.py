"""What every benchmark found, commit by commit: a slowdown shows.

`results/history.jsonl` has one line per claim, commit and machine, with the numbers at the top of
its results; `--save` adds to it. `python -m benchmarks.history` prints the numbers that grew most
since the best earlier one on the same machine (of one claim with its name behind it), but for
ratios to peers.
"""

import argparse
import json
import math
import subprocess
from pathlib import Path

PATH = Path(__file__).parent / "results" / "history.jsonl"
KEY = ("name", "commit", "processor", "device")


def lines():
    """All lines, oldest first."""
    text = PATH.read_text(encoding="utf-8") if PATH.exists() else ""
    return [json.loads(line) for line in text.splitlines()]


def keep(record, results):
    """Add a line, in place of that of the same claim, commit and machine."""
    line = {key: record.get(key) for key in ("name", "date", "processor", "device")}
    line |= {"commit": commit(), "numbers": numbers(results)}
    others = [old for old in lines() if any(old[key] != line[key] for key in KEY)]
    text = "".join(json.dumps(each) + "\n" for each in [*others, line])
    PATH.write_text(text, encoding="utf-8")


def numbers(results):
    """The numbers of results by their names, those of the table apart."""
    found = {}
    for name, value in results.items():
        if isinstance(value, dict):
            found |= {f"{name}, {key}": number for key, number in numbers(value).items()}
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[name] = float(f"{value:.4g}")
    return found


def commit():
    """The commit that is checked out, with a plus where files differ from it."""
    command = ["git", "describe", "--always", "--exclude=*", "--dirty=+"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=True, cwd=PATH.parent)
    except (OSError, subprocess.CalledProcessError):
        return None
    return found.stdout.strip()


def changes(name=None):
    """Of every number the last value, the best one before on the same machine, and their ratio."""
    series = {}
    for line in lines():
        if name in (None, line["name"]):
            for key, value in line["numbers"].items():
                if key.startswith("ratio_to"):  # a peer's: more is better
                    continue
                place = line["name"], key, line["processor"], line["device"]
                series.setdefault(place, []).append((value, line["commit"]))
    found = []
    for (claim, key, *_), values in series.items():
        (last, commit), before = values[-1], [value for value, _ in values[:-1] if value > 0]
        if before and math.isfinite(last):
            best = min(before)
            found.append(
                {"claim": claim, "number": key, "now": last, "at": str(commit), "best": best,
                 "ratio": last / best, "measured": len(values)}
            )  # fmt: skip
    return sorted(found, key=lambda row: -row["ratio"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.history", description=__doc__)
    parser.add_argument("name", nargs="?", help="of a claim")
    parser.add_argument("--rows", type=int, default=20, help="how many numbers")
    args = parser.parse_args()
    from . import common

    found = changes(args.name)
    title = "What grew most since the best earlier value on the same machine"
    if found:
        common.show(title, found[: args.rows])
    else:
        print("No number was measured twice on one machine yet.")
