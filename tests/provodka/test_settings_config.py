"""Reading a whole config: every mistake at once, each at its place, and no secret in any of them."""

from enum import StrEnum
from typing import Annotated, Literal

import pytest
from pydantic import AfterValidator, Field, SecretStr, TypeAdapter, model_validator

from provodka.errors import ConfigError
from provodka.settings import (
    Duration,
    Finding,
    Mistakes,
    Section,
    Server,
    Strict,
    Timezone,
    did_you_mean,
    json_schema,
    load,
    one_of_kinds,
    read_config,
)


class Amo(Strict):
    type: Literal["amocrm"]
    url: str
    token: SecretStr


class Bitrix(Strict):
    type: Literal["bitrix24"]
    webhook: SecretStr


class Tilda(Strict):
    secret: SecretStr


class Imap(Strict):
    host: str
    user: str
    password: SecretStr = Field(min_length=8)
    port: int = Field(993, ge=1, le=65535)
    ssl: bool = True


class Staff(Strict):
    crm: str
    extension: str = ""


class Circle(Strict):
    round_robin: list[str] = Field(min_length=1)


class Intake(Strict):
    stage: str
    responsible: str | Circle | None = None
    tags: list[str] = Field(default_factory=list, max_length=3)


class Task(Strict):
    text: str
    due: Duration


class Step(Strict):
    intake: Intake | None = None
    task: Task | None = None

    @model_validator(mode="after")
    def _one_action(self):
        if (self.intake is None) == (self.task is None):
            raise ValueError("a step does one thing")
        return self


class On(StrEnum):
    FORM = "form.submitted"
    MAIL = "email.received"


class Rule(Strict):
    name: str = Field(min_length=1)
    on: On
    do: list[Step] = Field(min_length=1)


class RuleTest(Strict):
    name: str
    expect: dict[str, int]


SECTIONS = {
    "client": Section(TypeAdapter(Annotated[str, Field(min_length=1)]), required=True),
    "timezone": Section(TypeAdapter(Timezone), absent="Europe/Moscow"),
    "server": Section(TypeAdapter(Server), absent={}),
    "crm": Section(one_of_kinds({"amocrm": Amo, "bitrix24": Bitrix}), required=True, noun="crm"),
    "staff": Section(TypeAdapter(Staff), each="mapping", noun="employee"),
    "channels": Section(one_of_kinds({"tilda": Tilda, "imap": Imap}), each="mapping", noun="channel"),
    "rules": Section(TypeAdapter(Rule), each="list", noun="rule"),
    "tests": Section(TypeAdapter(RuleTest), each="list", noun="test"),
}
GOOD = """\
client: Кровля Плюс
crm: {type: amocrm, url: https://krovlya.amocrm.test, token: "${AMOCRM_TOKEN}"}
staff:
  anna: {crm: anna@krovlya.test, extension: "101"}
channels:
  site: {type: tilda, secret: "${TILDA_SECRET}"}
  mail: {type: imap, host: "${MAIL_HOST}", user: info, password: "file:mail_password", port: "${MAIL_PORT:-993}"}
rules:
  - name: Заявка с сайта
    on: form.submitted
    do:
      - intake: {stage: Новый лид, responsible: {round_robin: [anna]}}
      - task: {text: Позвонить, due: 15m}
"""
ENVIRON = {"AMOCRM_TOKEN": "amo-token-1", "TILDA_SECRET": "tilda-secret-1", "MAIL_HOST": "imap.test"}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mail_password").write_text("mail-password-1\n")
    return tmp_path


def parsed(folder, text, environ=ENVIRON):
    path = folder / "client.yaml"
    path.write_text(text, encoding="utf-8")
    return read_config(path, SECTIONS, environ)


def told(found):
    return [(p.line, p.path, p.text, p.hint) for p in found.problems]


def mistake(folder, section, value):
    """The only problem of a config in which one section is this."""
    rest = {"client": "client: X\n", "crm": "crm: {type: bitrix24, webhook: x}\n"}
    rest.pop(section, None)
    found = parsed(folder, f"{section}: {value}\n" + "".join(rest.values()))
    assert len(found.problems) == 1, found.problems
    problem = found.problems[0]
    return problem.column, problem.path, problem.text, problem.hint


