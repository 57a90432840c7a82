"""`make requirements`: what the clients asked for, each by the test that shows it, or why it is not shown yet.

The rule tests of the examples are run. The tests of the product that carry `@pytest.mark.shows` are named; with
`--run` they are run too.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.docs.markdown import ROOT
from tests.examples.clients import CONFIGS, EXAMPLES, client, name, rule_tests

TO_DO = ("own", "part")
"""The marks of what is ours to do; what is native the CRM does."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of the file. `why` says what it waits for, where that does not follow from `needs`."""

    id: str
    title: str
    mark: str
    codes: tuple[str, ...]
    needs: tuple[str, ...]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that the clients asked for; `base` is what can be shown today, `later` names what comes."""

    base: frozenset[str]
    later: dict[str, str]
    requirements: dict[str, Requirement]

    def reason(self, one: Requirement) -> str:
        """What a requirement that is not shown waits for; empty where nobody said it."""
        waits = [self.later[need] for need in one.needs if need in self.later]
        return one.why or (f"waits for {', '.join(waits)}" if waits else "")

    def by_base(self) -> set[str]:
        """What needs nothing that is still to come."""
        ours = (one for one in self.requirements.values() if one.mark in TO_DO)
        return {one.id for one in ours if set(one.needs) <= self.base}


@dataclass(frozen=True, slots=True)
class Shown:
    """The tests by the requirement that they show, and the rule tests that failed."""

    tests: dict[str, list[str]]
    failed: list[str]


def wanted(path: Path = EXAMPLES / "requirements.yaml") -> Wanted:
    data = yaml.safe_load(path.read_text("utf-8"))
    rows = {
        id_: Requirement(
            id_, row.pop("title"), row.pop("mark"), tuple(row.pop("codes")), tuple(row.pop("needs")), **row
        )
        for id_, row in data["requirements"].items()
    }
    return Wanted(frozenset(data["base"]), data["later"], rows)


def shown() -> Shown:
    """Runs every rule test of the examples, and reads the marks of the other tests."""
    found: dict[str, list[str]] = defaultdict(list)
    failed = []
    for config in CONFIGS:
        for test, result in rule_tests(client(config)):
            title = f"{name(config)}: {test.name}"
            if not result.passed:
                failed.append(f"{title}: {'; '.join(result.failures)}")
                continue
            for id_ in test.shows:
                found[id_].append(title)
    for title, ids in marked():
        for id_ in ids:
            found[id_].append(title)
    return Shown(dict(found), failed)


def marked(folder: Path = ROOT / "tests") -> Iterator[tuple[str, list[str]]]:
    """The tests that carry the mark, as pytest names them, with what they show."""
    for path in sorted(folder.rglob("test_*.py")):
        source = path.read_text("utf-8")
        if "mark.shows(" not in source:
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef) and (
                ids := [id_ for mark in node.decorator_list for id_ in _ids(mark)]
            ):
                yield f"{path.relative_to(ROOT).as_posix()}::{node.name}", ids


def _ids(mark: ast.expr) -> list[str]:
    if not isinstance(mark, ast.Call) or ast.unparse(mark.func) != "pytest.mark.shows":
        return []
    return [str(ast.literal_eval(one)) for one in mark.args]


def faults(all_of_it: Wanted, cover: Shown) -> list[str]:
    """What makes the cover worth nothing: failed tests, unknown numbers, missing and stale reasons."""
    known = all_of_it.requirements
    found = [f"failed: {one}" for one in cover.failed]
    found += [
        f"{id_} is shown by {cover.tests[id_][0]}, but nobody asked for it"
        for id_ in sorted(cover.tests.keys() - known.keys())
    ]
    for one in known.values():
        if one.mark not in TO_DO:
            continue
        if one.id in cover.tests and one.why:
            found.append(f"{one.id} is shown, so that its reason is stale: {one.why}")
        elif one.id not in cover.tests and not all_of_it.reason(one):
            found.append(f"{one.id} is not shown, and nobody says why")
    return found


def report(all_of_it: Wanted, cover: Shown, *, missing: bool) -> Iterator[str]:
    """One requirement a line and at the end the counts."""
    ours = [one for one in all_of_it.requirements.values() if one.mark in TO_DO]
    for one in ours:
        tests = cover.tests.get(one.id, [])
        if not tests:
            yield f"{one.id}  {one.mark:<4}  –  {one.title}: {all_of_it.reason(one) or 'not shown'}"
        elif not missing:
            more = f" (and {len(tests) - 1} more)" if len(tests) > 1 else ""
            yield f"{one.id}  {one.mark:<4}  ✓  {one.title}: {tests[0]}{more}"
    base = all_of_it.by_base()
    done = len(base & cover.tests.keys())
    yield f"by capability: {', '.join(_by_code(ours, cover))}"
    yield f"with {', '.join(sorted(all_of_it.base))} alone: {done} of {len(base)}, {100 * done / len(base):.0f} %"
    yield f"shown {sum(one.id in cover.tests for one in ours)} of {len(ours)}"


def _by_code(ours: Sequence[Requirement], cover: Shown) -> Iterator[str]:
    """Each capability of the product with how many of the requirements that lean on it are shown."""
    codes = sorted({code for one in ours for code in one.codes})
    for code in codes:
        some = [one for one in ours if code in one.codes]
        yield f"{code} {sum(one.id in cover.tests for one in some)}/{len(some)}"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make requirements", description=__doc__)
    parser.add_argument("--missing", action="store_true", help="only what is not shown")
    parser.add_argument("--run", action="store_true", help="run the marked tests too")
    options = parser.parse_args(arguments)
    all_of_it, cover = wanted(), shown()
    wrong = faults(all_of_it, cover)
    if options.run and pytest.main([str(ROOT / test) for test, _ in marked()]):
        wrong.append("failed: a marked test")
    for line in (*wrong, *report(all_of_it, cover, missing=options.missing)):
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
