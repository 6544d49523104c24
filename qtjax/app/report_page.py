"""`qtjax report`: one HTML page of what a folder of results holds, with its figures."""

from html import escape
from pathlib import Path
from typing import Any

import tomli_w

from .._files import write_whole
from ..design.store import open_store, xarray_package
from .html import facts, figure, from_rich, page, png, svg, table
from .reports import audit_lines, number
from .show import KEYS, Result, read, results, tables_of

KINDS = {
    "optimization": "An engine, optimized",
    "front": "Power against efficiency",
    "sweep": "A sweep",
    "paper": "No entropy production in quantum thermodynamics",  # the paper's title
    "published": "Published results, reproduced",
}
SIGNS = (
    "Units ħ = k_B = 1, entropies in nats. Q > 0 flows into the system, W > 0 is done on it. Which "
    "bookkeeping of entropy a number belongs to stands beside it; the page takes no side."
)
DEFINITIONS = (
    ("efficiency, first law", "eta = W_out/Q_h"),
    ("efficiency, eq. (19)", "eta = 1 + int_c T dS / int_h T dS"),
    ("generalized temperature, eq. (17)", "T(t) = Q'/S'"),
    ("mean generalized temperature of a contact", "<T_x> = Q_x/Delta S_x"),
    ("interior production, eq. (11), Ahmadi et al.", "d_iS/dt = i tr([H, rho] ln rho)"),
    ("Spohn production, eq. (14)", "sigma = S' - sum_k Q_k'/T_k"),
)
FIGURES = {
    "temperature_entropy": "T-S diagram: the generalized temperature of eq. (17) over the von "
    "Neumann entropy on the hot and the cold contact, before and after the optimization, with the "
    "temperatures of both baths.",
    "energy_frequency": "Energy-frequency diagram: the mean energy over the gap of H around the "
    "cycle, before and after the optimization.",
    "ramps": "Shapes of the ramps: progress from the first to the last Hamiltonian over time in "
    "units of the ramp's duration, before and after the optimization.",
    "convergence": "The objective at every step of the optimization, one line for each start.",
}
MOST_MAPS = 8
NOT_DRAWN = '<p>Not drawn: install matplotlib (<code>pip install "qtjax[plots]"</code>).</p>'


def write_report(path: Path, out: Path | None = None) -> Path:
    """Write the page of a folder of results.

    Args:
        path: what `qtjax optimize`, `sweep`, `paper` or `reproduce --json` wrote, or a folder of
            several such results.
        out: where to; by default `report.html` in the folder, and beside a store or a file.

    Returns:
        Where it is.

    Raises:
        ValueError: there is nothing that qtjax wrote, or a file is cut off.
    """
    found = results(path)
    if out is None:
        inside = path.is_dir() and found[0] != Result("sweep", path)
        out = path / "report.html" if inside else path.with_suffix(".html")
    sections = [_section(k, result) for k, result in enumerate(found)]
    links = "".join(
        f'<li><a href="#result{k}">{escape(_title(result))}</a></li>'
        for k, result in enumerate(found)
    )
    contents = [f'<nav aria-label="Contents"><ul>{links}</ul></nav>'] if len(found) > 1 else []
    name = path.resolve().name
    text = page(f"qtjax: {name}", [f"<p>{escape(SIGNS)}</p>", *contents, *sections])
    out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(out, text)
    return out


def _title(result: Result) -> str:
    place = result.path.parent if result.kind in ("optimization", "front") else result.path
    return f"{KINDS[result.kind]}: {place.resolve().name}"


def _section(k: int, result: Result) -> str:
    parts = [f'<section id="result{k}"><h2>{escape(_title(result))}</h2>']
    if result.kind == "optimization":
        parts += _optimization(result)
    else:
        parts += _tables(result, result.path)
    if result.kind == "front":
        parts += _images(result.path.parent) or [NOT_DRAWN]
    if result.kind == "sweep":
        parts += _maps(result.path)
    return "\n".join([*parts, "</section>"])


def _tables(result: Result, place: Path) -> list[str]:
    """Its tables, whose titles name the result without the folders that it is in."""
    found = map(from_rich, tables_of(result))
    return [text.replace(escape(str(place)), escape(place.resolve().name)) for text in found]


