"""A missed call is called back by the exchange, an SMS goes out, and the recording of the talk comes into the card."""

from __future__ import annotations

from hashlib import sha256

from provodka.payloads import CallEvent, MessageState
from sandbox.senders.mango_service import Mango
from sandbox.senders.recordings import tone
from sandbox.senders.service import Client
from tests.end_to_end.company import Company
from tests.end_to_end.crms import SECRET

PHONE = "+79160001122"
RULES = """
  - name: Перезвонить сразу
    on: call.missed
    do:
      - call: {employee: anna}
      - message: {text: "Не успели ответить, звоним вам. Кровля Плюс", by: sms}

  - name: Разговор с клиентом
    on: call.finished
    when: {call.direction: out}
    do:
      - intake: {pipeline: Кровля, stage: Новый лид, title: Перезвонили}
      - log_call

  - name: Запись в карточку
    on: call.recorded
    do:
      - attach: {from: recording}
"""


def test_a_missed_call_is_called_back_and_its_talk_comes_into_the_card(closed: Company) -> None:
    company, mango = closed, closed.sandbox.senders.services["mango"]
    assert isinstance(mango, Mango)
    mango.reset()
    company.extra_rules = RULES
    company.rewritten = lambda text: text.replace('salt: "${SECRET}",', 'salt: "${SECRET}", sms_from: "101",')
    company.open()
    given = {"url": f"{company.url}/hooks/phone", "key": SECRET, "salt": SECRET, "extension": "101"}
    client = Client(phone=PHONE)
    mango.press("missed", client, given)
    company.rest("call.missed")
    (order,), (sms,) = mango.orders, mango.messages
    assert (order["from"], order["to_number"]) == ({"extension": "101"}, "79160001122")
    assert sms["text"].startswith("Не успели ответить")

    mango.press("ordered", client, given)
    mango.press("delivered", client, given)
    company.rest("message.state")
    company.rest("call.recorded")
    keys = {action.kind: action.key for action in company.actions() if action.state == "done"}
    (finished,) = company.events("call.finished")
    assert isinstance(finished.event.payload, CallEvent)
    call = finished.event.payload.call
    assert (call.order, call.outcome, call.phone) == (keys["call"], "talked", PHONE)
    (state,) = company.events("message.state")
    assert isinstance(state.event.payload, MessageState)
    assert (state.event.payload.sent.id, state.event.payload.sent.state) == (keys["message"], "delivered")
    (attached,) = [action for action in company.actions() if action.kind == "attach"]
    assert (attached.state, "Звонок" in attached.result) == ("done", True), attached.error
    assert company.journal.store.blob(sha256(tone()).hexdigest()) == tone()
    assert len(company.leads()) == 1
    assert company.troubles() == []
