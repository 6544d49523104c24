"""The command line: `qtjax optimize`, `pareto`, `sweep`, `run`, `paper`, `reproduce`, and more."""

import datetime
import os
import time
from pathlib import Path
from typing import Annotated, Any

import jax
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from .._results import SolverError

app = typer.Typer(
    help="Differentiable quantum thermodynamics.", no_args_is_help=True, add_completion=False
)
console = Console()
_MISTAKES = (ValueError, SolverError, OSError, ImportError)
_NO_FIGURES = escape('No figures: install matplotlib with `pip install "qtjax[plots]"`.')


@app.callback()
def main() -> None:
    """Quantum machines: simulated, kept in the books, and optimized."""
    jax.config.update("jax_enable_x64", True)


def _compile_sooner() -> None:
    """Leave out what XLA does for large batches on a CPU: a few machines take longer to compile."""
    flags = os.environ.get("XLA_FLAGS", "")
    if jax.__version_info__ < (0, 11) and "fusion_emitters" not in flags:  # unknown to later ones
        os.environ["XLA_FLAGS"] = f"--xla_cpu_use_fusion_emitters=false {flags}".strip()
    if jax.default_backend() == "cpu":
        jax.config.update("jax_disable_most_optimizations", True)


@app.command("optimize")
def optimize_command(
    engine: Annotated[
        Path | None, typer.Argument(help="Engine file (TOML); the reference machine by default.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Results folder.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps of the optimizer.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the random starts.")] = None,
    starts: Annotated[
        int | None, typer.Option(min=1, help="Starts: the given one and random ones around it.")
    ] = None,
    polish: Annotated[
        bool | None, typer.Option("--polish", help="Go on with BFGS where Adam ended.")
    ] = None,
    resume: Annotated[bool, typer.Option(help="Go on with the run in --out.")] = False,
) -> None:
    """Optimize an engine and report it before and after, with both bookkeepings of entropy."""
    _compile_sooner()
    from ..engine.machine import REFERENCE, read_engine
    from .improvement import Settings, improve, settings_of
    from .reports import task_line

    given = {"steps": steps, "seed": seed, "starts": starts, "polish": polish}
    folder = None
    try:
        if resume:
            folder = _begun(out, {"ENGINE": engine, **{f"--{k}": v for k, v in given.items()}})
            machine, settings = settings_of(folder)
        else:
            folder, machine = _fresh(out), read_engine(REFERENCE if engine is None else engine)
            settings = Settings(**{k: v for k, v in given.items() if v is not None})
        table = machine.table
        console.print(f"[bold]{escape(table.title)}[/bold]: {escape(task_line(table))}")
        with _progress() as progress:
            task = progress.add_task("optimizing", total=settings.steps, figures="compiling ...")

            def tell(step: int, row: dict[str, float]) -> None:
                names = [name for name in ("efficiency", "power") if name in row]
                figures = "  ".join(f"{name} {row[name]:.6g}" for name in names)
                progress.update(task, completed=step, figures=figures)

            improvement = improve(machine, settings, folder, resume=resume, tell=tell)
        _say(improvement.report, machine.table.title)
        _draw(folder, machine, improvement)
    except _MISTAKES as error:
        told = _told(error)
        if folder is not None and isinstance(error, OSError):
            _tell_how_to_go_on(folder)
        raise told from error
    except KeyboardInterrupt:
        console.print("Interrupted.")
        if folder is not None:
            _tell_how_to_go_on(folder)
        raise typer.Exit(130) from None
    console.print(f"Results in {folder}", soft_wrap=True)


@app.command("pareto")
def pareto_command(
    engine: Annotated[
        Path | None, typer.Argument(help="Engine file (TOML); the reference machine by default.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Results folder.")] = None,
    points: Annotated[int, typer.Option(min=2, help="Points, both ends included.")] = 12,
    starts: Annotated[
        int, typer.Option(min=1, help="Starts: the given one and random ones around it.")
    ] = 4,
    steps: Annotated[int, typer.Option(min=1, help="Steps of the optimizer, per point.")] = 300,
    seed: Annotated[int, typer.Option(help="Seed of the random starts.")] = 0,
) -> None:
    """Find the largest power of an engine at every efficiency: a table, front.json and a figure."""
    _compile_sooner()
    from ..engine.machine import REFERENCE, read_engine
    from .engine_front import FRONT, FrontSettings, find_front, front_table
    from .reports import free_line

    folder = _stamped("pareto") if out is None else out
    try:
        machine = read_engine(REFERENCE if engine is None else engine)
        title = escape(f"{machine.table.title}; free: {free_line(machine.table)}")
        console.print(title, highlight=False, soft_wrap=True)
        settings = FrontSettings(points=points, starts=starts, steps=steps, seed=seed)
        with console.status("compiling, and searching point by point ..."):
            front, report = find_front(machine, settings, folder)
    except _MISTAKES as error:
        raise _told(error) from error
    console.print(front_table(report))
    try:
        from .engine_figures import save_front

        console.print(f"  {save_front(folder, front)}", highlight=False, soft_wrap=True)
    except ImportError:
        console.print(_NO_FIGURES)
    except OSError as error:
        raise _told(error) from error
    console.print(f"  {folder / FRONT}", highlight=False, soft_wrap=True)


