"""`provodka events save-as-test`: a rule test out of a stored event, with made-up people and no secrets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.beside import test_files, tests_file
from cli.config import Config
from cli.show import Exit, View
from provodka.journal import Journal
from provodka.made_up import MadeUp
from provodka.yaml_marks import parse_document
from rules.actions import REGISTRY
from rules.engine import Engine
from rules.names import NEVER_SEEN
from support.find import find_one
from support.saving import Unfit, as_yaml, name_of, save_as_test


@dataclass(frozen=True, slots=True)
class Wish:
    """Where to write the test and what to call it; empty for the usual."""

    to: Path | None = None
    name: str = ""
    dry_run: bool = False


def save(journal: Journal, config: Config, wanted: str, wish: Wish, view: View) -> int:
    """Write the test, after it has passed. Ends with 1 where it does not pass or cannot be made, 2 for a wrong wish."""
    found = find_one(journal, wanted)
    if found.one is None:
        alike = f"several events are like «{wanted}»: {', '.join(found.alike)}"
        view.problem(alike if found.alike else f"no event has an id like «{wanted}»", "see provodka events ls")
        return Exit.USAGE if found.alike else Exit.PROBLEM
    event = found.one.event
    name = wish.name or name_of(found.one)
    taken = dict(zip((one.name for one in config.tests), config.test_places, strict=True))
    if name in taken and event.type not in NEVER_SEEN:
        view.problem(f"the test at {taken[name]} is called «{name}» already", "choose another one with --name")
        return Exit.USAGE
    engine = Engine(config.rules, REGISTRY, config.team, config.calendar, config.client, config.beside)
    made = MadeUp(journal.key, config.document.source, config.secrets)
    saved = save_as_test(journal, found.one, engine, made, name)
    match saved.unfit:
        case None if saved.test is not None:
            return _write(saved.test, config.path, wish, view)
        case Unfit.HINT:
            view.problem("rules never see the hints of a CRM or of accounting", "save the event that was found by it")
        case Unfit.OTHERWISE:
            view.problem(f"the rules do not make of event {event.id} what was made of it then; nothing is written")
            for failure in saved.result.failures if saved.result else ():
                view.print(f"    {failure}")
        case _:
            view.problem(f"event {event.id}: {saved.error}")
    return Exit.PROBLEM


def _write(test: dict[str, Any], config: Path, wish: Wish, view: View) -> int:
    target = wish.to or tests_file(config)
    before = target.read_text("utf-8") if target.exists() else ""
    text = _with(before, test, target)
    if text is None:
        view.problem(f"{target} does not end with a list of tests", "choose another file with --to")
        return Exit.USAGE
    if wish.dry_run:
        view.print(text[len(before) :].rstrip(), "", "dry run: nothing was written")
        return Exit.FINE
    partial = target.with_name(f"{target.name}.part")
    partial.write_text(text, encoding="utf-8")
    partial.replace(target)
    known = target.resolve() in {file.resolve() for file in (*test_files(config), config)}
    hint = "" if known else f"; provodka test does not look there, but into {tests_file(config).name}"
    view.print(f"test «{test['name']}» written to {target}{hint}")
    return Exit.FINE


def _with(before: str, test: dict[str, Any], target: Path) -> str | None:
    """The file with the test at its end; None where that would not be read as one more test."""
    document = parse_document(before, str(target))
    data = document.data if isinstance(document.data, dict) else {}
    tests = data.get("tests") or []
    column = document.place(("tests", 0))[1] if tests else 5
    indent = " " * max(column - 3, 0)
    added = "".join(f"{indent}{line}\n" for line in as_yaml(test).splitlines())
    head = before if not before or before.endswith("\n") else f"{before}\n"
    whole = f"{head}{added}" if "tests" in data else f"{head}tests:\n{added}"
    read = parse_document(whole, str(target))
    expected = {**data, "tests": [*tests, test]}
    return whole if not read.problems and read.data == expected else None
