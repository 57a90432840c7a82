"""The page about CRMs tells of every operation, and of no `repeat` that the code does not declare."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest

from connectors.registry import CRMS
from provodka.crm import Crm
from provodka.operation import Operation, Repeat
from tests.docs.markdown import ROOT

PAGE = (ROOT / "docs" / "crm.md").read_text("utf-8")
COLUMNS = ["operation", "amoCRM", "repeat", "limits", "Bitrix24", "repeat"]
KNOWN = {"read", *(one.name for one in Repeat)}
KINDS = {"amocrm": 2, "bitrix24": 5}  # the column of each one's repeat


def rows(page: str) -> list[list[str]]:
    """The rows of the tables of operations."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line[:1] == "|"]
    return [row for row in cells if len(row) == len(COLUMNS) and re.fullmatch(r"`\w+`", row[0])]


def operations() -> dict[str, bool]:
    """Every operation of the neutral CRM, and whether it is a write."""
    members = {name: member for base in Crm.__mro__ for name, member in vars(base).items() if name[0] != "_"}
    return {name: isinstance(m, property) for name, m in members.items() if isinstance(m, property) or callable(m)}


TABLE = {row[0].strip("`"): row for row in rows(PAGE)}


def declared(kind: str, name: str) -> str | None:
    """What a CRM's class declares of an operation; None where it does not have it yet."""
    module, title = CRMS[kind].place.split(":")
    crm: Any = getattr(__import__(module, fromlist=[title]), title)
    member = inspect.getattr_static(crm, name, None)
    if member is None:
        return None
    return member.info.repeat.name if isinstance(member, Operation) else "read"


def test_every_operation_stands_in_the_table_once():
    named = [row[0].strip("`") for row in rows(PAGE)]
    assert sorted(named) == sorted(operations())


def test_each_table_has_the_same_columns():
    heads = [line for line in PAGE.splitlines() if line.startswith("| operation")]
    assert len(heads) >= 8
    assert {tuple(cell.strip() for cell in head.strip("|").split("|")) for head in heads} == {tuple(COLUMNS)}


@pytest.mark.parametrize("name", sorted(operations()))
def test_the_repeat_of_each_operation_is_what_each_crm_declares(name: str):
    for kind, column in KINDS.items():
        told, real = TABLE[name][column], declared(kind, name)
        assert told in KNOWN
        assert real in (None, told), f"{kind} declares {real}"


@pytest.mark.parametrize("name", sorted(operations()))
def test_amocrm_does_all_that_a_crm_can_be_asked(name: str):
    real = declared("amocrm", name)
    assert real is not None
    assert (real != "read") == operations()[name]
    assert TABLE[name][1]


def test_what_is_built_does_not_stand_in_italics():
    waiting = [name for name, row in TABLE.items() if row[4].startswith("*") and declared("bitrix24", name)]
    assert waiting == []


def test_a_wrong_row_would_be_seen():
    assert rows("| `leads` | a | read | | b | read |\n| `leads` | a |\n| leads | a | read | | b | read |") == [
        ["`leads`", "a", "read", "", "b", "read"]
    ]
