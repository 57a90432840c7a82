"""The cover of the requirements: nothing is said to be shown that is not, and what is not shown has its reason."""

from __future__ import annotations

import re

import pytest
import yaml

from tests.examples.clients import EXAMPLES
from tests.requirements import TO_DO, Requirement, Shown, Wanted, faults, main, report, shown, wanted

FILE = EXAMPLES / "requirements.yaml"


@pytest.fixture(scope="module")
def cover() -> Shown:
    return shown()


def test_every_requirement_is_listed_once_with_its_mark_and_codes() -> None:
    ids = re.findall(r"^  (S\d-\d\d):", FILE.read_text("utf-8"), re.MULTILINE)
    assert sorted(ids) == sorted(set(ids)) == sorted(wanted().requirements)
    rows = list(wanted().requirements.values())
    assert [sum(row.mark == mark for row in rows) for mark in (*TO_DO, "native")] == [130, 69, 19]
    assert all(re.fullmatch(r"C(0[1-9]|[12]\d|3[0-6])", code) for row in rows for code in row.codes)


def test_what_a_requirement_needs_is_there_or_named_among_what_comes() -> None:
    everything = wanted()
    needs = {need for row in everything.requirements.values() for need in row.needs}
    assert needs <= everything.base | everything.later.keys()
    assert everything.later.keys() <= needs
    assert not everything.base & everything.later.keys()


def test_nothing_unknown_is_shown_and_what_is_not_shown_has_its_reason(cover: Shown) -> None:
    assert faults(wanted(), cover) == []


def test_of_what_needs_nothing_that_is_to_come_nine_tenths_are_shown(cover: Shown) -> None:
    base = wanted().by_base()
    assert len(base) > 120
    assert len(base & cover.tests.keys()) >= 0.9 * len(base)


def test_the_last_line_counts_what_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert re.fullmatch(r"shown \d+ of 199", capsys.readouterr().out.splitlines()[-1])


def test_faults_are_told() -> None:
    rows = {
        "S0-01": Requirement("S0-01", "a", "own", ("C01",), ("crm",)),
        "S0-02": Requirement("S0-02", "b", "part", ("C01",), ("surveys",)),
        "S0-03": Requirement("S0-03", "c", "own", ("C01",), ("crm",), why="waits for rain"),
        "S0-04": Requirement("S0-04", "d", "native", ("C01",), ("crm",)),
    }
    everything = Wanted(frozenset({"crm"}), {"surveys": "surveys"}, rows)
    assert faults(everything, Shown({"S0-03": ["x"], "S9-99": ["y"]}, ["a rule test"])) == [
        "failed: a rule test",
        "S9-99 is shown by y, but nobody asked for it",
        "S0-01 is not shown, and nobody says why",
        "S0-03 is shown, so that its reason is stale: waits for rain",
    ]
    lines = list(report(everything, Shown({"S0-01": ["x", "y"]}, []), missing=False))
    assert lines == [
        "S0-01  own   ✓  a: x (and 1 more)",
        "S0-02  part  –  b: waits for surveys",
        "S0-03  own   –  c: waits for rain",
        "by capability: C01 1/3",
        "with crm alone: 1 of 2, 50 %",
        "shown 1 of 3",
    ]


def test_the_file_is_read_as_every_other_yaml() -> None:
    assert yaml.safe_load(FILE.read_text("utf-8")).keys() == {"base", "later", "requirements"}