def test_a_good_config_is_read_whole(folder):
    found = parsed(folder, GOOD)
    assert not found.problems
    found.settle()
    values = found.values
    assert values["client"] == "Кровля Плюс"
    assert values["crm"].token.get_secret_value() == "amo-token-1"
    assert values["channels"]["mail"].password.get_secret_value() == "mail-password-1"
    assert values["channels"]["mail"].port == 993
    assert values["rules"][0].do[1].task.due.total_seconds() == 900
    assert values["tests"] == {}


def test_absent_sections_get_their_defaults(folder):
    values = parsed(folder, GOOD).values
    assert values["timezone"] == "Europe/Moscow"
    assert values["server"] == Server()


def test_ten_mistakes_all_over_the_config_are_reported_in_one_run(folder):
    found = parsed(
        folder,
        """\
client: Кровля Плюс
crm: {type: amocrm, url: https://krovlya.amocrm.test, token: "${AMO_TOKEN}"}
staff:
  anna: {crm: anna@krovlya.test, extension: 101}
  ivan: {crn: ivan@krovlya.test}
channels:
  site: {type: tlda, secret: x}
  mail: {type: imap, host: imap.test, user: info, password: "${TILDA_SECRET}", port: много}
rules:
  - name: Заявка
    on: form.submited
    do:
      - intake: {stgae: Новый лид}
  - name: Письмо
    on: email.received
    do: []
tests:
  - name: спам
    name: опять спам
    expect: {actions: нет}
colour: red
""",
    )
    assert [(p.line, p.column, p.path) for p in found.problems] == [
        (2, 62, "crm.token"),
        (4, 45, "staff.anna.extension"),
        (5, 10, "staff.ivan.crn"),
        (7, 16, "channels.site.type"),
        (8, 86, "channels.mail.port"),
        (11, 9, "rules[0].on"),
        (13, 18, "rules[0].do[0].intake.stgae"),
        (16, 9, "rules[1].do"),
        (19, 5, "tests[0].name"),
        (20, 23, "tests[0].expect.actions"),
        (21, 1, "colour"),
    ]


def test_right_items_are_kept_beside_wrong_ones_under_their_name_or_index(folder):
    found = parsed(
        folder,
        "client: X\ncrm: 5\nstaff: {anna: {}, ivan: {crm: i}}\n"
        "rules: [{name: a}, {name: b, on: email.received, do: [{task: {text: t, due: 1h}}]}]\n",
    )
    assert found.values["crm"] is None
    assert found.values["staff"] == {"ivan": Staff(crm="i")}
    assert [(index, rule.name) for index, rule in found.values["rules"].items()] == [(1, "b")]


def test_problems_come_sorted_by_place_and_once(folder):
    found = parsed(folder, "zone: 1\nclient: ''\ncrm: {type: amocrm}\n")
    assert [p.line for p in found.problems] == sorted(p.line for p in found.problems)
    assert len(set(found.problems)) == len(found.problems)


def test_an_unknown_key_is_shown_with_the_nearest_name(folder):
    assert mistake(folder, "staff", "{anna: {crm: a, extention: '1'}}") == (
        24,
        "staff.anna.extention",
        'unknown key "extention"',
        'did you mean "extension"?',
    )


def test_an_unknown_key_far_from_all_names_lists_them(folder):
    assert mistake(folder, "staff", "{anna: {crm: a, цвет: '1'}}")[2:] == (
        'unknown key "цвет"',
        "known keys: extension",
    )


def test_a_misspelt_key_is_one_mistake_and_not_a_missing_one_too(folder):
    assert mistake(folder, "staff", "{anna: {crn: a}}")[2:] == ('unknown key "crn"', 'did you mean "crm"?')


def test_a_missing_key_is_shown_at_the_key_of_its_mapping(folder):
    assert mistake(folder, "staff", "{anna: {extension: '1'}}") == (9, "staff.anna.crm", 'missing key "crm"', "")


