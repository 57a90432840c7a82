"""Pages of ours against a real CRM emulator: the questionnaire of a deal, and a partner who watches the requests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.senders.service import Client
from sandbox.senders.sites import CallCentre
from sandbox.server import Sandbox
from tests.end_to_end.company import Company, until
from tests.end_to_end.product import free_port

CHANNELS = """
  anketa:
    type: page
    title: Анкета
    personal: true
    at_least: 0s
    fields:
      - {label: Имя, means: name}
      - {label: Телефон, kind: phone}
      - {label: Площадь}
  partners:
    type: partner
    title: Заявка клиента
    at_least: 0s
    fields: [{label: Имя, means: name}, {label: Телефон, kind: phone, required: true}]
    partners:
      romashka: {title: Агентство «Ромашка», source: агентство, mail: ["@romashka.ru"]}
      kc: {title: Колл-центр, secret: 0123456789abcdef}
"""
RULES = """
  - name: Ссылка на анкету
    on: lead.created
    do:
      - note: {text: "Анкета: {{ pages.anketa }}"}

  - name: Ответы анкеты
    on: form.submitted
    channel: anketa
    when: {lead: {known: true}}
    stop: true
    do:
      - intake: {title: Анкета}
      - note: {text: "Ответы по «{{ lead.title }}»: {{ form.fields['Площадь'] }}"}

  - name: Заявка партнёра
    on: [form.submitted, email.received]
    when: {partner: {known: true}}
    stop: true
    do:
      - intake:
          pipeline: Кровля
          stage: Новый лид
          title: "{{ partner.title }}: {{ person.name or person.email }}"
          tags: ["{{ partner.source }}"]
"""


class Guest:
    """Somebody with a browser, without a script in it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def page(self) -> str:
        return requests.get(self.url, timeout=30).text

    def sends(self, **fields: str) -> requests.Response:
        stamp = re.search(r'name="prv_stamp" value="([^"]+)"', self.page())
        assert stamp is not None, self.page()
        return requests.post(self.url, data={"prv_stamp": stamp[1], **fields}, timeout=30)


@pytest.fixture
def firm(tmp_path: Path, sandbox: Sandbox, office: Any) -> Iterator[Company]:
    company = Company(tmp_path, sandbox, office)
    company.office.unlimited()
    port = free_port()

    def rewritten(text: str) -> str:
        server = f'server: {{port: {port}, public_url: "http://127.0.0.1:{port}"}}'
        head, rules = text.replace('server: {port: "${PORT}"}', server).split("\nrules:\n")
        channels, alerts = head.split("\nalerts:")
        return f"{channels}{CHANNELS}\nalerts:{alerts}\nrules:\n{RULES}{rules}"

    company.rewritten = rewritten
    company.open(port=port)
    yield company
    company.close()


def notes(lead: Any) -> list[str]:
    return [str(note.get("text", "")) for note in lead["notes"]]


@pytest.mark.shows("S0-42", "S0-43")
def test_answers_of_a_questionnaire_come_back_to_the_deal_that_it_was_sent_for(firm: Company) -> None:
    firm.form("8 916 000-11-22", name="Мария", tranid="1")
    firm.rest("lead.created")
    first = firm.lead()
    link = next(text for note in notes(first) for text in re.findall(r"http\S+/f/anketa/\S+", note))
    firm.form("8 916 555-44-33", name="Анна", tranid="2")
    firm.rest("lead.created", 2)
    guest = Guest(link)
    assert "<h1>Анкета</h1>" in guest.page()
    # the one who answers is known by another deal of their own: the link says which deal is meant
    answer = guest.sends(Имя="Анна", Телефон="+7 916 555-44-33", Площадь="120 <b>м²</b>")
    assert "Отправлено" in answer.text
    guest.sends(Имя="Анна", Телефон="+7 916 555-44-33", Площадь="120 <b>м²</b>")
    firm.rest("form.submitted", 3)
    answered, other = firm.leads()
    assert [note for note in notes(answered) if "Ответы" in note] == ["Ответы по «Сайт: Мария»: 120 <b>м²</b>"]
    assert not [note for note in notes(other) if "Ответы" in note]
    assert firm.doubles()["extra_leads"] == 0
    forged = requests.get(f"{link[:-1]}{'a' if link[-1] != 'a' else 'b'}", timeout=30)
    assert (forged.status_code, "Ссылка не подошла" in forged.text) == (403, True)


def states(page: str) -> list[str]:
    found = re.findall(r'class="client">(.*?)</span>\s*<span class="state \w*">(.*?)</span>', page, re.DOTALL)
    return [unescape(f"{client} — {state}") for client, state in found]


@pytest.mark.shows("S0-33", "S2-13")
def test_a_partner_sends_requests_and_sees_what_becomes_of_them_and_of_no_others(firm: Company) -> None:
    links = firm.house.pages["partners"].links()  # type: ignore[attr-defined]
    romashka, centre = Guest(links["romashka"]), Guest(links["kc"])
    romashka.sends(Имя="Мария Петрова", Телефон="8 916 000-11-22")
    sent = requests.post(
        f"{firm.url}/hooks/partners",
        json={"Имя": "Олег", "Телефон": "8 916 777-88-99"},
        headers={"Authorization": "Bearer 0123456789abcdef"},
        timeout=30,
    )
    assert (sent.status_code, sent.json()["id"].partition(":")[0]) == (201, "kc")
    firm.rest("form.submitted", 2)
    firm.rest("lead.created", 2)
    maria = next(lead for lead in firm.leads() if "Мария" in str(lead))
    shown = until(lambda: [s for s in states(romashka.page()) if "в работе" in s], "the lead in the mirror")
    assert shown == ["Мария П., +7 ••• ••-22 — в работе"]
    assert states(centre.page()) == ["Олег, +7 ••• ••-99 — в работе"]
    firm.move(maria, "Успешно реализовано")
    won = until(lambda: [s for s in states(romashka.page()) if "успешно" in s], "the sale in the mirror")
    assert won == ["Мария П., +7 ••• ••-22 — успешно"]
    assert "Агентство «Ромашка»: Мария Петрова" in str(maria)


def test_a_letter_of_a_partner_is_a_request_of_that_partner(firm: Company) -> None:
    firm.letter("Заявки <orders@romashka.ru>", "Новая заявка", "Клиент ждёт звонка")
    firm.rest("email.received")
    assert "Агентство «Ромашка»" in str(firm.lead())
    assert "агентство" in str(firm.lead())


def test_the_program_of_a_call_centre_gets_one_id_for_a_request_however_often_it_sends_it(firm: Company) -> None:
    centre, client = CallCentre(), Client(name="Вера", phone="8 916 222-33-44")
    given = {"url": f"{firm.url}/hooks/partners", "key": "0123456789abcdef"}
    (first,), (again,) = centre.press("request", client, given), centre.press("again", client, given)
    assert (first.status_code, again.json()) == (201, first.json())
    (refused,) = centre.press("request", client, {**given, "key": "wrong"})
    assert refused.status_code == 403
    (event,) = firm.rest("form.submitted")
    assert event.event.external_id == first.json()["id"]
    assert "Колл-центр: Вера" in str(firm.lead())
