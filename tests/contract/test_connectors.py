"""One contract for every outgoing connector: each fault has its one meaning, and the journal sees it masked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.amocrm.crm import AmoCrm
from connectors.amocrm.settings import AmocrmSettings
from connectors.base import collect_calls
from connectors.bitrix24.crm import Bitrix24
from connectors.bitrix24.settings import BitrixSettings
from connectors.registry import CHANNELS
from connectors.telegram.messenger import Telegram
from connectors.telegram.settings import TelegramSettings
from provodka.crm import Crm, Messenger, Need, NewContact, NewLead, StaffMessage
from provodka.errors import Ambiguous, AuthFailed, ConnectorError, RateLimited, Rejected, Retryable
from provodka.journal import Journal
from provodka.operation import Done, Outcome, Repeat, Request
from sandbox.amocrm import AmoCrm as Account
from sandbox.amocrm import Limit
from sandbox.base import Emulator
from sandbox.bitrix24 import Bitrix24 as Portal
from sandbox.bitrix24 import Limit as PortalLimit
from sandbox.faults import Fault
from sandbox.telegram import Telegram as Bot

PHONE, EMAIL = "+79160001122", "maria@example.ru"
READ_TIMEOUT = 0.4
NOWHERE = "http://127.0.0.1:9"


@dataclass
class Case:
    """A connector, the emulator at its other end, one write and one question that proves the door open."""

    emulator: Emulator
    path: str
    connect: Callable[..., Any]
    write: Callable[[Any, datetime | None], Outcome]
    check: Callable[[Any], list[str]]
    secret: str
    repeat: Repeat


def write_lead(crm: Crm, since: datetime | None = None) -> Outcome:
    lead = NewLead("Сайт", "Кровля", contact=NewContact("Мария", (PHONE,), (EMAIL,)))
    return crm.create_leads([Request("contract-1", lead, since)])[0]


def write_notice(telegram: Telegram, since: datetime | None = None) -> Outcome:
    text = f"Позвоните {PHONE}, {EMAIL}"
    return telegram.notify([Request("contract-1", StaffMessage("42", text), since)])[0]


def check_crm(crm: Crm) -> list[str]:
    try:
        return [one.need.name for one in crm.check([Need("pipeline", "Кровля")], create=True)]
    except ConnectorError as error:
        return [f"{error.reason} {error.hint}"]


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with Account(limit=Limit(per_second=None)) as running:
        yield running


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    with Portal(limit=PortalLimit(per_second=None, operating=None)) as running:
        yield running


@pytest.fixture(scope="module")
def bot() -> Iterator[Bot]:
    with Bot() as running:
        running.limit(on=False)
        yield running


@pytest.fixture
def journal(tmp_path: Any) -> Iterator[Journal]:
    journal = Journal(f"sqlite:///{tmp_path}/journal.sqlite")
    yield journal
    journal.close()


EMULATORS = {"amocrm": "account", "bitrix24": "portal", "telegram": "bot"}


@pytest.fixture(params=EMULATORS)
def case(request: pytest.FixtureRequest, journal: Journal) -> Iterator[Case]:
    opened: list[Any] = []
    emulator: Emulator = request.getfixturevalue(EMULATORS[request.param])
    emulator.reset()
    emulator.faults.clear()

    def amocrm(**more: Any) -> AmoCrm:
        given = {"type": "amocrm", "url": emulator.url, "token": "sandbox", "per_second": 1000, "burst": 100}
        given |= {"settle_seconds": 0, "read_timeout": READ_TIMEOUT, **more}
        opened.append(AmoCrm(AmocrmSettings.model_validate(given), journal.store))
        return opened[-1]

    def bitrix24(**more: Any) -> Bitrix24:
        url = f"{more.pop('url', emulator.url)}/rest/1/{more.pop('token', 'sandbox')}/"
        given = {"type": "bitrix24", "url": url, "entity": "deal", "per_second": 1000, "burst": 100}
        given |= {"settle_seconds": 0, "read_timeout": READ_TIMEOUT, **more}
        opened.append(Bitrix24(BitrixSettings.model_validate(given), journal.store))
        return opened[-1]

    def telegram(**more: Any) -> Telegram:
        given = {"type": "telegram", "token": "1:sandbox", "api_url": emulator.url, "read_timeout": READ_TIMEOUT}
        if url := more.pop("url", None):
            more["api_url"] = url
        opened.append(Telegram(TelegramSettings.model_validate({**given, **more}), journal.store, sleep=lambda _: None))
        return opened[-1]

    if request.param == "amocrm":
        yield Case(emulator, "/api/v4/leads/complex", amocrm, write_lead, check_crm, "sandbox", Repeat.STAMP)
    elif request.param == "bitrix24":
        yield Case(emulator, "/rest/1/sandbox/batch", bitrix24, write_lead, check_crm, "sandbox", Repeat.STAMP)
    else:
        yield Case(emulator, "/bot", telegram, write_notice, lambda t: t.check(), "1:sandbox", Repeat.SAFE)
    for one in opened:
        one.close()


def ready(case: Case) -> Any:
    """A connector that has met its other side, so that the next fault meets the write itself."""
    connector = case.connect()
    assert case.check(connector) == []
    assert connector is not None
    return connector


def failing(case: Case, **fault: Any) -> Outcome:
    connector = ready(case)
    case.emulator.faults.arm(Fault(path=case.path, method="POST", **fault))
    return case.write(connector, None)


def test_a_connector_is_what_the_house_asks_for(case: Case) -> None:
    connector: Crm | Messenger = case.connect()
    assert connector.name in EMULATORS


def test_a_write_succeeds_and_tells_the_id(case: Case) -> None:
    outcome = case.write(ready(case), None)
    assert isinstance(outcome, Done)
    assert outcome.remote_id.isdigit()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"status": 401, "body": '{"ok": false, "detail": "Unauthorized"}'}, AuthFailed),
        ({"status": 400, "body": '{"ok": false, "detail": "bad", "description": "Bad Request: bad"}'}, Rejected),
        ({"status": 403, "body": '{"ok": false, "detail": "Forbidden", "description": "Forbidden"}'}, Rejected),
        ({"status": 429, "body": "Too Many Requests"}, RateLimited),
        ({"status": 429, "body": '{"retry_after": 33, "parameters": {"retry_after": 33}}'}, RateLimited),
        ({"status": 500}, Ambiguous),
        ({"status": 502}, Ambiguous),
        ({"status": 200, "body": '{"ok": tr'}, Ambiguous),
        ({"status": 200, "body": "<html>"}, Ambiguous),
        ({"kind": "cut_before"}, Ambiguous),
        ({"kind": "cut_after"}, Ambiguous),
        ({"kind": "delay", "seconds": READ_TIMEOUT + 0.3}, Ambiguous),
    ],
)
def test_each_fault_of_a_write_has_one_meaning(case: Case, fault: dict[str, Any], kind: type[ConnectorError]) -> None:
    outcome = failing(case, **fault)
    assert type(outcome) is kind, outcome
    assert isinstance(outcome, ConnectorError)
    assert outcome.reason
    if kind is RateLimited:
        assert outcome.wait == (33 if "33" in fault["body"] else 1)


def test_an_address_where_nobody_answers_means_not_sent(case: Case) -> None:
    assert type(case.write(case.connect(url=NOWHERE), None)) is Retryable


def test_what_was_told_to_wait_waits_without_another_call(case: Case) -> None:
    connector = ready(case)
    case.emulator.faults.arm(
        Fault(path=case.path, method="POST", status=429, body='{"retry_after": 33, "parameters": {"retry_after": 33}}')
    )
    case.write(connector, None)
    with collect_calls() as calls:
        held = case.write(connector, None)
    assert type(held) is RateLimited
    assert held.wait == pytest.approx(33, abs=2)
    assert calls == []


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
def test_an_unsure_write_is_repeated_as_it_was_declared(case: Case, kind: str) -> None:
    connector = ready(case)
    case.emulator.faults.arm(Fault(path=case.path, method="POST", kind=kind))
    assert type(case.write(connector, None)) is Ambiguous
    again = case.write(connector, datetime.now(UTC) - timedelta(seconds=30))
    assert isinstance(again, Done)
    assert again.found is (case.repeat is Repeat.STAMP and kind == "cut_after")
    objects = case.emulator.objects()
    made = sum(objects.get(kind, 0) for kind in ("leads", "deals", "messages"))
    assert made == (2 if case.repeat is Repeat.SAFE and kind == "cut_after" else 1)


def test_every_call_is_traced_without_people_and_secrets(case: Case) -> None:
    connector = ready(case)
    with collect_calls() as calls:
        case.write(connector, None)
    text = repr(calls)
    assert calls[-1].status == 200
    assert calls[-1].milliseconds > 0
    assert "+7916•••1122" in calls[-1].request_summary
    assert "m•••@example.ru" in calls[-1].request_summary
    assert not any(secret in text for secret in (PHONE, PHONE[2:], EMAIL, f'"{case.secret}"', f"Bearer {case.secret}"))
    assert len(calls[-1].request_summary) <= 2048 >= len(calls[-1].answer_summary)


def test_a_failed_call_is_traced_with_its_kind(case: Case) -> None:
    connector = ready(case)
    case.emulator.faults.arm(Fault(path=case.path, method="POST", status=500))
    with collect_calls() as calls:
        case.write(connector, None)
    assert [(call.status, call.error_kind) for call in calls][-1] == (500, "ambiguous")


def test_check_passes_and_names_a_wrong_token_with_its_cure(case: Case) -> None:
    assert case.check(case.connect()) == []
    [sentence] = case.check(case.connect(token="2:wrong"))
    assert "токен" in sentence.lower()
    assert "2:wrong" not in sentence


def test_secrets_show_in_no_text_of_the_connector(case: Case) -> None:
    connector = case.connect(token="9:very-secret")
    outcome = case.write(connector, None)
    assert isinstance(outcome, AuthFailed)
    assert "very-secret" not in f"{outcome!r} {outcome.reason} {outcome.hint} {connector!r} {vars(connector)!r}"


def test_closing_ends_every_thread(case: Case) -> None:
    before = set(threading.enumerate())
    connector = ready(case)
    case.write(connector, None)
    connector.close()
    assert {thread for thread in threading.enumerate() if thread not in before and "loop" in thread.name} == set()


def test_a_channel_that_writes_to_people_is_what_its_registry_line_says() -> None:
    for name, kind in CHANNELS.items():
        assert bool(kind.messenger) is bool(kind.medium), name