@app.command("run")
def run_command(
    machine: Annotated[Path, typer.Argument(help="Engine file (TOML), of any kind.")],
) -> None:
    """Run a machine as it is described and print its figures."""
    _compile_sooner()
    from ..engine.steady import read_machine
    from .running import figures_table

    try:
        console.print(figures_table(read_machine(machine)))
    except _MISTAKES as error:
        raise _told(error) from error


@app.command("sweep")
def sweep_command(
    engine: Annotated[Path, typer.Argument(help="Engine file (TOML) with a table [sweep].")],
    out: Annotated[Path, typer.Option(help="Store for the maps.")] = Path("maps.zarr"),
    slice_size: Annotated[int | None, typer.Option(min=1, help="Points per slice.")] = None,
) -> None:
    """Compute an engine over what its table [sweep] varies; the same again goes on after a kill."""
    from ..engine.machine import read_engine
    from .engine_sweep import sweep_engine
    from .show import tables

    try:
        sweep_engine(read_engine(engine), out, slice_size)
    except _MISTAKES as error:
        raise _told(error) from error
    except KeyboardInterrupt:
        console.print("Interrupted. The same command goes on from there.")
        raise typer.Exit(130) from None
    for table in tables(out):
        console.print(table)


@app.command("paper")
def paper_command(
    out: Annotated[Path, typer.Option(help="Folder for the page and its numbers.")] = Path(
        "results/paper"
    ),
) -> None:
    """Compute "No entropy production in quantum thermodynamics", equation by equation.

    Next to every number stands one from an independent route, and the mainstream accountings stand
    beside the paper's. Writes paper.html (self-contained, with figures) and paper.json.
    """
    _compile_sooner()
    from .paper_page import write_paper
    from .reports import contrast_table, equation_table

    try:
        out.mkdir(parents=True, exist_ok=True)  # before anything is computed
        with console.status("computing ...") as status:
            results = write_paper(out, lambda word: status.update(f"computing: {word}"))
    except _MISTAKES as error:
        raise _told(error) from error
    console.print(equation_table(results.equations))
    for contrast in results.contrasts:
        console.print(contrast_table(contrast))
    if "<svg" not in (out / "paper.html").read_text(encoding="utf-8"):
        console.print(_NO_FIGURES)
    for name in ("paper.html", "paper.json"):
        console.print(f"  {out / name}", highlight=False, soft_wrap=True)


