"""A talk in a messenger, from the first line of the client to the answer that they have read."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from cli.house import House
from cli.run import Running, RunRole
from provodka.errors import Rejected
from provodka.journal import ActionState
from provodka.talks import DeliveryState
from sandbox.server import Sandbox
from tests.end_to_end.company import Company, until
from tests.end_to_end.product import free_port
from tests.end_to_end.talking import PICTURE, TALKING, Client, Messenger, picture

RULES = """
  - name: Сообщение
    on: message.received
    do:
      - intake:
          pipeline: Кровля
          stage: Новый лид
          title: "Чат: {{ person.name }}"
          responsible: {round_robin: [anna, ivan]}
      - log_message
"""


ONE_CRM = pytest.mark.parametrize("talking", [TALKING["amocrm"]], indirect=True)
"""For what no CRM has a part in."""


class Talking:
    """A company with a messenger, its house open."""

    def __init__(self, company: Company, rules: str = RULES) -> None:
        self.company = company
        self.office: Any = company.office
        self.port = free_port()
        company.rewritten = lambda text: text.replace(
            'server: {port: "${PORT}"}',
            f'server: {{port: {self.port}, public_url: "http://127.0.0.1:{self.port}"}}\nhttp: {{allow: [127.0.0.1]}}',
        )
        company.extra_rules = rules
        company.furnish = self._furnish
        self.bot: Messenger

    def _furnish(self, house: House) -> None:
        sent = getattr(self, "bot", None)
        self.bot = Messenger(house.journal.store)
        self.bot.sent = sent.sent if sent is not None else []
        house.correspondents["bot"] = self.bot

    def open(self) -> None:
        self.company.open(port=self.port)
        self.office.open_talks(self.company)

    def comes(self, *events: Any) -> None:
        self.company.journal.accept(events)

    def rest(self, kind: str = "message.received", times: int = 1) -> None:
        self.company.rest(kind, times)


@pytest.fixture(params=TALKING.values(), ids=TALKING)
def talking(request: pytest.FixtureRequest, tmp_path: Path, sandbox: Sandbox) -> Iterator[Talking]:
    company = Company(tmp_path, sandbox, request.param)
    company.office.unlimited()
    yield Talking(company)
    company.close()


def test_a_talk_of_ten_messages_is_one_lead_with_ten_lines_in_their_order(talking: Talking) -> None:
    talking.open()
    maria = Client()
    talking.comes(*(maria.says(f"Строка {n}") for n in range(1, 10)))
    talking.comes(maria.says("", picture()))
    talking.rest(times=10)
    assert talking.office.lines() == [*((f"Строка {n}", True) for n in range(1, 10)), ("picture", True)]
    assert talking.office.owners() == {str(talking.company.lead()["id"])}
    (address,) = talking.office.pictures()
    shown = requests.get(address, timeout=30)
    assert (shown.content, shown.headers["Content-Type"]) == (PICTURE, "image/png")
    assert talking.company.doubles()["extra_leads"] == 0


def test_an_answer_from_the_card_reaches_the_client_once_and_the_card_hears_of_it(talking: Talking) -> None:
    talking.open()
    maria = Client()
    talking.comes(maria.says("Сколько стоит крыша?", picture()))
    talking.rest()
    (address,) = talking.office.pictures()
    talking.office.answers("Вот так же?", address)
    talking.rest("reply.written")
    (sent,) = talking.bot.sent
    assert (sent.to, sent.text, len(sent.files)) == ("77", "Вот так же?", 1)
    assert talking.company.journal.store.blob(sent.files[0].sha256) == PICTURE
    assert talking.office.marks() == ["delivered"]
    talking.comes(maria.news("sent-1", DeliveryState.READ), maria.news("sent-1", DeliveryState.DELIVERED))
    talking.rest("message.state", 2)
    assert talking.office.marks() == ["read"]
    assert len(talking.bot.sent) == 1
    assert len(talking.company.leads()) == 1


def test_what_cannot_be_delivered_is_told_to_whoever_wrote_it(talking: Talking) -> None:
    talking.open()
    talking.comes(Client().says("Добрый день"))
    talking.rest()
    talking.bot.before = [Rejected("Forbidden: bot was blocked", hint="Клиент заблокировал бота")]
    talking.office.answers("Здравствуйте")
    talking.rest("reply.written")
    told = until(lambda: talking.office.complaints(), "the complaint in the card")
    assert "Клиент заблокировал бота" in told


@ONE_CRM
def test_an_answer_whose_fate_is_unknown_is_never_sent_again(talking: Talking) -> None:
    talking.open()
    talking.comes(Client().says("Добрый день"))
    talking.rest()
    talking.bot.after = [RuntimeError("killed between the sending and the record")]
    talking.office.answers("Здравствуйте")
    talking.rest("reply.written")
    assert len(talking.bot.sent) == 1
    (reply,) = [action for action in talking.company.actions() if action.kind == "reply"]
    assert (reply.state, reply.reason) == (ActionState.DEAD, "outcome_unknown")
    assert "неизвестно, дошло ли" in talking.office.complaints()
    talking.company.close()
    talking.open()
    assert len(talking.bot.sent) == 1


def test_as_notes_the_lines_stand_in_the_feed_and_the_picture_hangs_on_the_card(talking: Talking) -> None:
    talking.company.extra_rules = RULES.replace("- log_message", "- log_message: {as: note}")
    talking.open()
    talking.comes(Client().says("Вот крыша", picture()))
    talking.rest()
    lead = talking.company.lead()
    notes = [note.get("text") for note in lead["notes"]]
    assert "Telegram, Мария: Вот крыша\n[файл крыша.png: приложен к карточке]" in notes
    assert talking.office.lines() == []
    assert "крыша.png" in str(lead)


@ONE_CRM
def test_a_channel_of_talks_that_the_crm_does_not_take_is_a_line_of_status(talking: Talking) -> None:
    talking.open()
    until(lambda: not talking.company.troubles(), "a quiet start")
    house = talking.company.house

    def refuse() -> None:
        raise Rejected("the channel is not known", hint="Проверьте канал")

    known, house.crm.connect_talks = house.crm.connect_talks, refuse  # type: ignore[union-attr,method-assign]
    house.connect_talks()
    (trouble,) = talking.company.troubles()
    assert (trouble.name, trouble.cure) == ("talks", "Проверьте канал")
    house.crm.connect_talks = known  # type: ignore[union-attr,method-assign]
    house.connect_talks()
    assert talking.company.troubles() == []


ONE_TASK = (
    RULES
    + """
  - name: Ответить
    on: message.received
    once_within: 10m
    do:
      - intake: {pipeline: Кровля, stage: Новый лид, title: Чат}
      - task: {text: Ответить клиенту, type: Звонок, due: 15m}
