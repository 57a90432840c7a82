"""An exchange asks who calls while the phone rings, and the house answers by the mirror of each CRM."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cli.run import RunRole
from sandbox.senders.megafon import MegafonSender
from sandbox.senders.zadarma import Script, ZadarmaSender
from tests.end_to_end.company import Company, until
from tests.end_to_end.crms import OFFICES

pytestmark = pytest.mark.parametrize("office", OFFICES.values(), ids=OFFICES)

MARIA, STRANGER = "79160001122", "79990000000"
EXCHANGES = """
channels:
  vats: {type: megafon, crm_token: sandbox-crm-token, route: true}
  zadarma: {type: zadarma, secret: sandbox, route: true}
"""


@pytest.fixture
def called(closed: Company) -> Company:
    """A company with two exchanges; its staff have a login at one of them and an extension at the other."""
    closed.rewritten = _with_exchanges
    closed.open()
    return closed


def _with_exchanges(text: str) -> str:
    text = text.replace("\nchannels:\n", EXCHANGES, 1)
    for who, number in (("anna", "101"), ("ivan", "102")):
        text = text.replace(f'extension: "{number}"', f'extension: [{who}, "{number}"]')
    return text


def asked(company: Company, phone: str) -> dict[str, str]:
    sender = MegafonSender(f"{company.url}/hooks/vats", "sandbox-crm-token")
    answer = sender.command("contact", phone=phone, callid="1", diversion="74950003344")
    assert answer.status_code == 200
    found: dict[str, str] = answer.json()
    return found


def test_the_caller_is_named_and_put_through_to_the_responsible(called: Company) -> None:
    assert asked(called, MARIA) == {}
    called.form(MARIA, name="Мария Петрова")
    [lead] = until(called.office.leads, "a lead of the form")
    known = until(lambda: asked(called, MARIA), "the mirror holds the contact")
    until(lambda: "responsible" in asked(called, MARIA), "the mirror holds the lead")
    assert known["contact_name"] == "Мария Петрова"
    login = asked(called, MARIA)["responsible"]
    assert login in ("anna", "ivan"), lead
    sender = ZadarmaSender(f"{called.url}/hooks/zadarma", "sandbox")
    told = Script(sender, MARIA, datetime.now(UTC)).start().json()
    assert told == {
        "caller_name": "Мария Петрова",
        "redirect": {"anna": "101", "ivan": "102"}[login],
        "return_timeout": 20,
    }
    assert asked(called, STRANGER) == {}
    assert Script(sender, STRANGER, datetime.now(UTC)).start().content == b""


def test_no_call_to_the_crm_is_made_for_it(called: Company) -> None:
    called.form(MARIA, name="Мария")
    until(lambda: asked(called, MARIA), "the mirror holds the contact")
    called.close()
    counts = called.office.emulator.counts
    before = dict(counts.calls)
    called.open([RunRole.WEB], hooks=False)
    assert asked(called, MARIA)["contact_name"] == "Мария"
    assert dict(counts.calls) == before