@app.command("reproduce")
def reproduce_command(
    names: Annotated[list[str] | None, typer.Argument(help="Papers, or all.")] = None,
    list_papers: Annotated[
        bool, typer.Option("--list", help="Say which papers there are, and stop.")
    ] = False,
    json: Annotated[Path | None, typer.Option(help="File for every number.")] = None,
    figures: Annotated[Path | None, typer.Option(help="Folder for figures.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="File for the table as a page.")] = None,
) -> None:
    """Compute published results, each number next to the published one or a closed form.

    The exit code is 1 if a number is not the published one to its tolerance.
    """
    _compile_sooner()
    from ..papers.reproduction import find_papers, reproduce
    from .published import number_table, paper_table, summary, write_markdown, write_records

    try:
        if not names and not list_papers:
            raise ValueError("Name papers, or all; `qtjax reproduce --list` says which there are.")
        papers = find_papers(names or "all")
        _make_folders(json, markdown, figures)
    except _MISTAKES as error:
        raise _told(error) from error
    if list_papers:
        console.print(paper_table(papers))
        return
    started = time.perf_counter()
    with console.status("computing ...") as status:
        found = reproduce(
            [paper.name for paper in papers],
            tell=lambda one: status.update(f"computed: {one.paper.name}"),
        )
    console.print(number_table(found))
    seconds = time.perf_counter() - started
    console.print(f"{summary(found)} ({seconds:.0f} s)", highlight=False, soft_wrap=True)
    try:
        if json is not None:
            write_records(json, found)
        if markdown is not None:
            write_markdown(markdown, found)
        if figures is not None:
            _draw_curves(figures, papers)
    except _MISTAKES as error:
        raise _told(error) from error
    if not all(one.passed for one in found):
        raise typer.Exit(1)


@app.command("show")
def show_command(
    path: Annotated[Path, typer.Argument(help="Results folder, or store of a sweep.")],
) -> None:
    """Print what a result holds: a machine before and after, the maps of a sweep, a paper.

    Also while the sweep runs.
    """
    from .show import tables

    try:
        found = tables(path)
    except _MISTAKES as error:
        raise _told(error) from error
    for table in found:
        console.print(table)


@app.command("report")
def report_command(
    path: Annotated[Path, typer.Argument(help="Results folder, store of a sweep, or JSON file.")],
    out: Annotated[Path | None, typer.Option(help="File for the page.")] = None,
) -> None:
    """Write one self-contained HTML page of a result: tables, figures, equations."""
    from .report_page import write_report

    try:
        written = write_report(path, out)
    except _MISTAKES as error:
        raise _told(error) from error
    console.print(f"  {written}", highlight=False, soft_wrap=True)


def _told(error: Exception) -> typer.Exit:
    """Say what was wrong, and the way out."""
    console.print(f"[red]{escape(str(error))}[/red]", highlight=False, soft_wrap=True)
    return typer.Exit(2)


def _tell_how_to_go_on(folder: Path) -> None:
    """Say how to go on with an optimization that ended early, if it was begun."""
    if (folder / "settings.json").exists():
        console.print(
            f"Go on with: qtjax optimize --out {escape(str(folder))} --resume",
            highlight=False, soft_wrap=True,
        )  # fmt: skip


def _make_folders(json: Path | None, markdown: Path | None, figures: Path | None) -> None:
    """The folders of what will be written, before anything is computed."""
    for path in (json, markdown):
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
    if figures is not None:
        figures.mkdir(parents=True, exist_ok=True)


def _draw_curves(folder: Path, papers: Any) -> None:
    """The figures of papers whose point is a curve, if matplotlib is there."""
    try:
        from .published_figures import save_curves
    except ImportError:
        console.print(_NO_FIGURES)
        return
    for path in save_curves(folder, papers):
        console.print(f"  {path}", highlight=False, soft_wrap=True)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[figures]}"),
        console=console,
    )


def _fresh(out: Path | None) -> Path:
    """A folder without a run in it."""
    if out is None:
        return _stamped("optimize")
    if (out / "checkpoint.eqx").exists():
        raise ValueError(
            f"`--out` {out} already holds a run; go on with it by --resume, or name another folder."
        )
    return out


def _stamped(word: str) -> Path:
    """A folder named after what is done and when."""
    return Path("results") / f"{word}-{datetime.datetime.now():%Y%m%d-%H%M%S}"


def _begun(out: Path | None, given: dict[str, Any]) -> Path:
    """The folder of a run to go on with, which keeps its own settings."""
    if out is None:
        raise ValueError("`--resume` needs `--out`, the folder of the run to go on with.")
    changed = [name for name, value in given.items() if value is not None]
    if changed:
        raise ValueError(
            f"`--resume` goes on with the settings in {out}, so {', '.join(changed)} must be left "
            "out; begin a new run to change them."
        )
    return out


def _say(report: dict[str, Any], title: str) -> None:
    """The machine before and after, what became of every start, and the audit."""
    from .reports import audit_lines, comparison_table, optimization_lines

    console.print(comparison_table(report["before"], report["after"], title))
    if report["outcome_after"] != "successful":
        console.print(f"[red]After: {report['outcome_after']}[/red]", soft_wrap=True)
    for line in (*optimization_lines(report), *audit_lines(report["audit"])):
        console.print(escape(line), highlight=False, soft_wrap=True)


def _draw(folder: Path, machine: Any, improvement: Any) -> None:
    """The figures, if matplotlib is there."""
    try:
        from .engine_figures import save_figures
    except ImportError:
        console.print(_NO_FIGURES)
        return
    for path in save_figures(folder, machine, improvement):
        console.print(f"  {path}", highlight=False)
