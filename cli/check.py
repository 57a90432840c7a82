"""`provodka check`, `test` and `schema`: what is known before the start."""

from __future__ import annotations

import json
from collections.abc import Iterable

from rich.console import Console

from cli.config import SECTIONS, Config
from cli.house import House
from provodka.crm import Crm, Missing
from provodka.errors import ConfigError, ConnectorError, Problem
from provodka.settings import json_schema
from rules.actions import REGISTRY
from rules.engine import Engine
from rules.needs import needs
from rules.testing import run_tests


def show_problems(error: ConfigError, out: Console, *, as_json: bool = False) -> int:
    """All the mistakes of a config; exit code 2."""
    if as_json:
        out.print_json(json.dumps([_problem(p) for p in error.problems], ensure_ascii=False))
        return 2
    for problem in error.problems:
        out.print(str(problem), markup=False, highlight=False, soft_wrap=True)
    count = len(error.problems)
    out.print(f"{count} mistake{'s' if count != 1 else ''}", style="bold red")
    return 2


def _problem(problem: Problem) -> dict[str, object]:
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "path": problem.path,
        "text": problem.text,
        "hint": problem.hint,
    }


def check(config: Config, out: Console) -> int:
    """The config has been read without mistakes: say what is in it."""
    out.print(
        f"{config.path.name} is right: {len(config.rules)} rules, {len(config.channels)} channels, "
        f"{len(config.tests)} tests",
        style="green",
        highlight=False,
    )
    return 0


def check_online(config: Config, out: Console, *, create: bool) -> int:
    """Ask the accounts: whether they let us in, and whether every name of the config exists there."""
    house = House(config)
    try:
        troubles = [*_ask_crm(config, house.crm, create=create), *_ask_channels(house)]
    finally:
        house.close()
    for trouble in troubles:
        out.print(f"✗ {trouble}", markup=False, highlight=False, soft_wrap=True)
    if not troubles:
        out.print("the accounts know every name of the config", style="green")
    return 1 if troubles else 0


def _ask_crm(config: Config, crm: Crm | None, *, create: bool) -> Iterable[str]:
    if crm is None:
        return
    try:
        used = [used.need for used in needs(config.rules, REGISTRY, config.staff)]
        for missing in crm.check(used, create=create):
            yield _sentence(missing)
    except ConnectorError as error:
        yield f"crm: {error.reason}" + (f" ({error.hint})" if error.hint else "")


def _sentence(missing: Missing) -> str:
    need = missing.need
    where = f" in «{need.within}»" if need.within else ""
    known = f"; there are: {', '.join(missing.known)}" if missing.known else ""
    return f"crm: no {need.kind.replace('_', ' ')} «{need.name}»{where}{known}"


def _ask_channels(house: House) -> Iterable[str]:
    for watcher in house.watchers:
        for sentence in watcher.check():
            yield f"{watcher.name}: {sentence}"


def test(config: Config, out: Console) -> int:
    """Run the config's own rule tests; 1 when one fails."""
    engine = Engine(config.rules, REGISTRY, config.team, config.calendar, config.client)
    results = run_tests(config.tests, engine)
    for result in results:
        out.print(f"{'✓' if result.passed else '✗'} {result.name}", markup=False, highlight=False)
        for failure in result.failures:
            out.print(f"    {failure}", markup=False, highlight=False, soft_wrap=True)
    failed = sum(not r.passed for r in results)
    out.print(f"{len(results) - failed} passed, {failed} failed", style="red" if failed else "green", highlight=False)
    return 1 if failed else 0


def schema(out: Console) -> int:
    """The JSON Schema of a config, for editors."""
    out.print_json(json.dumps(json_schema(SECTIONS), ensure_ascii=False))
    return 0