def _optimization(result: Result) -> list[str]:
    report, folder = read(result.path, *KEYS), result.path.parent
    summary = report["optimization"]
    outcome = report.get("outcome_after", "successful")
    said = (
        f"Maximized: {summary['objective']}, {number(summary['best_objective'])} at the best of "
        f"{len(summary['starts'])} starts (violation of the constraint "
        f"{summary['violation']:.1e}). The limit cycle after it: {outcome}."
    )
    starts = [
        (
            str(start["start"]), "as given" if start["given"] else "random",
            number(start["objective"]), f"{start['violation']:.1e}",
            "yes" if start["reached_best"] else "no", "yes" if start["frozen"] else "no",
        )
        for start in summary["starts"]
    ]  # fmt: skip
    heads = ("start", "from", "objective", "violation", "reached the best", "frozen by a nan")
    audit = [f"<li>{escape(line)}</li>" for line in audit_lines(report["audit"])]
    return [
        f"<p>{escape(said)}</p>",
        "<h3>What the numbers are</h3>",
        table(("quantity", "formula"), DEFINITIONS),
        "<h3>Before and after</h3>",
        *_tables(result, folder),
        "<h3>Figures</h3>",
        *(_images(folder) or [NOT_DRAWN]),
        "<h3>Every start</h3>",
        table(heads, starts),
        f"<h3>What is doubtful</h3><ul>{''.join(audit)}</ul>",
        "<h3>How it was made</h3>",
        facts(_circumstances(report)),
        *_engine(report["optimized"]),
    ]


def _images(folder: Path) -> list[str]:
    """The PNG files of a folder, the known ones first."""
    files = sorted(folder.glob("*.png"))
    known = list(FIGURES)
    files.sort(key=lambda p: known.index(p.stem) if p.stem in known else len(known))
    words = {p: FIGURES.get(p.stem, p.stem.replace("_", " ")) for p in files}
    return [figure(png(p, words[p]), words[p]) for p in files]


def _circumstances(report: dict[str, Any]) -> dict[str, str]:
    made = {name: str(report.get(name, "not said")) for name in ("date", "device", "seed")}
    return made | {name: str(version) for name, version in report.get("versions", {}).items()}


def _engine(data: dict[str, Any]) -> list[str]:
    text = escape(tomli_w.dumps(data))
    summary = "<summary>The optimized engine (optimized.toml)</summary>"
    return [f"<details>{summary}<pre>{text}</pre></details>"]


def _maps(path: Path) -> list[str]:
    """Figures of a sweep over its last two parameters, or its one: regimes, and the first numbers.

    Every parameter before them stays at the value in the middle of its axis.
    """
    grid, maps = open_store(path).grid, xarray_package().open_zarr(path, chunks=None)
    axes = () if grid.zipped else tuple(grid.values)[-2:]
    fixed = {name: size // 2 for name, size in maps.sizes.items() if name in grid.values}
    maps = maps.isel({name: k for name, k in fixed.items() if name not in axes})
    scalars = [name for name in maps.data_vars if set(maps[name].dims) == set(axes)]
    if not axes or not scalars:
        return ["<p>No figures: they are drawn of numbers over parameters that are combined.</p>"]
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return [NOT_DRAWN]
    at = "".join(f", at {k} = {number(float(maps[k]))}" for k in grid.values if k not in axes)
    drawn = []
    for name in sorted(scalars, key=lambda name: "regime" not in name)[:MOST_MAPS]:
        # a Figure of its own, not pyplot's: nobody's backend is touched
        canvas = Figure(figsize=(5.4, 4.2), layout="constrained")
        words = _over(canvas.subplots(), maps, str(name), axes)
        if words is not None:
            words = f"{words}{at}; what is missing is not computed, or nan."
            drawn.append(figure(svg(canvas, words), words))
    return drawn


def _over(ax: Any, maps: Any, name: str, axes: tuple[str, ...]) -> str | None:
    """Draw an output over one or two parameters; what it shows, or None if it cannot be drawn."""
    from ..plots.maps import parameter_map, phase_map

    regime = "regime" in name and maps[name].dtype.kind in "iu"
    if (not regime and maps[name].dtype.kind != "f") or (regime and len(axes) == 1):
        return None
    if len(axes) == 1:
        (x,) = axes
        ax.plot(maps[x], maps[name], ".-")
        ax.set(xlabel=x, ylabel=name)
        return f"{name} over {x}"
    y, x = axes
    if regime:
        phase_map(ax, maps, x=x, y=y, regime=name)
    else:
        parameter_map(ax, maps, name, x=x, y=y)
    return f"{'What the machine is' if regime else name} over {x} (horizontal) and {y} (vertical)"
