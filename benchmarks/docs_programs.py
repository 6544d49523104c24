"""No program of the docs takes more than 5 CPU seconds to its first result; the slowest ten.

Every page runs in a process of its own, block by block; before every block of a page of recipes
what was compiled is forgotten. The time is what a block costs in such a process, imports apart:
compilation above all. With `--keep FILE` every page is written as soon as it is there, and a later
call goes on behind those that the file has.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
NAME, LIMIT = "docs_programs", 5.0
RECIPES = ("how_do_i",)  # of which every block stands by itself, behind the first
SLOWEST = 10


def cpu_seconds():
    times = os.times()
    return times.user + times.system


def blocks_of(page):
    sys.path.insert(0, str(ROOT / "tests"))
    import pages

    return pages.blocks(page)


def child(page):
    """CPU seconds of the blocks of a page."""
    import jax

    import qtjax  # noqa: F401

    first, found = {"__name__": "page"}, []
    for k, (title, code, _) in enumerate(blocks_of(page)):
        alone = page.stem in RECIPES and k > 0
        if alone:
            jax.clear_caches()
        before = cpu_seconds()
        exec(compile(code, title, "exec"), dict(first) if alone else first)
        found.append({"block": f"{page.stem} {k + 1}: {title}", "cpu_s": cpu_seconds() - before})
    return found


def run(pages, kept):
    """All blocks of these pages; `kept` is a file for them, or None."""
    from . import common

    done = {}
    if kept is not None and kept.exists():
        done = {page: rows for page, rows in map(json.loads, kept.read_text().splitlines())}
    for page in pages:
        if page.stem in done:
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                rows = common.child(f"benchmarks.{NAME}", "--child", page, "--folder", folder)
            except Exception as error:
                print(f"{page.stem}: {error}", file=sys.stderr)
                continue
        done[page.stem] = rows
        print(page.stem, *(f"{row['cpu_s']:.1f}" for row in rows), file=sys.stderr)
        if kept is not None:
            with kept.open("a") as file:
                file.write(json.dumps([page.stem, rows]) + "\n")
    return sorted((row for rows in done.values() for row in rows), key=lambda row: -row["cpu_s"])


if __name__ == "__main__":
    if "--child" in sys.argv:
        options = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=True))
        os.chdir(options["--folder"])
        sys.stdout, printed = sys.stderr, sys.stdout  # programs may print
        found = child(Path(options["--child"]))
        print(json.dumps(found), file=printed)
        sys.exit(0)
    from . import common

    args = common.arguments(
        __doc__,
        page={"nargs": "+", "help": "names of pages; all by default"},
        keep={"type": Path, "help": "file for every page as soon as it is there"},
    )
    pages = sorted((ROOT / "docs").rglob("*.md"))
    chosen = args.page or (["start"] if args.quick else [page.stem for page in pages])
    found = run([p for p in pages if p.stem in chosen and blocks_of(p)], args.keep)
    title = f"{__doc__.splitlines()[0]} ({len(found)} programs)"
    common.show(title, [row | {"within": row["cpu_s"] <= LIMIT} for row in found[:SLOWEST]])
    beyond = [row for row in found if row["cpu_s"] > LIMIT]
    results = {
        "slowest_cpu_s": found[0]["cpu_s"],
        "beyond_the_limit": len(beyond),
        "programs": len(found),
        "all_cpu_s": sum(row["cpu_s"] for row in found),
        "slowest": found[:SLOWEST],
        "quick": args.quick,
    }
    common.deliver(NAME, results, args)
