"""`provodka test`: the rules' own tests, those of the config and those of the files beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from cli.config import Config
from cli.show import Exit, View, short, table
from rules.actions import REGISTRY
from rules.engine import Engine
from rules.testing import Compared, RuleTestResult, run_tests


@dataclass(frozen=True, slots=True)
class ShownTest:
    """What `--json` prints of each test. `place` is file and line; `failures` are sentences.

    `actions` are expected and planned ones side by side, `missed` the rules that did not match, with their reasons.
    """

    name: str
    place: str
    passed: bool
    failures: tuple[str, ...]
    actions: tuple[Compared, ...]
    missed: dict[str, str]


def run(config: Config, view: View, only: str = "") -> int:
    """Run the tests that have `only` in their name; 1 when one fails, 2 when there is none of that name."""
    chosen = [
        (place, one)
        for place, one in zip(config.test_places, config.tests, strict=True)
        if only.casefold() in one.name.casefold()
    ]
    if only and not chosen:
        view.problem(f"no test has «{only}» in its name", "see tests: in the config and the files beside it")
        return Exit.USAGE
    engine = Engine(config.rules, REGISTRY, config.team, config.calendar, config.client, config.beside)
    results = run_tests([one for _, one in chosen], engine)
    places = [place for place, _ in chosen]
    if view.as_json:
        view.json([_shown(place, result) for place, result in zip(places, results, strict=True)])
    else:
        for place, result in zip(places, results, strict=True):
            _draw(place, result, view)
    failed = sum(not result.passed for result in results)
    if not view.as_json:
        view.print(Text(f"{len(results) - failed} passed, {failed} failed", "red" if failed else "green"))
    return Exit.PROBLEM if failed else Exit.FINE


def _shown(place: str, result: RuleTestResult) -> ShownTest:
    return ShownTest(result.name, place, result.passed, result.failures, result.compared, dict(result.missed))


def _draw(place: str, result: RuleTestResult, view: View) -> None:
    if result.passed:
        view.print(Text.assemble(("✓", "green"), f" {result.name}"))
        return
    view.print(Text.assemble(("✗", "bold red"), f" {result.name}", (f"  {place}", "dim")))
    for fault in result.faults:
        view.print(Text(f"    {fault}", "red"))
    if any(not at.same for at in result.compared):
        view.print(table(("   ", "", "expected", "planned"), (row for at in result.compared for row in _rows(at))))
    for rule, why in result.missed:
        view.print(f"    «{rule}» did not match: {why}")


def _rows(at: Compared) -> Iterator[tuple[str | Text, ...]]:
    """The action, and below it every parameter that is not as expected."""
    mark = Text("   =" if at.same else "   ≠", "green" if at.same else "bold red")
    by_rule = f"{at.actual} of rule «{at.rule}»" if at.actual else "—"
    yield mark, str(at.number), at.expected or "—", by_rule
    for one in at.differences:
        yield "", one.path, _value(one.expected), one.hint or _value(one.actual)


def _value(value: Any) -> str:  # noqa: ANN401 -- any JSON
    return "none" if value is None else short(value)
