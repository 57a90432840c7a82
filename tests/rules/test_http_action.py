"""Requests of rules to any service: what is planned, what is hidden, and what `check` says before the start."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cli import rule_tests
from cli.config import parse, read
from cli.show import View
from provodka.operation import Done
from provodka.veil import Veil
from rules.actions import REGISTRY
from rules.actions.http import HttpParams
from rules.beside import Beside
from rules.check import check
from rules.engine import Engine
from rules.facts import StaticFacts
from rules.plan import PlannedAction
from tests.docs.configs import SMALL
from tests.rules.world import CALENDAR, NOW, STAFF, TEAM, World, delivery, make_event, make_rule, plan_of

SHOP = "https://shop.example/orders"


def refused(**params: Any) -> str:
    with pytest.raises(ValidationError) as error:
        HttpParams.model_validate(params)
    return str(error.value)


def planned(step: dict[str, Any], veil: Veil, **event: Any) -> PlannedAction:
    engine = Engine([make_rule({"http": step})], REGISTRY, TEAM, CALENDAR, beside=Beside(veil=veil))
    (action,) = engine.evaluate(make_event(**event), StaticFacts(), NOW).actions
    return action


def test_a_request_is_sent_as_the_rule_says() -> None:
    step = {
        "url": SHOP + "/{{ form.id }}",
        "headers": {"X-From": "{{ person.name }}"},
        "json": {"phone": "{{ person.phone }}", "lines": [{"n": 1}, "{{ form.comment }}"], "test": False},
        "expect": [200, 409],
        "repeat": "key",
        "key_header": "X-Key",
        "timeout": "5s",
        "most": "2KB",
    }
    world, event = World(), make_event(form={"id": "238", "comment": "срочно"})
    (action,) = plan_of({"http": step}, event=event).actions
    (outcome,) = world.deliver_items([delivery(action, event)], "http")
    assert outcome == Done(values={"status": "200"})
    ((way, call),) = world.web.sent
    assert (way, call.method, call.url, call.key_header) == ("key", "POST", f"{SHOP}/238", "X-Key")
    assert call.headers == {"X-From": "Пётр Сидоров"}
    assert call.json == {"phone": "+79160001122", "lines": [{"n": 1}, "срочно"], "test": False}
    assert (call.expect, call.timeout, call.most) == ((200, 409), 5.0, 2048)


@pytest.mark.parametrize(
    ("params", "way"),
    [({"method": "GET"}, "safe"), ({"repeat": "safe"}, "safe"), ({"repeat": "person", "form": {"a": "1"}}, "person")],
)
def test_what_is_done_when_the_answer_was_lost_is_the_rules_word(params: dict[str, Any], way: str) -> None:
    world, event = World(), make_event()
    (action,) = plan_of({"http": {"url": SHOP, **params}}, event=event).actions
    world.deliver_items([delivery(action, event)], "http")
    assert [one for one, _ in world.web.sent] == [way]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_that_may_be_done_twice_is_repeated_by_default(method: str) -> None:
    assert "say what to do when the answer was lost: repeat: key" in refused(url=SHOP, method=method)


@pytest.mark.parametrize(
    "url",
    [
        "https://{{ form.page }}/x", "https://shop.example{{ form.page }}", "{{ form.page }}", "https://a:{{ x }}@b/",
        "https://shop.example\\@evil/", "//shop.example/", "https://{% if x %}a{% endif %}.ru/", "https:///x",
    ],
)  # fmt: skip
def test_what_comes_with_an_event_must_not_choose_the_host(url: str) -> None:
    assert "write out the host" in refused(url=url, method="GET")
    assert HttpParams.model_validate({"url": url, "method": "GET", "allow_any_host": True})


@pytest.mark.parametrize(
    "url", [SHOP, f"{SHOP}/{{{{ form.id }}}}", "https://shop.example?a={{ form.id }}", "https://a:8443"]
)
def test_a_host_that_is_written_out_may_have_anything_behind_it(url: str) -> None:
    assert HttpParams.model_validate({"url": url, "method": "GET"}).url == url


def test_mistakes_of_a_request_are_told() -> None:
    assert "a request has one body" in refused(url=SHOP, repeat="safe", json={"a": 1}, body="x")
    assert "a GET has no form" in refused(url=SHOP, method="GET", form={"a": "1"})
    assert "99 is no status" in refused(url=SHOP, repeat="safe", expect=[99])
    assert "wait at most" in refused(url=SHOP, repeat="safe", timeout="10m")


def test_secrets_of_the_config_are_kept_by_their_names_alone() -> None:
    step = {
        "url": f"{SHOP}?key=s3cr3t-key",
        "headers": {"Authorization": "Bearer s3cr3t-key"},
        "json": {"key": "s3cr3t-key", "said": "{{ form.comment }}"},
        "repeat": "safe",
    }
    action = planned(step, Veil({"SHOP_KEY": "s3cr3t-key"}), form={"comment": "${SHOP_KEY} за 5 $"})
    assert "s3cr3t" not in json.dumps(action.params)
    assert action.params["headers"] == {"Authorization": "Bearer ${SHOP_KEY}"}
    assert action.params["json"]["said"] == "$${SHOP_KEY} за 5 $$"


def test_a_header_is_one_line_whatever_the_event_says() -> None:
    step = {"url": SHOP, "headers": {"X-Name": "{{ form.comment }}"}, "repeat": "safe"}
    action = planned(step, Veil(), form={"comment": "a\r\nX-Admin: yes"})
    assert action.params["headers"] == {"X-Name": "a X-Admin: yes"}


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://10.0.0.5/x", "10.0.0.5 is an internal address"),
        ("https://localhost:8080/", "localhost is an internal address"),
        ("https://[::1]/", "::1 is an internal address"),
        ("http://shop.example/", "shop.example would be asked without https"),
    ],
)
def test_check_tells_of_an_address_that_the_config_does_not_allow(url: str, text: str) -> None:
    rule = make_rule({"http": {"url": url, "method": "GET"}})
    (problem,) = check([rule], REGISTRY, STAFF, {})
    assert (problem.path, problem.text) == (("rules", 0, "do", 0, "http", "url"), text)
    host = text.split()[0]
    assert f"http: {{allow: [{host}]}}" in problem.hint
    assert check([rule], REGISTRY, STAFF, {}, Beside(allowed_hosts=frozenset({host}))) == []


CONFIG = (
    SMALL["client"]
    + """
