"""A rule has the exchange call, and the events of that call say so, however fast they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from provodka.payloads import Call, CallEvent
from sandbox.senders.megafon import Megafon, MegafonSender
from tests.end_to_end.company import Company, until

MARIA, TOKEN = "79160001122", "sandbox-crm-token"
EXCHANGE = """
channels:
  vats: {type: megafon, crm_token: sandbox-crm-token, url: "${SENDERS}/megafon/crmapi/v1", api_key: sandbox}
"""
CALLING = """
  - name: Позвонить сразу
    on: form.submitted
    do:
      - call: {by: vats, employee: anna}
"""


def test_the_call_of_a_rule_is_known_by_its_key_though_it_ends_before_the_order_is_answered(closed: Company) -> None:
    closed.rewritten = _with_exchange
    closed.extra_rules = CALLING
    closed.open()
    service = closed.sandbox.senders.services["megafon"]
    assert isinstance(service, Megafon)
    sender = MegafonSender(f"{closed.url}/hooks/vats", TOKEN)

    def at_once(call: str, user: str, phone: str) -> None:
        sender.event("OUTGOING", call, phone, user, "out")
        began = datetime.now(UTC) - timedelta(seconds=3)
        sender.history(service.api.ended(call, phone, user, began, 2, kind="out"))

    service.api.on_call = at_once
    closed.form(MARIA, name="Мария")
    [call] = until(lambda: _calls(closed), "the end of the call")
    [order] = service.stats()["orders"]
    assert (call.id, call.phone, call.extension) == (order["callid"], f"+{MARIA}", "ivanov")
    [action] = until(lambda: [one for one in closed.actions() if one.kind == "call"], "the call's action")
    assert call.order == action.key


def _with_exchange(text: str) -> str:
    return text.replace("\nchannels:\n", EXCHANGE, 1).replace('extension: "101"', 'extension: [ivanov, "101"]')


def _calls(company: Company) -> list[Call]:
    payloads = [one.event.payload for one in company.events("call.finished")]
    return [one.call for one in payloads if isinstance(one, CallEvent)]
