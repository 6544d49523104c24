"""No program of the docs takes more than 5 CPU seconds to its first result; the slowest ten.

Every page that is one program runs in a process of its own, block by block, and so does every block
of a page of recipes, behind the first. The time is what a block costs in such a process, imports of
the first block apart: compilation above all.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
NAME, LIMIT = "docs_programs", 5.0
RECIPES = ("how_do_i",)  # of which every block stands by itself
SLOWEST = 10


def cpu_seconds():
    times = os.times()
    return times.user + times.system


def blocks_of(page):
    sys.path.insert(0, str(ROOT / "tests"))
    import pages

    return pages.blocks(page)


def child(page, only):
    """CPU seconds of the blocks of a page, or of one of them behind the first."""
    import qtjax  # noqa: F401

    blocks, names, found = blocks_of(page), {"__name__": "page"}, []
    chosen = range(len(blocks)) if only is None else sorted({0, only})
    for k in chosen:
        title, code, _ = blocks[k]
        before = cpu_seconds()
        exec(compile(code, title, "exec"), names)
        found.append({"block": f"{page.stem} {k + 1}: {title}", "cpu_s": cpu_seconds() - before})
    return found if only is None else found[-1:]


def run(pages):
    """All blocks of these pages."""
    from . import common

    found = []
    for page in pages:
        alone = page.stem in RECIPES
        for k in range(len(blocks_of(page))) if alone else [None]:
            options = ["--child", page, *([] if k is None else ["--block", k])]
            with tempfile.TemporaryDirectory() as folder:
                try:
                    found += common.child("benchmarks." + NAME, *options, "--folder", folder)
                except Exception as error:
                    print(f"{page.stem} {'' if k is None else k + 1}: {error}", file=sys.stderr)
    return sorted(found, key=lambda row: -row["cpu_s"])


if __name__ == "__main__":
    if "--child" in sys.argv:
        options = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=True))
        only = options.get("--block")
        os.chdir(options["--folder"])
        sys.stdout, printed = sys.stderr, sys.stdout  # programs may print
        found = child(Path(options["--child"]), None if only is None else int(only))
        print(json.dumps(found), file=printed)
        sys.exit(0)
    from . import common

    args = common.arguments(__doc__, page={"nargs": "+", "help": "names of pages; all by default"})
    pages = sorted((ROOT / "docs").rglob("*.md"))
    chosen = args.page or (["start"] if args.quick else [page.stem for page in pages])
    found = run([page for page in pages if page.stem in chosen and blocks_of(page)])
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
