"""The pages that `falsify explain` shows, as plain text: a clause, a role, a falsifier, a mutant."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.verdict.errors import UsageError

if TYPE_CHECKING:
    from harness.cli.registry import Shelves
    from harness.contract.models import CheckBlock, Clause, Contract, Limit
    from harness.subject.roles import Role
    from harness.trial.interface import Falsifier, Operator

_LABEL = 12


@dataclass(slots=True)
class Sheet:
    """A page in the making: a heading, then labelled paragraphs, wrapped to `width` columns."""

    width: int
    lines: list[str] = field(default_factory=list)

    def head(self, text: str) -> None:
        """A line of its own."""
        self.lines += [text, ""]

    def row(self, label: str, text: str, *, indent: int = 0) -> None:
        """`text` beside `label`; left out when it is empty."""
        if not text.strip():
            return
        first = " " * indent + f"{label:<{_LABEL}} "
        if len(label) > _LABEL:
            self.lines.append(" " * indent + label)
            first = " " * (indent + _LABEL + 1)
        self.lines += textwrap.wrap(
            " ".join(text.split()),
            self.width,
            initial_indent=first,
            subsequent_indent=" " * (indent + _LABEL + 1),
            break_long_words=False,
            break_on_hyphens=False,
        )

    def gap(self, title: str = "") -> None:
        """An empty line, and below it a title."""
        self.lines += ["", title] if title else [""]

    def text(self) -> str:
        """The page."""
        return "\n".join(self.lines)


def clause_page(contract: Contract, clause: Clause, shelves: Shelves, width: int) -> str:
    """Where the clause stands, what it says, and how it is attacked."""
    sheet = Sheet(width)
    sheet.head(f"{clause.span}: {clause.qualified} ({clause.severity.value})")
    sheet.row("rule", clause.rule)
    sheet.row("prediction", clause.prediction)
    sheet.row("if it fails", clause.if_fails)
    sheet.row("claimed", clause.claimed)
    sheet.row("test", f"{clause.test} (read, never run)" if clause.test else "")
    if clause.why_unbound or clause.check is None:
        sheet.row("unbound", clause.why_unbound)
        return sheet.text()
    sheet.row("armed by", clause.armed_by)
    _attack(sheet, clause.check, contract.home, shelves)
    return sheet.text()


def _attack(sheet: Sheet, block: CheckBlock, home: str, shelves: Shelves) -> None:
    try:
        tried = shelves.falsifier(block.falsifier, home)
    except UsageError as error:
        sheet.row("falsifier", str(error))
        return
    sheet.gap("How it is attacked")
    _falsifier_rows(sheet, tried)
    sheet.row("parameters", ", ".join(f"{key}={value}" for key, value in block.parameters.items()))
    sheet.row("limit", f"falsified when {limit_in_words(block.limit)}")
    sheet.row("refusal", f"has to name {block.refusal}" if block.refusal else "")
    population = block.population
    sheet.row("population", f"{population.examples:,} valid cases at least in the profile pr")
    sheet.row("families", ", ".join(population.architectures))
    for names, label in ((population.partitions, "reached"), (population.blind, "blind")):
        for name in names:
            sheet.row(label, f"{name}: {tried.experiment.partitions.get(name, 'not a class of this experiment')}")
    sheet.gap("Mutants that it must see")
    for claim in block.mutants:
        try:
            _mutant_rows(sheet, shelves.operator(tried.role, claim.name, home), f"by {claim.shows}")
        except UsageError as error:
            sheet.row(claim.name, str(error), indent=2)


def limit_in_words(limit: Limit) -> str:
    """When the limit is crossed: `accepted_heads > 0`."""
    sides = [f"{limit.measure} < {limit.low}"] if limit.low is not None else []
    sides += [f"{limit.measure} > {limit.high}"] if limit.high is not None else []
    return " or ".join(sides)


def _falsifier_rows(sheet: Sheet, tried: Falsifier) -> None:
    sheet.row("falsifier", f"{tried.name}: {tried.claim}")
    sheet.row("on trial", f"{tried.role}, by the experiment {tried.experiment.name}")
    for measure in tried.measures:
        sheet.row("measure", f"{measure.name} [{measure.unit}], {measure.direction.value}: {measure.meaning}")


def _mutant_rows(sheet: Sheet, made: Operator, seen: str) -> None:
    sheet.row(made.name, f"edits {made.edits}{', seen ' + seen if seen else ''}", indent=2)
    sheet.row("where", made.where, indent=4)
    sheet.row("what", made.what, indent=4)
    sheet.row("from", made.before, indent=4)
    sheet.row("to", made.after, indent=4)


def falsifier_page(tried: Falsifier, operators: tuple[Operator, ...], width: int) -> str:
    """What the falsifier attacks and measures, what it takes, and the mutants that a clause may ask it to see."""
    sheet = Sheet(width)
    sheet.head(f"{tried.name}: a falsifier")
    _falsifier_rows(sheet, tried)
    for name, info in tried.parameters.model_fields.items():
        default = "required" if info.is_required() else f"default {info.default}"
        sheet.row("parameter", f"{name} ({default}): {info.description or info.annotation}")
    sheet.row("families", ", ".join(tried.experiment.architectures))
    for name, meaning in tried.experiment.partitions.items():
        sheet.row("partition", f"{name}: {meaning}")
    sheet.row("finished", "judges finished files too" if tried.finished_file else "")
    sheet.row("mutants", ", ".join(made.name for made in operators) or "none is declared for its role")
    return sheet.text()


def mutant_page(operators: tuple[Operator, ...], width: int) -> str:
    """The planted defect as a record, once for each role that has one of this name."""
    sheet = Sheet(width)
    sheet.head(f"{operators[0].name}: a mutant")
    for made in operators:
        sheet.row("role", made.role)
        _mutant_rows(sheet, made, "")
    return sheet.text()


def role_page(role: Role, width: int) -> str:
    """What the role does, and how a command line plays it."""
    sheet = Sheet(width)
    sheet.head(f"{role.name}: a role")
    sheet.row("meaning", role.meaning)
    for name, meaning in role.placeholders.items():
        needed = " (required)" if name in role.required else ""
        sheet.row(f"{{{name}}}", f"{meaning}{needed}")
    sheet.row("answers", role.answers)
    sheet.row("example", role.example)
    return sheet.text()
