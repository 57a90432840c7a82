"""Who calls, by the mirror."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.crm.account import Account
from connectors.crm.callers import MOST, MirrorCallers, keep_directory
from connectors.crm.mirror import COMPANY, CONTACT, LEAD, KnownCompany, KnownContact, KnownLead, snapshot
from provodka.calls import Caller
from provodka.crm import LeadState, Pipeline, Stage, User
from tests.connectors.memory_store import MemoryStore

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PHONE = "+79160001122"
OPEN, WON = 10, 142
EXTENSIONS = {"anna@krovlya.ru": ("101", "anna"), "Иван Петров": ("102",), "pavel@krovlya.ru": ("103",)}


class Staff:
    """The names of an account, with how often they were asked."""

    def __init__(self, *users: User) -> None:
        self._users = users or (
            User("1", "anna@krovlya.ru", "Анна"),
            User("2", "", "Иван Петров"),
            User("3", "pavel@krovlya.ru", "Павел", active=False),
        )

    def users(self) -> Sequence[User]:
        return self._users

    def pipelines(self) -> Sequence[Pipeline]:
        stages = (Stage(str(OPEN), "Новый"), Stage(str(WON), "Успех", LeadState.WON))
        return (Pipeline("5", "Кровля", stages),)


class AnyAccount(Account):
    settle_seconds = 0.0


class Mirror:
    """A mirror with whatever a test puts into it."""

    def __init__(self, *, filled: bool = True, names: Any = None) -> None:
        self.store = MemoryStore()
        self.account = AnyAccount("amocrm", self.store, lambda: NOW)
        self.account.put("any", [], {"contacts:filled": "1", "leads:filled": "1"} if filled else {})
        keep_directory(self.account, names or Staff())

    def contact(self, one: str, name: str, responsible: int | None = None, at: int = 1, phone: str = PHONE) -> None:
        known = KnownContact(one, name, (phone,), (), responsible, updated_at=at)
        self.account.put(CONTACT, [snapshot(known, NOW)])

    def company(self, one: str, name: str, responsible: int | None = None) -> None:
        self.account.put(COMPANY, [snapshot(KnownCompany(one, name, (PHONE,), (), responsible), NOW)])

    def lead(self, one: str, contact: str, responsible: int | None, stage: int = OPEN) -> None:
        known = KnownLead(one, "Сайт", 5, stage, responsible, contacts=(contact,))
        self.account.put(LEAD, [snapshot(known, NOW)])

    def asked(self, phone: str = PHONE) -> Caller | None:
        return MirrorCallers("amocrm", self.store, lambda name: EXTENSIONS.get(name, ())).who_calls(phone)


def test_a_contact_is_named_with_its_responsible() -> None:
    mirror = Mirror()
    mirror.contact("7", "Мария", 1)
    assert mirror.asked() == Caller("Мария", ("101", "anna"))


def test_an_unknown_or_hidden_number_is_nobody() -> None:
    mirror = Mirror()
    mirror.contact("7", "Мария", 1)
    assert mirror.asked("+79990000000") is None
    assert mirror.asked("") is None


def test_nobody_is_known_while_the_mirror_is_being_filled() -> None:
    mirror = Mirror(filled=False)
    mirror.contact("7", "Мария", 1)
    assert mirror.asked() is None
    mirror.account.put("any", [], {"contacts:filled": "1"})
    assert mirror.asked() is None
    mirror.account.put("any", [], {"leads:filled": "1"})
    assert mirror.asked() is not None


def test_nobody_is_known_before_the_names_of_the_crm_are() -> None:
    mirror = Mirror()
    mirror.contact("7", "Мария", 1)
    mirror.store.forget_snapshots("amocrm", "directory", ["work"])
    assert mirror.asked() is None


def test_whom_the_crm_knows_is_told_once_all_its_contacts_are_in_the_mirror() -> None:
    mirror = Mirror(filled=False)
    mirror.contact("7", "Мария", 1)
    mirror.company("9", "Кровля")
    callers = MirrorCallers("amocrm", mirror.store, lambda _: ())
    assert callers.knows([f"phone:{PHONE}"]) is None
    mirror.account.put("any", [], {"contacts:filled": "1"})
    assert callers.knows(["email:new@example.org", f"phone:{PHONE}"]) is True
    assert callers.knows(["email:new@example.org"]) is False


def test_the_newest_open_lead_decides_whose_the_caller_is() -> None:
    mirror = Mirror()
    mirror.contact("7", "Мария", None)
    mirror.lead("99", "7", 1)
    mirror.lead("100", "7", 2)  # newer, though it comes first in the order of letters
    mirror.lead("101", "7", 1, WON)
    assert mirror.asked() == Caller("Мария", ("102",))


def test_a_closed_lead_decides_nothing() -> None:
    mirror = Mirror()
    mirror.contact("7", "Мария", 1)
    mirror.lead("100", "7", 2, WON)
    assert mirror.asked() == Caller("Мария", ("101", "anna"))


@pytest.mark.parametrize("gone", [3, 77, None])
def test_a_lead_of_nobody_who_works_here_falls_to_the_responsible_of_the_contact(gone: int | None) -> None:
    mirror = Mirror()
    mirror.contact("7", "Мария", 1)
    mirror.lead("100", "7", gone)
    assert mirror.asked() == Caller("Мария", ("101", "anna"))


def test_of_several_contacts_the_one_with_an_open_lead_is_the_caller_else_the_one_changed_last() -> None:
    mirror = Mirror()
    mirror.contact("7", "Мария", at=5)
    mirror.contact("8", "Маша", at=9)
    mirror.contact("9", "М.", at=9)
    assert mirror.asked() == Caller("Маша")
    mirror.lead("100", "7", 2)
    assert mirror.asked() == Caller("Мария", ("102",))


def test_a_company_is_named_where_no_contact_has_the_number() -> None:
    mirror = Mirror()
    mirror.company("3", "ООО «Крыша»", 2)
    assert mirror.asked() == Caller("ООО «Крыша»", ("102",))
    mirror.contact("7", "Мария", 1)
    assert mirror.asked() == Caller("Мария", ("101", "anna"))


def test_a_number_that_thousands_share_is_answered_by_the_newest_of_them() -> None:
    mirror = Mirror()
    for one in range(1, MOST + 20):
        mirror.contact(str(one), f"Гость {one}", at=MOST + 20 - one)
    assert mirror.asked() == Caller("Гость 20")


def test_the_names_are_written_only_when_they_change() -> None:
    mirror = Mirror()
    written: list[str] = []
    put = mirror.store.put_snapshots

    def counted(system: str, kind: str, rows: Any, **more: Any) -> None:
        written.append(kind)
        put(system, kind, rows, **more)

    mirror.store.put_snapshots = counted  # type: ignore[method-assign]
    keep_directory(mirror.account, Staff())  # type: ignore[arg-type]
    assert written == []
    keep_directory(mirror.account, Staff(User("1", "anna@krovlya.ru", "Анна", active=False)))  # type: ignore[arg-type]
    assert written == ["directory"]
    mirror.contact("7", "Мария", 1)
    assert mirror.asked() == Caller("Мария")
