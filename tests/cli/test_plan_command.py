"""A changed config held against a month on record: for each of the changes the answer was worked out by hand."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.config import read
from cli.main import app
from cli.plan import Question, plan
from provodka.journal import Journal, planning, queries
from provodka.offline import OfflineError, offline
from provodka.payloads import LeadRef
from tests.cli.past import MARIA, RULES, Client, called, real
from tests.cli.playing import Clock, Seen

TASK = "Позвонить, due: 15m working"
CHANGES: dict[str, tuple[list[tuple[str, str]], set[str]]] = {
    "nothing": ([], set()),
    "a new rule": (
        [("  - name: Звонок", "  - {name: Новое, on: call.missed, do: [{note: {text: ой}}]}\n  - name: Звонок")],
        {"c1 added note by Новое (there was no such rule)"},
    ),
    "a dropped rule": (
        [(RULES[RULES.index("  - name: Звонок") :], "")],
        {"c1 dropped task by Звонок (there is no such rule)"},
    ),
    "a condition": (
        [("utm.source: yandex", "utm.source: google")],
        {
            *(f"{e} dropped {k} by Заявка (utm.source is «google»: no, it is «yandex»)"
              for e in ("f1", "f4") for k in ("intake", "task")),
            *(f"f2 added {k} by Заявка (utm.source is «yandex»: no, it is «google»)" for k in ("intake", "task")),
        },
    ),
    "a text": (
        [("text: Перезвонить", "text: Набрать снова")],
        {"c1 changed task by Звонок: text Перезвонить -> Набрать снова"},
    ),
    "a stage": (
        [("stage: Новый лид\n          resp", "stage: Разбор\n          resp")],
        {f"{e} changed intake by Заявка: stage Новый лид -> Разбор" for e in ("f1", "f4")},
    ),
    "the order of tags": ([('[сайт, "{{ utm.source }}"]', '["{{ utm.source }}", сайт]')], set()),
    "another tag": (
        [('[сайт, "{{ utm.source }}"]', "[сайт]")],
        {f"{e} changed intake by Заявка: tags ['сайт', 'yandex'] -> ['сайт']" for e in ("f1", "f4")},
    ),
    "a longer wait": (
        [("wait: 1m", "wait: 5m")],
        {f"{e} timer_changed wait by Не взят" for e in ("l1", "l2")}
        | {f"{e} undecided Не взят: lead" for e in ("l1", "l2")},
    ),
    "no wait any more": (
        [("    wait: 1m\n", "")],
        {f"{e} timer_dropped wait by Не взят" for e in ("l1", "l2")} | {"l2 added notify by Не взят"},
    ),
    "a wait that was not": (
        [("on: call.missed", "on: call.missed\n    wait: 1h")],
        {
            "c1 timer_added wait by Звонок",
            "c1 changed task by Звонок: due 2026-03-02T10:00:01.234000+00:00 -> 2026-03-02T11:00:01.234000+00:00",
        },
    ),
    "stop": (
        [("    channel: site\n", "    channel: site\n    stop: true\n")],
        {"f4 dropped notify by Знакомый (rule «Заявка» lets no later rule see the event)"},
    ),
    "a channel": (
        [("channel: site", "channel: land")],
        {
            *(f"{e} dropped {k} by Заявка (listens to land, not to site)"
              for e in ("f1", "f4") for k in ("intake", "task")),
            *(f"f3 added {k} by Заявка (listens to site, not to land)" for k in ("intake", "task")),
        },
    ),
    "a new name": ([("name: Звонок", "name: Пропущенный")], {"renamed Звонок -> Пропущенный"}),
    "a new name of a rule with a queue": ([("name: Заявка", "name: Реклама")], {"renamed Заявка -> Реклама"}),
    "a new name of a rule that waits": ([("name: Не взят", "name: Лежит")], {"renamed Не взят -> Лежит"}),
    "a new name and a new text at once": (
        [("name: Звонок", "name: Пропущенный"), ("text: Перезвонить", "text: Набрать")],
        {"c1 dropped task by Звонок (there is no such rule)", "c1 added task by Пропущенный (there was no such rule)"},
    ),
    "an urgent flag": (
        [("on: call.missed", "on: call.missed\n    urgent: true")],
        {"c1 changed task by Звонок: urgent False -> True"},
    ),
    "a fact that was not asked": (
        [("on: call.missed", "on: call.missed\n    when: {person.known: true}")],
        {"c1 undecided Звонок: person.contact"},
    ),
    "a fact that was asked": ([("{person.known: true}", "{person.known: false}")], {
        "f1 added notify by Знакомый (person.known is True: no, it is False)",
        "f2 dropped notify by Знакомый (person.known is False: no, it is True)",
        "f3 added notify by Знакомый (person.known is True: no, it is False)",
        "f4 dropped notify by Знакомый (person.known is False: no, it is True)",
    }),
    "an undecided rule that stops": (
        [("  - name: Звонок\n    on", "  - {name: Стоп, on: call.missed, stop: true, when: {person.known: true}, "
          "do: [{note: {text: а}}]}\n  - name: Звонок\n    on")],
        {"c1 undecided Стоп: person.contact", "c1 undecided Звонок: behind Стоп"},
    ),
    "the order of steps": (
        [('      - note: {text: "{{ message.text }}"}\n      - task: {text: Ответить, due: 1h}\n',
          '      - task: {text: Ответить, due: 1h}\n      - note: {text: "{{ message.text }}"}\n')],
        {"m1 order by Письмо: ['intake', 'note', 'task'] -> ['intake', 'task', 'note']"},
    ),
    "a step before all others": (
        [("    do:\n      - intake: {title: \"Почта", "    do:\n      - notify: {to: rop, text: Письмо}\n"
          "      - intake: {title: \"Почта")],
        {"m1 added notify by Письмо"},
    ),
    "one more recipient": (
        [("to: rop, text: \"Снова", "to: [anna, rop], text: \"Снова")],
        {f"{e} added notify by Знакомый" for e in ("f2", "f4")},
    ),
    "a text that cannot be made": (
        [("text: Перезвонить", 'text: "{{ utm.clicks.yclid }}"')],
        {"c1 fails by Звонок", "c1 dropped task by Звонок (UndefinedError: there is no «yclid» in these fields)"},
    ),
    "another queue": (
        [("[anna, ivan]", "[anna, rop]")],
        {f"{e} changed intake by Заявка: responsible.round_robin ['anna', 'ivan'] -> ['anna', 'rop']"
         for e in ("f1", "f4")},
    ),
    "another type of event": (
        [("on: call.missed", "on: call.finished")],
        {"c1 dropped task by Звонок (the rule starts on other events)"},
    ),
    "another time": (
        [("Позвонить, due: 15m working", "Позвонить, due: 30m working")],
        {f"{e} changed task by Заявка: due 2026-03-02T09:15:01.234000+00:00 -> 2026-03-02T09:30:01.234000+00:00"
         for e in ("f1", "f4")},
    ),
}  # fmt: skip


@pytest.fixture
def client(tmp_path: Path, journal: Journal, clock: Clock) -> Client:
    made = Client(tmp_path, journal, clock)
    made.month()
    return made


def told(client: Client, rules: str, **question: Any) -> Any:
    """What `--json` prints, nothing masked."""
    seen = Seen()
    config = read(client.config(rules, "new.yaml"))
    code = plan(client.journal, config, Question("30d", **question), seen.view(as_json=True, opened=True))
    assert code == 0, seen.error
    return seen.json


def answer(document: Any) -> set[str]:
    lines = {f"renamed {rule['rule']} -> {rule['now']}" for rule in document["rules"] if rule["now"]}
    for event in document["events"]:
        for one in event["differences"]:
            line = " ".join(filter(None, (called(event["id"]), one["what"], one["kind"]))) + f" by {one['rule']}"
            if one["changed"]:
                line += ": " + "; ".join(f"{c['path']} {c['was']} -> {c['now']}" for c in one["changed"])
            elif one["what"] == "order":
                line += f": {one['was']} -> {one['now']}"
            elif one["what"] in ("added", "dropped") and one["why"]:
                line += f" ({one['why']})"
            lines.add(line)
        for gap in event["undecided"]:
            lines.add(f"{called(event['id'])} undecided {gap['rule']}: {gap['fact'] or 'behind ' + gap['behind']}")
    return lines


@pytest.mark.parametrize("change", CHANGES)
def test_a_prepared_change_gives_the_answer_that_was_made_by_hand(client: Client, change: str) -> None:
    rules = RULES
    for old, new in CHANGES[change][0]:
        assert old in rules
        rules = rules.replace(old, new)
    assert answer(told(client, rules)) == CHANGES[change][1]


def test_there_are_at_least_twenty_changes() -> None:
    assert len(CHANGES) >= 20


def test_people_see_rules_events_and_totals_and_nothing_personal(client: Client) -> None:
    rules = RULES.replace("{{ person.phone }}", "с номера {{ person.phone }}").replace(
        "text: Перезвонить", "text: Набрать"
    )
    seen = Seen()
    assert plan(client.journal, read(client.config(rules, "new.yaml")), Question("30d"), seen.view()) == 0
    seen.has("rule «Знакомый»: 2 events otherwise", "~ notify changed: 2", "~ notify.text of 2: was ", "с номера")
    seen.has("rule «Звонок»: 1 event otherwise", "task.text of 1: was Перезвонить, would be Набрать")
    seen.has(f"event {real('f2')} form.submitted, 2026-03-02 12:00:00", "~ notify changed by rule «Знакомый»")
    seen.has("8 events, 5 the same, 3 otherwise, 0 that cannot be told for sure", "3 changed")
    seen.is_masked()


def test_moments_are_told_on_the_clients_clocks_and_what_is_empty_as_nothing(client: Client) -> None:
    rules = RULES.replace("15m working", "25m working").replace("          stage: Новый лид\n", "")
    seen = Seen()
    assert plan(client.journal, read(client.config(rules, "new.yaml")), Question("30d"), seen.view()) == 0
    seen.has("would be 2026-03-02 12:25:0", "stage was Новый лид, would be nothing")
    assert "+00:00" not in seen.text


def test_the_same_rules_would_do_nothing_otherwise(client: Client) -> None:
    seen = Seen()
    assert plan(client.journal, read(client.config()), Question("30d"), seen.view()) == 0
    seen.has("8 events, 8 the same, 0 otherwise", "nothing would be done otherwise")


def test_one_rule_a_stretch_of_time_and_a_limit_narrow_what_is_shown(client: Client) -> None:
    rules = RULES.replace("due: 1h", "due: 2h").replace(
        "stage: Новый лид\n          resp", "stage: Разбор\n          resp"
    )
    whole = told(client, rules)
    assert [rule["rule"] for rule in whole["rules"]] == ["Заявка", "Звонок", "Письмо"]
    assert answer(told(client, rules, rule="Звонок")) == {line for line in answer(whole) if "Звонок" in line}
    short = told(client, rules, limit=1)
    assert (len(short["events"]), short["left"], short["totals"]) == (1, 3, whole["totals"])
    assert told(client, rules, until="2026-03-02 11:00")["totals"]["events"] == 0


def test_an_event_that_is_not_planned_yet_is_only_counted(client: Client) -> None:
    client.event("late", "call.missed", "phone", MARIA, call={"id": "2", "direction": "in"})
    client.clock.forward(seconds=1)
    totals = told(client, RULES.replace("text: Перезвонить", "text: Набрать"))["totals"]
    assert (totals["to_come"], totals["otherwise"]) == (1, 1)


def test_what_a_replay_has_added_counts_as_done(client: Client) -> None:
    rules = RULES + "      - log_call\n"
    assert answer(told(client, rules)) == {"c1 added log_call by Звонок"}
    planner = client.planner(rules)
    stored = client.journal.read(lambda c: queries.event_by_id(c, real("c1")))
    assert stored is not None
    record = replace(planner.again(stored), cause="replay")
    client.journal.write(lambda c: planning.write_plans(c, [record], None, client.clock()))
    assert answer(told(client, rules)) == set()


@pytest.mark.parametrize(("since", "rule", "words"), [("soon", "", "30d"), ("30d", "Звонк", "Звонок")])
def test_an_unclear_question_is_told(client: Client, since: str, rule: str, words: str) -> None:
    seen = Seen()
    assert plan(client.journal, read(client.config()), Question(since, rule=rule), seen.view()) == 2
    assert words in seen.error


def test_the_command_reads_the_config_and_its_journal(client: Client) -> None:
    path = client.config(RULES.replace("text: Перезвонить", "text: Набрать"), "new.yaml")
    result = CliRunner().invoke(app, ["plan", "--config", str(path), "--since", "2026-03-01", "--json"])
    assert result.exit_code == 0, result.output
    assert answer(json.loads(result.output)) == {"c1 changed task by Звонок: text Перезвонить -> Набрать"}


def test_nothing_can_be_reached_while_a_plan_is_made() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        with offline(), socket.socket() as one, pytest.raises(OfflineError, match=r"127\.0\.0\.1"):
            one.connect(server.getsockname())
        with socket.create_connection(server.getsockname()):
            pass


def test_rules_that_are_evaluated_anew_are_within_that_guard(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from rules.engine import Engine

    usual = Engine.evaluate

    def reaching(self: Engine, *args: Any, **more: Any) -> Any:
        with socket.socket() as one:
            one.connect(("127.0.0.1", 9))
        return usual(self, *args, **more)

    config = read(client.config())
    monkeypatch.setattr(Engine, "evaluate", reaching)
    with pytest.raises(OfflineError):
        plan(client.journal, config, Question("30d"), Seen().view())


LADDER = """\
rules:
  - name: Лежит
    on: lead.created
    escalate:
      - {after: 1h, do: [{notify: {to: rop, text: "Час: {{ lead.stage }}"}}]}
      - {after: 1d, do: [{notify: {to: anna, text: "День: {{ lead.stage }}"}}]}
"""


def test_every_rung_of_a_ladder_is_held_against_what_was_read_at_its_time(
    tmp_path: Path, journal: Journal, clock: Clock
) -> None:
    client = Client(tmp_path, journal, clock)
    lead = {"id": "1", "title": "Лид", "stage": "Новый лид"}
    client.event("l1", "lead.created", "amocrm", MARIA, lead=lead)
    client.crm.lead_cards["1"] = LeadRef("1", "Лид", stage="Новый лид")
    planner = client.planner(LADDER)
    planner.plan_once()
    clock.forward(hours=1, seconds=1)
    planner.run_timers()
    assert answer(told(client, LADDER)) == set(), "the second rung waits still"
    client.crm.lead_cards["1"] = LeadRef("1", "Лид", stage="Разбор")
    clock.forward(days=1)
    planner.run_timers()
    assert answer(told(client, LADDER)) == set()
    changed = LADDER.replace("День: {{ lead.stage }}", "Сутки: {{ lead.stage }}")
    assert answer(told(client, changed)) == {"l1 changed notify by Лежит: text День: Разбор -> Сутки: Разбор"}