http: {allow: [erp.local]}
rules:
  - name: В учёт
    on: form.submitted
    do:
      - http:
          url: "http://erp.local/orders?key=${ERP_KEY}"
          headers: {Authorization: "Bearer ${ERP_KEY}"}
          json: {name: "{{ person.name }}"}
          repeat: key
tests:
  - name: ключ на месте
    given: {type: form.submitted, person: {name: "5 $"}}
    expect: {actions: [{http: {headers: {Authorization: "Bearer ${ERP_KEY}"}, json: {name: "5 $"}}}]}
"""
)


def test_a_config_may_take_the_secrets_of_a_service_and_its_tests_know_them(tmp_path: Path) -> None:
    from io import StringIO

    from rich.console import Console

    path, out = tmp_path / "config.yaml", StringIO()
    path.write_text(CONFIG, encoding="utf-8")
    environ = {"ERP_KEY": "s3cr3t-key"}
    assert parse(path, environ).problems == []
    config = read(path, environ)
    assert rule_tests.run(config, View(Console(file=out), Console(file=out))) == 0
    path.write_text(CONFIG.replace('Bearer ${ERP_KEY}"}, json', 'Basic ${ERP_KEY}"}, json'), encoding="utf-8")
    assert rule_tests.run(read(path, environ), View(Console(file=out, width=300), Console(file=out))) == 1
    assert "Basic ${ERP_KEY}" in out.getvalue()
    assert "s3cr3t" not in out.getvalue()
