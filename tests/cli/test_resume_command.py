"""A rule of a config goes too far: it stops, the house says so, and a person decides about what it held."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.config import read
from cli.explain import explain
from cli.main import app
from cli.resume import resume
from cli.status import status
from provodka.brake import Brake
from provodka.errors import ConfigError
from provodka.journal import Journal, queries
from provodka.payloads import Person
from rules.actions import REGISTRY
from rules.brake import brakes_of
from rules.engine import Engine
from tests.cli.past import Client, real
from tests.cli.playing import Clock, Seen
from webhooks.app import create_app
from webhooks.metrics import Metrics
from webhooks.receive import Door
from worker.planner import Planner

RULES = """\
brake: {cards: 3, within: 10m}
rules:
  - name: Всем по заметке
    on: lead.updated
    do:
      - note: {text: ой}
  - name: Осторожно
    on: lead.updated
    brake: {cards: 2}
    do: [{note: {text: осторожно}}]
  - name: Без тормоза
    on: lead.updated
    brake: off
    do: [{note: {text: без}}]
  - name: Заявки
    on: form.submitted
    do: [{intake: {title: Сайт}}]
"""


@pytest.fixture
def client(tmp_path: Path, journal: Journal, clock: Clock) -> Client:
    return Client(tmp_path, journal, clock)


@pytest.fixture
def gone_too_far(client: Client) -> Client:
    for number in range(5):
        lead = {"id": f"{number}", "title": f"Лид {number}"}
        client.event(f"e{number}", "lead.updated", "amocrm", Person(), lead=lead)
    config = read(client.config(RULES))
    engine = Engine(config.rules, REGISTRY, config.team, config.calendar, config.client)
    brakes = brakes_of(config.rules, REGISTRY, config.brake)
    planner = Planner(client.journal, engine, None, None, brakes)
    while planner.plan_once():
        pass
    return client


def counts(client: Client) -> dict[str, int]:
    return client.journal.read(queries.totals).actions


def test_each_rule_stands_under_its_own_brake_or_that_of_the_config(client: Client) -> None:
    config = read(client.config(RULES))
    found = {name: (b.cards, b.within.seconds) for name, b in brakes_of(config.rules, REGISTRY, config.brake).items()}
    assert found == {"Всем по заметке": (3, 600), "Осторожно": (2, 600), "Заявки": (5000, 600)}


def test_without_a_word_in_the_config_two_hundred_cards_in_ten_minutes_are_the_limit(client: Client) -> None:
    config = read(client.config(RULES.replace("brake: {cards: 3, within: 10m}\n", "")))
    assert brakes_of(config.rules, REGISTRY, config.brake)["Всем по заметке"] == Brake(200, timedelta(minutes=10))
    off = read(client.config(RULES.replace("{cards: 3, within: 10m}", "off")))
    assert list(brakes_of(off.rules, REGISTRY, off.brake)) == ["Осторожно"]


def test_status_explain_and_metrics_tell_of_it(gone_too_far: Client, seen: Seen) -> None:
    journal = gone_too_far.journal
    assert counts(gone_too_far) == {"ready": 10, "held": 5}
    assert status(journal, seen.view()) == 1
    seen.has("actions: 5 held, 10 ready", "stopped rules")
    seen.has("Всем по заметке", "2", "it would touch more than 3 cards within 10 min", "provodka resume")
    seen.has("Осторожно", "3", "more than 2 cards")
    seen.has("trouble rule «", "stopped itself", 'Отпустить задержанное: provodka resume "')
    seen = Seen()
    assert explain(journal, real("e4"), seen.view()) == 0
    seen.has("is held: its rule stopped itself at 2026-03-02 12:00:00, since it would touch more than 3 cards")
    seen.has("next: provodka resume 'Всем по заметке'", "next: provodka resume 'Всем по заметке' --drop")
    door = Door({}, journal, gone_too_far.clock, 1000, Metrics())
    text = create_app(door, journal).test_client().get("/metrics").text
    assert 'provodka_held_actions{rule="Осторожно"} 3.0' in text


def test_resume_releases_or_drops_what_was_held_and_all_is_well_again(gone_too_far: Client) -> None:
    journal, config = gone_too_far.journal, gone_too_far.config(RULES)
    words = ["--config", str(config)]
    tried = CliRunner().invoke(app, ["resume", "Осторожно", *words, "--dry-run"])
    assert "3 held actions would be released, in their order (dry run: nothing was done)" in tried.output
    assert counts(gone_too_far)["held"] == 5
    released = CliRunner().invoke(app, ["resume", "Осторожно", *words])
    assert released.output == "rule «Осторожно»: 3 held actions released, in their order\n"
    dropped = CliRunner().invoke(app, ["resume", "Всем по заметке", "--drop", *words])
    assert dropped.output == "rule «Всем по заметке»: 2 held actions cancelled\n"
    assert counts(gone_too_far) == {"ready": 13, "cancelled": 2}
    assert status(journal, Seen().view()) == 0


def test_a_rule_that_is_not_stopped_is_told_with_the_nearest_that_is(gone_too_far: Client, seen: Seen) -> None:
    assert resume(gone_too_far.journal, "Осторжно", seen.view()) == 1
    assert "did you mean" in seen.error
    assert "Осторожно" in seen.error
    seen = Seen()
    assert resume(gone_too_far.journal, "Осторожно", seen.view(as_json=True)) == 0
    assert seen.json == {"dry_run": False, "rule": "Осторожно", "drop": False, "actions": 3}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("brake: {cards: 3, within: 10m}", "brake: {cards: 0}", "brake.cards"),
        ("brake: {cards: 3, within: 10m}", "brake: {crds: 3}", 'unknown key "crds"'),
        ("brake: {cards: 3, within: 10m}", "brake: on", "brake"),
        ("brake: {cards: 2}", "brake: {within: 10m working}", "plain time"),
    ],
)
def test_a_wrong_brake_is_a_mistake_of_the_config(client: Client, old: str, new: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(client.config(RULES.replace(old, new)))
    assert words in str(refused.value.problems[0])
    assert len(refused.value.problems) == 1


def test_a_rule_that_hears_only_of_what_is_new_may_touch_as_many_cards_as_come_in(client: Client) -> None:
    step = "do: [{note: {text: Новое}}]"
    rules = f"""
  - {{name: Новые, on: [lead.created, call.missed], {step}}}
  - {{name: Новые и не только, on: [lead.created, lead.updated], {step}}}
  - {{name: Новые понемногу, on: lead.created, brake: {{cards: 20}}, {step}}}
"""
    config = read(client.config(RULES + rules))
    limits = {name: brake.cards for name, brake in brakes_of(config.rules, REGISTRY, config.brake).items()}
    assert (limits["Новые"], limits["Новые и не только"], limits["Новые понемногу"]) == (5000, 3, 20)