"""
)


def test_five_lines_within_a_second_through_two_processes_are_one_lead_and_one_task(talking: Talking) -> None:
    talking.company.extra_rules = ONE_TASK
    talking.open()
    second = House(talking.company.config())
    second.correspondents["bot"] = talking.bot
    running = Running(second, [RunRole.WORKER], None, 0)
    try:
        maria = Client()
        for n in range(1, 6):
            (second.journal if n % 2 else talking.company.journal).accept([maria.says(f"Строка {n}")])
        talking.rest(times=5)
    finally:
        running.stop()
    lead = talking.company.lead()
    assert talking.office.lines() == [(f"Строка {n}", True) for n in range(1, 6)]
    assert talking.company.office.open_tasks(lead) == ["Ответить клиенту"]


def test_a_phone_told_late_joins_the_talk_and_the_call_and_makes_no_third_lead(talking: Talking) -> None:
    talking.open()
    maria = Client()
    talking.comes(maria.says("Здравствуйте"))
    talking.rest()
    talking.comes(maria.says("Мой номер 8 916 000-11-22"))
    talking.rest(times=2)
    (lead,) = talking.company.leads()
    talking.company.form("+79160001122")
    talking.rest("form.submitted")
    assert [one["id"] for one in talking.company.leads()] == [lead["id"]], "the card has the number by now"


@ONE_CRM
def test_two_leads_of_one_person_are_named_where_a_phone_joins_them_too_late(talking: Talking) -> None:
    talking.open()
    maria = Client()
    talking.comes(maria.says("Здравствуйте"))
    talking.rest()
    talking.company.form("+79160001122")
    talking.rest("form.submitted")
    first, second = (str(lead["id"]) for lead in talking.company.leads())
    talking.comes(maria.says("Мой номер 8 916 000-11-22"), maria.says("Жду"))
    talking.rest(times=3)
    assert len(talking.company.leads()) == 2
    why = [json.loads(a.result or "{}")["reason"] for a in talking.company.actions() if a.kind == "intake"]
    assert why[-1] == f"own open lead {second} of this person, the newest one; open too: {first}"


def test_a_talk_by_telegram_goes_there_and_back_with_its_pictures(tmp_path: Path, sandbox: Sandbox) -> None:
    company = Company(tmp_path, sandbox, TALKING["amocrm"])
    talking = Talking(company)
    company.furnish = lambda _: None
    given, bot = company.rewritten, 'bot: {type: telegram, token: "1:sandbox", '
    company.rewritten = lambda text: given(text).replace(bot, f"{bot}receive: polling, ")
    company.office.unlimited()
    telegram = sandbox.telegram
    try:
        talking.open()
        do(telegram.url, "say", chat_id=77, text="Сколько стоит крыша?")
        do(telegram.url, "send_photo", chat_id=77, content=base64.b64encode(PICTURE).decode(), caption="Вот она")
        talking.rest(times=2)
        assert talking.office.lines() == [("Сколько стоит крыша?", True), ("Вот она", True)]
        (address,) = talking.office.pictures()
        assert requests.get(address, timeout=30).content == PICTURE
        talking.office.answers("Такая же?", address)
        talking.rest("reply.written")
        (sent,) = telegram.messages(77)
        assert (sent["caption"], bool(sent["photo"])) == ("Такая же?", True)
        assert talking.office.marks() == ["delivered"]
        do(telegram.url, "door", chat_id=77, door="blocked")
        talking.office.answers("Вы тут?")
        talking.rest("reply.written", 2)
        assert "заблокировал" in talking.office.complaints()
        assert talking.office.owners() == {str(company.lead()["id"])}
    finally:
        company.close()


def do(telegram: str, act: str, **arguments: Any) -> None:
    """What people do in Telegram."""
    requests.post(f"{telegram}/_sandbox/do/{act}", json=arguments, timeout=30).raise_for_status()