def test_a_misspelt_section_is_told_and_still_read(folder):
    found = parsed(folder, "client: X\ncrn: {type: bitrix24, webhook: x}\nstaf: {anna: {crm: 5}}\n")
    assert told(found) == [
        (2, "crn", 'unknown key "crn"', 'did you mean "crm"?'),
        (3, "staf", 'unknown key "staf"', 'did you mean "staff"?'),
        (3, "staf.anna.crm", "must be a text, not a number", "put it in quotes"),
    ]


def test_missing_sections_are_told(folder):
    found = parsed(folder, "timezone: Europe/Moscow\n")
    assert {p.text for p in found.problems} == {'missing key "client"', 'missing key "crm"'}


def test_an_unknown_kind_is_named_by_what_it_is(folder):
    column, path, text, hint = mistake(folder, "channels", "{site: {type: tlda, secret: x}}")
    assert (column, path) == (25, "channels.site.type")
    assert (text, hint) == ('unknown channel type "tlda"', 'did you mean "tilda"?')
    assert mistake(folder, "crm", "{type: hubspot}")[2:] == ('unknown crm type "hubspot"', "known: amocrm, bitrix24")


def test_a_missing_kind_is_told_with_the_known_ones(folder):
    _, path, text, hint = mistake(folder, "channels", "{site: {secret: x}}")
    assert (path, text, hint) == ("channels.site", 'missing key "type"', "known: tilda, imap")


def test_a_wrong_choice_names_the_allowed_ones_and_the_nearest(folder):
    step = "do: [{task: {text: t, due: 1h}}]"
    assert mistake(folder, "rules", f"[{{name: a, on: form.submited, {step}}}]")[2:] == (
        'wrong value "form.submited"; allowed: form.submitted, email.received',
        'did you mean "form.submitted"?',
    )


@pytest.mark.parametrize(
    ("section", "value", "path", "text"),
    [
        ("client", "", "client", "must be a text, but is empty"),
        ("client", "''", "client", "must not be empty"),
        ("client", "5", "client", "must be a text, not a number"),
        ("staff", "[anna]", "staff", "must be a mapping (name: …)"),
        ("rules", "{name: a}", "rules", "must be a list (- …)"),
        ("staff", "{anna: [a]}", "staff.anna", "must be a mapping (key: value), not a list"),
        ("server", "{port: 70000}", "server.port", "must be at most 65535"),
        ("server", "{port: 0}", "server.port", "must be at least 1"),
        ("server", "{port: 80.5}", "server.port", "must be a whole number, not a number with a fraction"),
        ("server", "{body_limit: 2 megs}", "server.body_limit", "not a size"),
        ("timezone", "Europe/Moskow", "timezone", 'unknown time zone "Europe/Moskow"'),
    ],
)
def test_wrong_values_are_told_in_plain_words(folder, section, value, path, text):
    assert mistake(folder, section, value)[1:3] == (path, text)


@pytest.mark.parametrize(
    ("responsible", "path", "text"),
    [
        ("5", "", "must be a text or a mapping (key: value), not a number"),
        ("[a]", "", "must be a text or a mapping (key: value), not a list"),
        ("{round_robn: [a]}", ".round_robn", 'unknown key "round_robn"'),
        ("{round_robin: []}", ".round_robin", "must not be empty"),
        ("{round_robin: [a, 5]}", ".round_robin[1]", "must be a text, not a number"),
    ],
)
def test_of_several_allowed_forms_the_meant_one_is_explained(folder, responsible, path, text):
    rule = f"[{{name: a, on: email.received, do: [{{intake: {{stage: s, responsible: {responsible}}}}}]}}]"
    assert mistake(folder, "rules", rule)[1:3] == (f"rules[0].do[0].intake.responsible{path}", text)


def test_a_rule_of_the_model_itself_is_told_at_its_mapping(folder):
    rule = "[{name: a, on: email.received, do: [{}]}]"
    assert mistake(folder, "rules", rule)[:3] == (44, "rules[0].do[0]", "a step does one thing")


