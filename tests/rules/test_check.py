"""The static check: every mistake at its place, with the nearest right name."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from provodka.payloads import EventType
from rules.actions import REGISTRY
from rules.beside import Beside
from rules.check import RuleProblem, check
from rules.schema import Staff
from tests.rules.world import STAFF, make_rule

CHANNELS = {
    "site": frozenset({EventType.FORM_SUBMITTED}),
    "phone": frozenset({EventType.CALL_MISSED, EventType.CALL_FINISHED}),
    "odd": None,
}
TASK = {"task": {"text": "x", "due": "15m working"}}
INTAKE = {"intake": {"title": "x", "responsible": {"round_robin": ["anna", "ivan"]}}}


def found(*do: Any, staff: dict[str, Staff] | None = None, **more: Any) -> list[RuleProblem]:
    return check([make_rule(*do, **more)], REGISTRY, STAFF if staff is None else staff, CHANNELS)


def only(*do: Any, **more: Any) -> RuleProblem:
    (problem,) = found(*do, **more)
    return problem


def test_a_right_config_has_no_problems() -> None:
    rules = [
        make_rule(INTAKE, TASK, channel="site", when={"utm.source": "yandex", "person.known": False}),
        make_rule(
            {"notify": {"to": ["rop", "responsible"], "text": "Лид «{{ lead.title }}» ждёт: {{ lead.url }}"}},
            on="lead.created",
            name="ждёт",
            wait="1m",
            when={"lead.stage": "Новый лид", "lead.responsible": ["anna", "boss@krovlya.ru"]},
        ),
        make_rule("log_call", on=["call.missed", "call.finished"], name="звонки", channel=["phone", "odd"]),
        make_rule(
            {"note": {"text": "{{ form.fields['Площадь'] }} {{ order.lines | length if order }} {{ now.hour }}"}},
            name="имена",
            when="utm.clicks.yclid and event.channel == 'site' and person.contact.name",
        ),
        make_rule({"notify": {"to": "rop", "text": "пора"}}, on=None, every="1h", name="часы"),
    ]
    assert check(rules, REGISTRY, STAFF, CHANNELS) == []


@pytest.mark.parametrize(
    ("step", "place", "words"),
    [
        ({"tsk": {}}, ("tsk",), 'did you mean "task"'),
        ({"task": {"text": "x", "due": "15 min"}}, ("task", "due"), "no duration"),
        ({"task": {"txt": "x", "due": "15m"}}, ("task", "txt"), 'did you mean "text"'),
        ({"task": {"due": "15m"}}, ("task", "text"), "missing"),
        ({"task": 5}, ("task",), "mapping"),
        ({"task": {"text": "x", "due": "1h", "responsible": "ana"}}, ("task", "responsible"), 'did you mean "anna"'),
        (
            {"assign": {"responsible": {"round_robin": ["anna", "petr"]}}},
            ("assign", "responsible", "round_robin", 1),
            "petr",
        ),
        (
            {"assign": {"responsible": {"round_robin": []}}},
            ("assign", "responsible", "round_robin"),
            "must not be empty",
        ),
        ({"assign": {"responsible": {"by_turns": []}}}, ("assign", "responsible"), "round_robin"),
        ({"assign": {"responsible": "keep"}}, ("assign", "responsible"), "keep changes nothing"),
        ({"notify": {"to": ["rop", "rob"], "text": "x"}}, ("notify", "to", 1), "rob"),
        ({"note": {"text": "{{ person.nme }}"}}, ("note", "text"), 'did you mean "person.name"'),
        ({"note": {"text": "{{ call.phone }}"}}, ("note", "text"), "form.submitted has no call.phone"),
        ({"note": {"text": "{{ person.name"}}, ("note", "text"), "cannot be read"),
        ({"note": {"text": "{{ person.name | fone }}"}}, ("note", "text"), "fone"),
        ({"tag": {"add": ["a", "{{ utm.sorce }}"]}}, ("tag", "add", 1), 'did you mean "utm.source"'),
        ({"tag": {}}, ("tag",), "names no tag"),
        ({"intake": {"title": "x", "fields": {"Тип": "{{ x }}"}}}, ("intake", "fields", "Тип"), "no x"),
        ({"intake": {"title": "x", "reuse": "sometimes"}}, ("intake", "reuse"), "never"),
        ({"intake": {"title": "x", "reuse": "pipeline"}}, ("intake",), "needs a pipeline"),
        ({"note": {"text": "{{ lead.title }}"}}, ("note", "text"), "there may be no lead"),
    ],
)
def test_a_mistake_in_a_step_is_found_at_its_place(step: Any, place: tuple[Any, ...], words: str) -> None:
    problem = only(step)
    assert problem.path == ("rules", 0, "do", 0, *place)
    assert words in f"{problem.text} {problem.hint}"


def test_the_texts_of_a_step_are_checked_even_if_the_step_has_another_mistake() -> None:
    problems = found({"task": {"text": "{{ utm.sorce }}", "due": "soon"}})
    assert [problem.path[-1] for problem in problems] == ["due", "text"]


@pytest.mark.parametrize(
    ("when", "place", "words"),
    [
        ({"form.nme": "x"}, ("form.nme",), 'did you mean "form.name"'),
        ({"lead.stge": "x"}, ("lead.stge",), 'did you mean "lead.stage"'),
        ({"form.name": {"contain": "x"}}, ("form.name", "contain"), 'did you mean "contains"'),
        ("utm.sorce == 'x'", (), "utm.sorce"),
        ({"all": ["utm.sorce == 'x'"]}, ("all", 0), "utm.sorce"),
        ({"lead.responsible": "ana"}, ("lead.responsible",), 'did you mean "anna"'),
        ({"event.channel": {"is": "sait"}}, ("event.channel", "is"), 'did you mean "site"'),
        ({"event.type": "call.missed"}, ("event.type",), "never match"),
        ({"utm.source": {"is": "vk", "not": ["vk", "ok"]}}, ("utm.source", "not"), "contradicts"),
        ({"utm.source": "vk", "all": [{"utm.source": "ok"}]}, ("all", 0, "utm.source"), "contradicts"),
        ({"utm.source": {"is": "vk", "empty": True}}, ("utm.source", "empty"), "contradicts"),
        ({"order.amount": {"above": 10, "below": 10}}, ("order.amount", "below"), "contradicts"),
        ({"order.amount": {"is": 5, "above": 10}}, ("order.amount", "above"), "contradicts"),
        ({"order.amount": {"between": [5, 9], "above": 9}}, ("order.amount", "above"), "contradicts"),
        ({"utm.source": "vk", "not": {"utm.source": "vk"}}, ("not", "utm.source"), "contradicts"),
        ({"time": "working", "all": [{"time": "day off"}]}, ("all", 0, "time"), "no such time"),
        ({"event.occurred_at": {"above": 5}}, ("event.occurred_at", "above"), "is a date"),
        ({"order.amount": {"within": "3d"}}, ("order.amount", "within"), "is a number"),
        ({"order.amount": {"below": "18:00"}}, ("order.amount", "below"), "is a number"),
    ],
)
def test_a_mistake_in_a_condition_is_found_at_its_place(when: Any, place: tuple[Any, ...], words: str) -> None:
    problem = only(TASK, when=when)
    assert problem.path == ("rules", 0, "when", *place)
    assert words in f"{problem.text} {problem.hint}"


@pytest.mark.parametrize(
    "when",
    [
        {"utm.source": {"is": ["vk", "ok"], "not": "vk"}},
        {"utm.source": ["vk", "ok"], "all": [{"utm.source": ["ok", "ya"]}]},
        {"order.amount": {"above": 5, "below": 10}},
        {"any": [{"utm.source": "vk"}, {"utm.source": "ok"}]},
        {"utm.source": "vk", "not": {"utm.source": "ok"}},
        {"person.phones": "+79160001122", "all": [{"person.phones": "+79160001133"}]},
    ],
)
def test_conditions_that_can_hold_together_are_no_contradiction(when: Any) -> None:
    assert found(TASK, when=when) == []


def test_a_value_that_a_name_never_has_is_a_mistake() -> None:
    problem = only(TASK, on="call.missed", when={"call.direction": ["in", "inbound"]})
    assert (problem.path[-1], problem.text) == ("call.direction", "call.direction is never «inbound»")


def test_a_name_must_exist_for_every_event_type_of_the_rule() -> None:
    problem = only({"note": {"text": "{{ form.name }}"}}, on=["form.submitted", "call.missed"])
    assert problem.text == "call.missed has no form.name"


def test_a_lead_that_may_be_missing_may_be_read_where_it_is_asked_for() -> None:
    text = {"note": {"text": "{{ lead.title }}"}}
    assert found(text, when={"lead": {"known": True}}) == []
    assert found({"note": {"text": "{% if lead %}{{ lead.title }}{% endif %}"}}) == []
    assert found(text, on=["lead.created", "lead.won"]) == []
    [missing] = found(text, on="task.completed")
    assert missing.text.startswith("there may be no lead"), "a task may hang on another card"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{% for line in order.lines %}{{ line.nme }}{% endfor %}", 'did you mean "line.name"'),
        ("{% for line in order.lines if line.amont > 1 %}{{ loop.index }}{% endfor %}", 'did you mean "line.amount"'),
        ("{% for line in order.lines %}{{ loop.alst }}{% endfor %}", 'did you mean "loop.last"'),
        ("{% for a in person.phones %}{{ a.number }}{% endfor %}", "no a.number"),
        ("{% for x in order.lines %}{% set y = x %}{% endfor %}{{ y }}", "no y"),
        ("{{ order.lines[0].nme }}", "no order.lines[].nme"),
        ("{{ (order.lines | first).nme }}", 'did you mean "name"'),
        ("{{ order.lines | map(attribute='nme') | join }}", 'did you mean "item.name"'),
        ("{{ order.lines | selectattr('amuont') | list }}", 'did you mean "item.amount"'),
        ("{{ order.lines.nme }}", "no order.lines.nme"),
        ("{% set o = order %}{{ o.amont }}", 'did you mean "o.amount"'),
        ("{% with u = utm %}{{ u.sorce }}{% endwith %}", 'did you mean "u.source"'),
        ("{{ person.nme | default('x') }}", 'did you mean "person.name"'),
        ("{{ 'a' if utm['sorce'] == person.name else 'b' }}", 'did you mean "utm.source"'),
        ("{{ person.name.uper() }}", 'did you mean "person.name.upper"'),
        ("{{ person.name.title }}", "no person.name.title"),
        ("{{ now.minut }}", 'did you mean "now.minute"'),
        ("{% if utm.source %}{{ person.name | fone }}{% endif %}", 'did you mean "phone"'),
        ("{% if utm.source is lyke('x') %}{% endif %}", 'did you mean "like"'),
        ("{% macro m(a) %}{{ a.b }}{{ form.nme }}{% endmacro %}{{ m(form) }}", 'did you mean "form.name"'),
        ("{{ perso.name }}", 'did you mean "person.name"'),
        ("{{ person.name | plural('a', 'b') }}", "missing a required argument: 'many'"),
        ("{{ now | day(yaer=true) }}", "unexpected keyword argument 'yaer'"),
        ("{{ order.amount | money(kopeks=true) }}", "unexpected keyword argument 'kopeks'"),
        ("первая\n{{ person.name }}\n{{ person.nme }}\n", "(line 3 of the text)"),
    ],
)
def test_a_wrong_name_in_a_text_is_found_wherever_it_hides(text: str, words: str) -> None:
    problem = only({"note": {"text": text}}, when={"order": {"known": True}})
    assert problem.path == ("rules", 0, "do", 0, "note", "text")
    assert words in f"{problem.text} {problem.hint}"


@pytest.mark.parametrize(
    "text",
    [
        "{% for line in order.lines %}{{ loop.index }}. {{ line.name }} {{ line.amount | money }}{% endfor %}",
        "{% for name, value in form.fields.items() %}{{ name }}: {{ value.strip() }}{% endfor %}",
        "{% for x in range(3) %}{{ x }}{% else %}{{ form.fields.get('a') }}{% endfor %}",
        "{{ person.name.split()[0] | upper }} {{ person.phones[0] }} {{ person.phones[:2] | join(', ') }}",
        "{{ form.fields['что угодно'] }} {{ form.fields.Площадь.strip() }} {{ utm.clicks.yclid }}",
        "{{ (order.lines | sort(attribute='amount') | last).name }} {{ order.lines | sum(attribute='amount') }}",
        "{% set total = order.amount * 2 %}{{ total | money }} {{ event.occurred_at.strftime('%d') }} {{ now.year }}",
        "{% set text %}{{ person.name }}{% endset %}{{ text.upper() }}",
        "{% with a = 1, b = utm %}{{ a }}{{ b.source }}{% endwith %}",
        "{% set ns = namespace(n=0) %}{{ ns.n }}{{ dict(a=1).a }}",
        "{% macro m(a) %}{{ a.b }}{{ caller() }}{% endmacro %}{% call(c) m(utm) %}{{ c.x }}{% endcall %}",
    ],
)
def test_a_text_whose_names_all_exist_has_no_problem(text: str) -> None:
    assert found({"note": {"text": text}}, when={"order": {"known": True}}) == []


@pytest.mark.parametrize(
    ("text", "when", "right"),
    [
        ("{{ order.amount }}", None, False),
        ("{{ order.amount if order }}", None, True),
        ("{{ order.amount }}", {"order.amount": {"above": 5}}, True),
        ("{{ order.amount }}", "order and order.amount > 5", True),
        ("{{ person.contact.name }}", None, False),
        ("{{ person.contact.name }}", {"person.known": True}, True),
        ("{{ person.contact.name }}", {"person.name": "x"}, False),
        ("{{ lead.title }}", "lead.stage == 'x'", True),
    ],
)
def test_what_may_be_missing_must_be_asked_for(text: str, when: Any, right: bool) -> None:
    problems = found({"note": {"text": text}}, when=when)
    assert ["there may be no" in problem.text for problem in problems] == ([] if right else [True])


def test_every_alternative_that_excludes_itself_is_told() -> None:
    dead = {"utm.source": {"is": "vk", "not": "vk"}}
    problems = found(TASK, when={"any": [dead, {"order.amount": {"above": 5, "below": 5}}]})
    assert [problem.path[4:] for problem in problems] == [(0, "utm.source", "not"), (1, "order.amount", "below")]
    assert found(TASK, when={"any": [dead, {"utm.source": "ok"}]}) == []  # a warning, not a mistake


@pytest.mark.parametrize(
    ("step", "on", "words"),
    [
        ("log_call", "form.submitted", "form.submitted has no call for log_call"),
        ("log_call", ["call.missed", "email.received"], "email.received has no call for log_call"),
    ],
)
def test_an_action_that_needs_what_the_event_cannot_have_is_a_mistake(step: Any, on: Any, words: str) -> None:
    assert words in only(step, on=on).text


def test_an_unknown_channel_is_a_mistake_and_so_is_one_that_never_yields_the_event() -> None:
    unknown, silent = found(TASK, channel=["sait", "phone"])
    assert (unknown.path, unknown.hint) == (("rules", 0, "channel", 0), 'did you mean "site"?')
    assert silent.path == ("rules", 0, "channel", 1)
    assert "never yields form.submitted" in silent.text
    assert found(TASK, channel="odd") == []


def test_an_action_that_needs_a_lead_has_none_when_the_event_is_about_nobody() -> None:
    assert "about nobody" in only(TASK, on=None, at="09:00").text
    notice = {"notify": {"to": ["rop", "responsible"], "text": "x"}}
    assert "nobody is responsible" in only(notice, on=None, every="1h").text
    assert found(INTAKE, TASK, on=None, at="09:00") == []


def test_who_is_a_person_only_where_the_event_is_about_one_of_the_staff() -> None:
    daily = {"on": None, "at": "09:00", "each": "person"}
    notice = {"notify": {"to": ["rop", "who"], "text": "{{ who.key }} {{ work.tasks[0].lead.title }}"}}
    assert found(notice, **daily, when={"work.to_do": {"above": 0}}) == []
    assert "about none of the staff" in only({"notify": {"to": "who", "text": "x"}}, on=None, at="09:00").text
    taken = {"task": {"text": "x", "due": "1h", "responsible": "who"}}
    assert "unknown staff key who" in {one.text for one in found(INTAKE, taken, **daily)}
    assert only({"notify": {"to": "who", "text": "{{ work.taks }}"}}, **daily).hint == 'did you mean "work.tasks"?'
    assert only(notice, **daily, when={"lead.stage": "x"}).text == "staff.checked has no lead.stage"
    assert only(notice, **daily, when={"who.key": "ana"}).hint == 'did you mean "anna"?'


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("{{ plans.выручк }}", None),
        ("{{ 5 | percent(plans.выручк) }}", None),
        ("x", "figures.month.revenue > plans.выручк"),
        ("x", {"plans.выручк": 5}),
    ],
)
def test_a_plan_that_there_is_not_is_told_with_the_nearest_that_there_is(text: str, when: Any) -> None:
    rule = make_rule({"notify": {"to": "rop", "text": text}}, on=None, at="09:00", when=when)
    beside = Beside(plans={"выручка": Decimal(100)})
    (problem,) = check([rule], REGISTRY, STAFF, CHANNELS, beside)
    assert (problem.text, problem.hint) == ("there is no plan выручк", 'did you mean "выручка"?')
    (alone,) = check([rule], REGISTRY, STAFF, CHANNELS)
    assert alone.hint == "write it under plans:"


def test_what_a_value_computes_may_be_read_and_what_it_does_not_may_not() -> None:
    daily = {"on": None, "at": "09:00"}
    text = "{{ figures.week.conversion }} {% for one in figures.week.by_source %}{{ one.conversion }}{% endfor %}"
    assert found({"notify": {"to": "rop", "text": text}}, **daily) == []
    wrong = only(
        {"notify": {"to": "rop", "text": "{% for one in board.by_stage %}{{ one.stge }}{% endfor %}"}}, **daily
    )
    assert wrong.hint == 'did you mean "one.stage"?'
    assert "has no person.identities" in only({"note": {"text": "{{ person.identities }}"}}).text


def test_a_misspelt_event_type_is_told_together_with_the_other_mistakes_of_its_rule() -> None:
    problems = found({"task": {"text": "{{ utm.sorce", "due": "soon"}}, on=["form.submited", "crm.hint"])
    assert [problem.path[2:] for problem in problems][-2:] == [("on", 0), ("on", 1)]
    assert len(problems) == 4
    assert problems[-2].hint == 'did you mean "form.submitted"?'


def test_a_rule_cannot_start_on_a_hint_of_the_crm() -> None:
    assert only(TASK, on="crm.hint").text == "unknown event type crm.hint"


def test_a_rule_that_waits_cannot_stop_the_others() -> None:
    assert only(TASK, wait="1m", stop=True).path == ("rules", 0, "stop")


def test_two_rules_cannot_have_one_name() -> None:
    (problem,) = check([make_rule(TASK), make_rule(TASK)], REGISTRY, STAFF, CHANNELS)
    assert problem.path == ("rules", 1, "name")


def test_staff_must_be_told_apart_and_not_take_words_of_the_rules() -> None:
    staff = {
        "anna": Staff(crm="A@x.ru", extension="1"),
        "ivan": Staff(crm="a@x.ru", extension="1"),
        "keep": Staff(crm="k@x.ru"),
    }
    paths = [problem.path for problem in found({"note": {"text": "x"}}, staff=staff)]
    assert paths == [("staff", "ivan", "crm"), ("staff", "ivan", "extension"), ("staff", "keep")]


def test_all_mistakes_of_all_rules_are_told_at_once_in_the_order_of_the_config() -> None:
    rules = [
        make_rule({"tsk": {}}, {"task": {"text": "{{ a }}{{ b }}", "due": "x"}}, channel="nowhere"),
        make_rule({"notify": {"to": "nobody", "text": "{{ person.nme }}"}}, name="вторая", when={"x.y": 1}),
    ]
    problems = check(rules, REGISTRY, STAFF, CHANNELS)
    assert len(problems) == 8
    assert [problem.path[1] for problem in problems] == [0] * 5 + [1] * 3


def test_a_state_that_no_lead_has_is_a_mistake() -> None:
    assert only(TASK, on="lead.updated", when={"lead.state": "opne"}).hint == 'did you mean "open"?'
    assert found(TASK, on="lead.updated", when={"lead.state": ["won", "lost"]}) == []
