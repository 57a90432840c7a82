"""The page of the rules: how each has fared, which never act and why, and how they are written."""

from __future__ import annotations

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from provodka.journal import DeadReason, Journal
from provodka.payloads import Person
from rules.plan import ConditionTrace, RuleOutcome, RuleTrace, rule_slug
from support.rule_counts import Fate, RuleCounts, count_rules
from tests.cli.past import MARIA, PETR, RULES, Client, real
from tests.cli.playing import RULE, Clock, House, matched
from tests.webhooks.console.desk import Desk
from tests.webhooks.console.month import Serve
from webhooks.console.settings import Role
from worker.replies import BY_ITSELF

MOSCOW = ZoneInfo("Europe/Moscow")


def row(page: str, rule: str) -> list[str]:
    """The numbers beside a rule's name."""
    body = page.partition(f">{rule}</a></td>")[2].partition("</tr>")[0]
    return re.findall(r'<td class="number">(?:<strong class="wrong">)?([^<]*)<', body)


def text(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def seen(desk: Desk, path: str = "/rules") -> str:
    """The page, once its numbers are counted, and those that were too old counted anew."""
    return desk.sign_in().until(lambda page: "считаются" not in page, path)


def test_each_rule_is_told_with_its_matches_misses_and_failures(standing: tuple[Client, Desk]) -> None:
    _, desk = standing
    page = seen(desk)
    # matched today, in 7 and in 30 days; not matched, failed, given up
    assert row(page, "Заявка") == ["0", "2", "2", "1", "0", "0"]
    assert row(page, "Не взят") == ["0", "1", "1", "1", "0", "0"]
    assert row(page, "Звонок") == ["0", "1", "1", "0", "0", "0"]
    assert 'aria-label="Сработало по дням, за 30 дней до сегодня: 0, 0,' in page
    assert "Посчитано в 12:01:31" in page
    assert "Ни разу не сработали" not in page


def test_a_rule_that_never_acts_is_named_first_with_the_likely_why(serve: Serve) -> None:
    changed = RULES.replace("{utm.source: yandex}", "{utm.source: bing}") + (
        "  - name: Оплата\n    on: payment.succeeded\n    do: [{note: {text: Оплачено}}]\n"
        "  - name: Чужое\n    on: form.submitted\n    channel: land\n    do: [{note: {text: Чужое}}]\n"
    )
    client, desk = serve(changed)
    assert "правило новое или недавно переименовано" in seen(desk)
    planner = client.planner(changed)
    for number, source in (("a1", "vk"), ("a2", "vk"), ("a3", "")):
        form = {"form": {"name": f"Замер {number}"}, "utm": {"source": source}}
        client.event(number, "form.submitted", "site", MARIA, **form)
    client.clock.forward(days=29)
    while planner.plan_once():
        pass
    page = text(seen(desk))
    silent, _, rest = page.partition("Правила конфига")
    assert "Оплата Таких событий не было: «Оплата получена»." in silent
    assert "Чужое Событие пришло, 3 раза, но из других каналов; правило слушает: land." in silent
    assert "Заявка" in silent.partition("Ни разу не сработали")[2], "it matched before, but that was over 30 days ago"
    assert "Чаще всего не сходится (в 3 из 3 событий): utm.source: нужно: bing; здесь: " in silent
    assert "Звонок" in rest


def test_a_rule_that_listens_to_another_channel_or_stands_behind_a_stop_says_so(journal: Journal, clock: Clock) -> None:
    house = House(journal, clock)
    for number in "12":
        event = house.event(number)
        stopped = RuleTrace("После", RuleOutcome.STOPPED, reason="rule «Первое» lets no later rule see the event")
        other = RuleTrace("Чужое", reason="listens to land, not to site")
        house.plan(event, stopped, other, RuleTrace("Совсем другое"), actions=())
    found = counted(journal, clock)
    assert (found.rules["После"].of(Fate.STOPPED), found.rules["Чужое"].of(Fate.ELSEWHERE)) == (2, 2)
    assert not found.rules["Совсем другое"].last


def test_an_answer_that_goes_by_itself_is_no_rule_that_the_config_has_no_more(journal: Journal, clock: Clock) -> None:
    house = House(journal, clock)
    event = house.event("1")
    house.plan(event, matched(event), RuleTrace(BY_ITSELF, RuleOutcome.MATCHED), actions=())
    assert set(counted(journal, clock).rules) == {RULE}


def test_rules_that_the_config_has_no_more_are_told(serve: Serve) -> None:
    _, desk = serve(RULES.replace("name: Звонок", "name: Пропущенный"))
    page = seen(desk)
    gone = page.partition("Были раньше, в конфиге их больше нет")[2]
    assert row(gone, "Звонок") == ["0", "1", "1", "0", "0", "0"]
    one = seen(desk, f"/rules/{rule_slug('Звонок')}")
    assert "В конфиге такого правила больше нет" in one
    assert desk.sign_in().get("/rules/00000000").status_code == 404


def test_a_rules_own_page_has_its_text_its_place_and_an_example_of_each_fate(standing: tuple[Client, Desk]) -> None:
    client, desk = standing
    page = seen(desk, f"/rules/{rule_slug('Заявка')}")
    line = (client.folder / "config.yaml").read_text("utf-8").splitlines().index("  - name: Заявка") + 1
    assert f"config.yaml, строка {line}" in page
    for event in ("f4", "f2", "f3"):  # matched (the newest), not matched, of another channel
        assert f"/console/events/{real(event)}" in page
    assert "Чаще всего не сходится: utm.source: нужно: yandex; здесь: google" in page
    written = page.partition("<pre")[2].partition(">")[2].partition("</pre>")[0]
    assert written.startswith("- name: Заявка\n  on: form.submitted\n")
    assert written.endswith("- task: {text: Позвонить, due: 15m working}")


def test_references_stay_as_they_are_written_and_secrets_are_not_shown(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERP_KEY", "key-of-the-erp")
    rule = """\
  - name: Наружу
    on: call.missed
    do:
      - http:
          {url: "https://erp.example.ru/", headers: {X-Api-Key: "${ERP_KEY}"}, repeat: safe,
           json: {note: tilda-secret}}
      - http: {url: "https://erp.example.ru/", headers: {X-Api-Key: "written-in-the-open"}, repeat: safe}
"""
    _, desk = serve(RULES + rule)
    page = seen(desk, f"/rules/{rule_slug('Наружу')}")
    assert "${ERP_KEY}" in page
    assert "note: ***" in page
    assert not re.search("key-of-the-erp|tilda-secret|written-in-the-open", page)


def counted(journal: Journal, clock: Clock, **more: int) -> RuleCounts:
    return count_rules(journal, clock() - timedelta(days=30), MOSCOW, lambda: None, **more)


def test_failures_and_dead_actions_are_counted_with_their_newest_example(journal: Journal, clock: Clock) -> None:
    house = House(journal, clock)
    event = house.event("1")
    house.plan(event, matched(event), RuleTrace("Косое", RuleOutcome.ERROR, error="no utm"), actions=house.usual(event))
    house.dead(DeadReason.REJECTED)
    clock.forward(days=2)
    later = house.event("2", person=Person(name="Другой", phones=("+79160009999",)))
    house.plan(later, RuleTrace("Косое", RuleOutcome.ERROR, error="no form"), actions=())
    found = counted(journal, clock)
    today = clock().astimezone(MOSCOW).date()
    bad, dead = found.rules["Косое"], found.rules[RULE]
    assert (bad.of(Fate.FAILED), bad.of(Fate.FAILED, today), bad.error) == (2, 1, "no form")
    assert bad.examples[Fate.FAILED] == later.id
    assert (dead.of(Fate.DEAD), dead.of(Fate.DEAD, today), dead.examples[Fate.DEAD]) == (1, 0, event.id)


def test_the_condition_that_fails_most_often_is_found_by_what_it_asks(journal: Journal, clock: Clock) -> None:
    house = House(journal, clock)
    for number, source in enumerate(("vk", "ya", "vk")):
        city = ConditionTrace("form.city", "is", "Тверь", "Москва", matched=number > 0)
        utm = ConditionTrace("utm.source", "is", "google", source, matched=False)
        event = house.event(str(number))
        house.plan(event, RuleTrace(RULE, RuleOutcome.NOT_MATCHED, (city, utm)), actions=())
    condition = counted(journal, clock).rules[RULE].condition
    assert condition is not None
    assert (condition.times, condition.trace.path, condition.trace.actual) == (3, "utm.source", "vk")


def test_only_the_newest_plans_are_looked_at_and_that_is_told(journal: Journal, clock: Clock) -> None:
    house = House(journal, clock)
    for number in range(4):
        event = house.event(str(number), person=PETR)
        house.plan(event, matched(event), actions=())
        clock.forward(days=1)
    found = counted(journal, clock, most=2)
    assert (found.number, found.cut, found.rules[RULE].of(Fate.MATCHED)) == (2, True, 2)
    assert found.since > clock() - timedelta(days=3)
    whole = counted(journal, clock)
    assert (whole.number, whole.cut, whole.rules[RULE].of(Fate.MATCHED)) == (4, False, 4)


def test_the_numbers_are_counted_once_for_a_while(serve: Serve) -> None:
    client, desk = serve()
    assert row(seen(desk), "Звонок")[1] == "1"
    client.event("c2", "call.missed", "phone", PETR, call={"id": "2", "direction": "in"})
    client.planner().plan_once()
    assert row(seen(desk), "Звонок")[1] == "1"
    client.clock.forward(minutes=6)
    assert row(seen(desk), "Звонок")[1] == "2"


def test_only_those_who_operate_are_led_to_what_if(standing: tuple[Client, Desk]) -> None:
    _, desk = standing
    assert "/console/what-if" not in desk.sign_in(Role.VIEW).get("/rules").text
    assert "/console/what-if" in desk.sign_in(Role.OPERATE).get("/rules").text