def test_an_empty_section_is_like_an_absent_one(folder):
    assert parsed(folder, GOOD + "tests:\n").values["tests"] == {}


def test_an_empty_config_and_one_that_is_a_list_are_told(folder):
    assert told(parsed(folder, "# nothing\n")) == [(1, "", "the file is empty", "")]
    assert told(parsed(folder, "- a\n")) == [(1, "", "a config is a mapping (key: value)", "")]


def test_after_a_syntax_error_nothing_else_is_said(folder):
    found = parsed(folder, "client: X\n\tcrm: 1\n")
    assert [p.line for p in found.problems] == [2]
    assert found.values["crm"] is None
    assert found.values["rules"] == {}


def test_an_unquoted_name_inside_braces_is_told_to_need_quotes(folder):
    found = parsed(folder, "crm: {type: amocrm, token: ${AMOCRM_TOKEN}}\n")
    assert "put ${NAME} and {{ … }} in quotes" in found.problems[0].hint


def test_nothing_more_is_said_of_a_value_whose_name_is_missing(folder):
    found = parsed(folder, GOOD.replace(":-993", ""))
    assert [(p.path, p.text) for p in found.problems] == [("channels.mail.port", "MAIL_PORT is not set")]


def test_no_problem_shows_a_value_from_outside_or_of_a_secret_field(folder):
    text = GOOD.replace("type: tilda", 'type: "${KIND}"').replace("form.submitted", "${ON}").replace(":-993", "")
    text = text.replace("file:mail_password", "pa55wor").replace("15m", '"${DUE}"')
    environ = {"KIND": "Kind-Value", "ON": "On-Value", "MAIL_PORT": "Port-Value", "DUE": "Due-Value"}
    found = parsed(folder, text, ENVIRON | environ)
    everything = "\n".join(map(str, found.problems))
    assert {p.path for p in found.problems} == {
        "channels.site.type",
        "channels.mail.port",
        "channels.mail.password",
        "rules[0].on",
        "rules[0].do[1].task.due",
    }
    for value in (*environ.values(), *ENVIRON.values(), "pa55wor"):
        assert value.lower() not in everything.lower()


def test_a_validator_that_repeats_a_secret_is_silenced(folder):
    def refuse(value: SecretStr) -> SecretStr:
        raise ValueError(f"bad {value.get_secret_value()!r}")

    class Login(Strict):
        login: Annotated[SecretStr, AfterValidator(refuse)]

        @model_validator(mode="before")
        @classmethod
        def _not_twice(cls, value):
            if value["login"] == "twice-secret":
                raise ValueError(f"twice in {value}")
            return value

    path = folder / "client.yaml"
    for literal in ("plain-secret", "twice-secret"):
        path.write_text(f"crm: {{login: {literal}}}\n")
        found = read_config(path, {"crm": Section(TypeAdapter(Login))}, {})
        assert len(found.problems) == 1
        assert literal not in str(found.problems[0])
        assert "***" in found.problems[0].text


def test_a_validator_can_name_place_and_cure(folder):
    def check(lines: dict[str, str]) -> dict[str, str]:
        raise Mistakes(Finding(("b",), "not a phone", "write +7…", key=True), Finding((), "too many"))

    path = folder / "client.yaml"
    path.write_text("crm: {a: x, b: y}\n")
    adapter = TypeAdapter(Annotated[dict[str, str], AfterValidator(check)])
    found = read_config(path, {"crm": Section(adapter)}, {})
    assert [(p.column, p.path, p.text, p.hint) for p in found.problems] == [
        (6, "crm", "too many", ""),
        (13, "crm.b", "not a phone", "write +7…"),
    ]


