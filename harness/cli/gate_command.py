"""`falsify gate`: contracts become trials, trials become verdicts, verdicts become reports and an exit code."""

from __future__ import annotations

from functools import partial
from glob import glob, has_magic
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.configuration import configuration, shown
from harness.cli.options import colour_wanted, json_option, terminal_width
from harness.cli.parallel import run_on_processes
from harness.cli.progress import Progress
from harness.cli.request import Request
from harness.cli.running import discharge_of, now, run_checks
from harness.ledger.standing import Standing
from harness.reporting.json_report import to_json
from harness.reporting.terminal import closing, failure, line
from harness.reporting.write import write_reports
from harness.trial.profiles import PROFILES, profile
from harness.trial.record import NOT_APPLICABLE
from harness.verdict.errors import UsageError

if TYPE_CHECKING:
    from harness.cli.assembly import Assembly
    from harness.cli.running import Runner
    from harness.ledger.discharge import Discharge
    from harness.trial.session import Session
    from harness.verdict.evidence import Evidence


@click.command(
    "gate",
    epilog="""\b
Examples:
  falsify gate                                 every contract of this project
  falsify gate -k FALSIFY-005                  the clauses whose id ends so
  falsify gate --profile pr --seed 7           more examples, another seed
  falsify gate --subject importer='prog convert {source} {dest}'
  falsify gate --artifact model.apr --source checkpoint/
""",
)
@click.argument("paths", nargs=-1)
@click.option("-k", "selection", metavar="EXPR", default="", help="Select clauses as pytest -k does.")
@click.option("--profile", "profile_name", type=click.Choice(list(PROFILES)), help="Budget; default: dev.")
@click.option("--seed", type=click.IntRange(min=0), help="Same seed, same cases; default: 0.")
@click.option("--subject", "subjects", multiple=True, metavar="ROLE=COMMAND", help="Put a program on trial.")
@click.option("--artifact", "artifacts", multiple=True, type=click.Path(path_type=Path), help="Judge a finished file.")
@click.option("--source", type=click.Path(path_type=Path), help="What the artifact was made from.")
@click.option(
    "--reports", type=click.Path(path_type=Path, file_okay=False), help="Folder of reports; default: reports."
)
@click.option("--require-bound/--no-require-bound", default=None, help="Let an unbound clause fail the gate (exit 2).")
@click.option("-j", "jobs", type=click.IntRange(min=1), default=1, help="Processes; default: 1.")
@json_option
@click.option("-q", "--quiet", is_flag=True, help="Only what is not corroborated.")
def gate_command(  # noqa: PLR0913 - one parameter an option
    *,
    paths: tuple[str, ...],
    selection: str,
    profile_name: str | None,
    seed: int | None,
    subjects: tuple[str, ...],
    artifacts: tuple[Path, ...],
    source: Path | None,
    reports: Path | None,
    require_bound: bool | None,
    jobs: int,
    as_json: bool,
    quiet: bool,
) -> int:
    """Run every clause against its subject, try to falsify it, and write the discharge report.

    PATHS are contracts: files, folders or globs; by default those of [tool.falsify], else ./contracts.

    Exit 0: nothing was falsified and all was measured; 1: something was falsified; 2: something was not measured;
    3: wrong usage or a fault of our own.
    """
    if source is not None and not artifacts:
        raise UsageError("--source says what an --artifact was made from, and there is none")
    if artifacts and subjects:
        raise UsageError("a finished file is judged as it is: --artifact leaves nothing for --subject to do")
    settings = configuration(Path.cwd())
    request = Request(
        start=Path.cwd(),
        paths=paths,
        selection=selection,
        subjects=subjects,
        artifacts=expand(artifacts) or settings.resolve(settings.table.artifacts),
        source=source,
        profile=profile(profile_name or settings.table.profile).name,
        seed=settings.table.seed if seed is None else seed,
        reports=reports or settings.reports,
    )
    assembly = request.plan()
    session = request.session(assembly)
    discharge = run_and_tell(
        assembly,
        session,
        require_bound=request.profile == "release" if require_bound is None else require_bound,
        to_stderr=as_json,
        quiet=quiet,
        run=partial(run_on_processes, jobs, request) if jobs > 1 else run_checks,
    )
    written = write_reports(discharge, request.reports)
    if as_json:
        click.echo(to_json(discharge), nl=False)
    else:
        click.echo(closing(discharge, colour=colour_wanted()), color=colour_wanted())
        click.echo(f"reports: {', '.join(map(shown, written))}", err=True)
    return int(discharge.exit_code())


def expand(artifacts: tuple[Path, ...]) -> tuple[Path, ...]:
    """`artifacts` with globs resolved against the current folder; one that matches nothing stays."""
    return tuple(match for entry in artifacts for match in _matches(entry) or [entry])


def _matches(entry: Path) -> list[Path]:
    text = str(entry)
    return sorted(map(Path, glob(text, recursive=True))) if has_magic(text) else []  # noqa: PTH207 - absolute patterns


_IN_ORDER = frozenset({Standing.CORROBORATED, Standing.UNBOUND})
"""What nobody has to be told more about than one line."""


def run_and_tell(  # noqa: PLR0913 - what a run is told with
    assembly: Assembly,
    session: Session,
    *,
    require_bound: bool,
    to_stderr: bool,
    quiet: bool,
    run: Runner = run_checks,
) -> Discharge:
    """Run the plan, one line a clause as it ends, then a block for each that is not corroborated."""
    started = now()
    colour, width = colour_wanted(to_stderr=to_stderr), terminal_width()

    progress = Progress(len(assembly.plan.checks), width)
    session.progress = progress.case

    def told(evidence: Evidence) -> None:
        progress.ended()
        if evidence.reason == NOT_APPLICABLE:
            return
        if not quiet or Standing.of(evidence) not in _IN_ORDER:
            click.echo(line(evidence, width, colour), err=to_stderr, color=colour)

    try:
        checks, faults = run(assembly.plan.checks, session, told)
    finally:
        session.close()
    discharge = discharge_of(assembly, session, started, checks, faults, require_bound=require_bound)
    for evidence in discharge.checks:
        if Standing.of(evidence) not in _IN_ORDER:
            click.echo("\n" + failure(evidence, colour), err=to_stderr, color=colour)
    for row in discharge.not_applicable:
        click.echo(f"does not apply to {row.subject}: {row.clause} ({row.why})", err=to_stderr)
    for fault in faults:
        click.echo(f"\nfault of our own at {fault.where}: {fault.message}", err=True)
    return discharge
