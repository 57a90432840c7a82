"""VK, from a stranger's first word to our answer in their talk: the product beside a VK and a CRM of the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.senders.http import post
from sandbox.senders.service import Client, as_json
from sandbox.senders.station import Station
from sandbox.senders.vk import PERSON, Vk
from sandbox.server import Sandbox
from tests.end_to_end.company import Company

CHANNEL = """
  vk:
    type: vk
    group: 190000001
    token: sandbox
    secret: sandbox
    confirmation: 0fsandbox
    lead_forms: [3]
    api_url: "API/vk"
"""
RULES = """
  - name: Сообщение сообществу
    on: message.received
    channel: vk
    do:
      - intake: {pipeline: Кровля, stage: Новый лид, title: "ВКонтакте: {{ message.text }}", responsible: anna}
      - log_message: {as: note}
      - message: {text: "Спасибо, скоро ответим"}

  - name: Форма ВКонтакте
    on: form.submitted
    channel: vk
    do:
      - intake: {pipeline: Кровля, stage: Новый лид, title: "{{ form.name }}", responsible: anna}
"""


@pytest.fixture
def community() -> Iterator[Station]:
    with Station(Vk()) as running:
        yield running


@pytest.fixture
def company(tmp_path: Path, sandbox: Sandbox, community: Station) -> Iterator[Company]:
    company = Company(tmp_path, sandbox)
    company.office.unlimited()
    channel = CHANNEL.replace("API", community.url)
    company.rewritten = lambda text: text.replace("\nchannels:\n", f"\nchannels:{channel}", 1)
    company.extra_rules = RULES
    company.open()
    yield company
    company.close()


@pytest.mark.shows("S0-19", "S0-23")
def test_a_stranger_of_vk_becomes_a_lead_with_their_name_and_is_answered_once(
    company: Company, community: Station
) -> None:
    (vk,) = community.services
    given = {**vk.defaults, "url": f"{company.url}/hooks/vk"}
    maria = Client("Мария Петрова", text="Сколько стоит крыша?")
    vk.press("message", maria, given)
    repeat = as_json({**vk.community.updates[0], "secret": "sandbox"})
    assert post(given["url"], repeat, "application/json", {"X-Retry-Counter": "1"}).text == "ok"
    company.rest("message.received")
    lead = company.lead()
    assert lead["name"] == "ВКонтакте: Сколько стоит крыша?"
    assert [contact["name"] for contact in lead["contacts"]] == ["Мария Петрова"]
    assert [note["text"] for note in lead["notes"]] == ["ВКонтакте, Мария Петрова: Сколько стоит крыша?"]
    assert [body["text"] for body in vk.community.messages[PERSON]] == [maria.text, "Спасибо, скоро ответим"]
    assert vk.community.updates[-1]["type"] == "message_reply"
    assert company.events("message.sent") == []  # our own words came back, and were known
    vk.press("lead", maria, given)
    company.rest("form.submitted")
    assert [one["id"] for one in company.leads()] == [lead["id"]]  # the same person, known by their number in VK