def test_a_section_can_be_read_by_a_function(folder):
    def read(value):
        if "steps" not in value:
            raise Mistakes(Finding(("step",), "no steps here", key=True))
        if value["steps"] == "none":
            raise ValueError("steps cannot be none")
        return len(value["steps"])

    path = folder / "client.yaml"
    path.write_text("flows:\n  - steps: [1, 2]\n  - step: 1\n  - steps: none\n")
    schema = {"type": "object", "properties": {"steps": {"type": "array"}}}
    sections = {"flows": Section(read, each="list", schema=schema)}
    found = read_config(path, sections, {})
    assert found.values["flows"] == {0: 2}
    assert told(found) == [
        (3, "flows[1].step", "no steps here", ""),
        (4, "flows[2]", "steps cannot be none", ""),
    ]
    assert json_schema(sections)["properties"]["flows"]["items"] == schema


def test_findings_of_a_check_join_the_other_problems_in_order(folder):
    text = GOOD.replace("round_robin: [anna]", "round_robin: [ana]") + "colour: red\n"

    def staff_exist(found):
        for index, rule in found.values["rules"].items():
            for place, name in enumerate(rule.do[0].intake.responsible.round_robin):
                if name not in found.values["staff"]:
                    path = ("rules", index, "do", 0, "intake", "responsible", "round_robin", place)
                    yield path, f'unknown employee "{name}"', did_you_mean(name, found.values["staff"])

    path = folder / "client.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path, SECTIONS, environ=ENVIRON, check=staff_exist)
    assert [str(p).removeprefix(f"{path}:") for p in caught.value.problems] == [
        '12:64  rules[0].do[0].intake.responsible.round_robin[0]  unknown employee "ana" (did you mean "anna"?)',
        '14:1  colour  unknown key "colour" (known keys: timezone, server, tests)',
    ]
    assert caught.value.__cause__ is None


def test_a_finding_shows_no_secret_either(folder):
    found = parsed(folder, GOOD)
    found.report(
        [(("crm", "token"), "the token amo-token-1 is refused", "not AMO-TOKEN-1"), (("rules",), "amo-token-1", "")]
    )
    assert [(p.text, p.hint) for p in found.problems] == [("the token *** is refused", "not ***"), ("***", "")]


def test_load_gives_a_config_without_problems(folder):
    path = folder / "client.yaml"
    path.write_text(GOOD, encoding="utf-8")
    assert load(path, SECTIONS, environ=ENVIRON).values["client"] == "Кровля Плюс"


def test_all_secrets_of_a_config_are_known_for_masking(folder):
    found = parsed(folder, GOOD + 'server: {host: "${DB_PASSWORD}"}\n', ENVIRON | {"DB_PASSWORD": "in-a-plain-field"})
    assert found.secrets == {"amo-token-1", "tilda-secret-1", "mail-password-1", "in-a-plain-field"}
    assert "amo-token-1" not in repr(found)


def test_a_single_kind_needs_no_discriminator_but_still_its_name(folder):
    path = folder / "client.yaml"
    sections = {"crm": Section(one_of_kinds({"tilda": Tilda}), noun="crm")}
    path.write_text("crm: {type: tlda, secret: x}\n")
    assert told(read_config(path, sections, {})) == [
        (1, "crm.type", 'wrong value "tlda"; allowed: tilda', 'did you mean "tilda"?')
    ]
    path.write_text("crm: {type: tilda, secret: x}\n")
    assert isinstance(read_config(path, sections, {}).values["crm"], Tilda)


def test_the_schema_for_editors_describes_every_section():
    schema = json_schema(SECTIONS)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == ["client", "crm"]
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == set(SECTIONS)
    assert schema["properties"]["rules"] == {"type": "array", "items": {"$ref": "#/$defs/Rule"}}
    channel = schema["properties"]["channels"]["additionalProperties"]
    assert channel["discriminator"]["mapping"] == {"imap": "#/$defs/Imap", "tilda": "#/$defs/Tilda"}
    assert schema["$defs"]["Tilda"]["properties"]["type"]["const"] == "tilda"


def test_the_schema_lets_a_name_of_the_environment_stand_for_a_number():
    port = json_schema(SECTIONS)["$defs"]["Imap"]["properties"]["port"]
    assert port["anyOf"][0]["maximum"] == 65535
    assert port["anyOf"][1] == {"type": "string", "pattern": r"^\$\{"}
