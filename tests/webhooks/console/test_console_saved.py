"""An event saved as a test: shown to be copied, with made-up people, and written nowhere."""

from __future__ import annotations

import re

from cli.config import read
from provodka.journal import Journal, audit
from provodka.yaml_marks import parse_document
from rules.actions import REGISTRY
from rules.engine import Engine
from rules.schema import RuleTest
from rules.testing import run_tests
from tests.cli.past import MARIA, RULES, Client, real
from tests.webhooks.console.desk import Desk
from tests.webhooks.console.month import Serve
from webhooks.console.settings import Role


def test_the_test_of_an_event_passes_names_nobody_and_is_written_nowhere(serve: Serve, journal: Journal) -> None:
    client, desk = serve()
    visitor, event = desk.sign_in(Role.OPERATE), f"/events/{real('f4')}"
    assert "Сохранить как проверку" in visitor.get(event).text
    page = visitor.post(f"{event}/test", event).text
    assert "config.tests.yaml" in page
    assert "form.submitted" in page
    answer = visitor.post(f"{event}/test", event, file="1")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{real("f4")}.tests.yaml"'
    for text in (page, answer.text):
        assert not re.search("Мария Иванова|160001122|maria@", text)
    (test,) = parse_document(answer.content.decode(), "t").data["tests"]
    config = read(client.folder / "config.yaml")
    engine = Engine(config.rules, REGISTRY, config.team, config.calendar, config.client, config.beside)
    assert [one.failures for one in run_tests([RuleTest.model_validate(test)], engine)] == [()]
    assert not (client.folder / "config.tests.yaml").exists()
    deeds = [(one.what, one.about) for one in journal.read(audit.listed) if one.what != "sign_in"]
    assert deeds == [("save_test", f"event:{real('f4')}")] * 2


def test_where_the_rules_do_something_else_now_both_are_shown(serve: Serve) -> None:
    _, desk = serve(RULES.replace("text: Перезвонить", "text: Набрать"))
    event = f"/events/{real('c1')}"
    answer = desk.sign_in(Role.OPERATE).post(f"{event}/test", event)
    assert answer.status_code == 422
    assert "Нынешние правила делают из этого события не то" in answer.text
    assert all(word in answer.text for word in ("Перезвонить", "Набрать", "Звонок"))


def test_what_is_not_over_or_no_business_of_rules_is_refused_with_the_reason(serve: Serve) -> None:
    client, desk = serve()
    client.event("n1", "call.missed", "phone", MARIA, call={"id": "9", "direction": "in"})
    client.event("h1", "crm.hint", "amocrm", MARIA)
    visitor = desk.sign_in(Role.OPERATE)
    for name, words in (("n1", "ещё не разобрано"), ("h1", "лишь знак об изменении")):
        answer = visitor.post(f"/events/{real(name)}/test", "/rules")
        assert (answer.status_code, words in answer.text) == (422, True)
    client.event("l3", "lead.created", "amocrm", MARIA, lead={"id": "3", "title": "Лид 3", "stage": "Новый лид"})
    while client.planner().plan_once():
        pass
    assert "«Не взят» ещё ждёт своего времени" in visitor.post(f"/events/{real('l3')}/test", "/rules").text


def test_whoever_may_only_look_saves_nothing(standing: tuple[Client, Desk]) -> None:
    _, desk = standing
    event, visitor = f"/events/{real('f4')}", desk.sign_in(Role.VIEW)
    assert "Сохранить как проверку" not in visitor.get(event).text
    assert visitor.post(f"{event}/test", event).status_code == 403
