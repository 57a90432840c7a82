"""Reading a whole config: every mistake at once, what is right beside it, and its schema for editors."""

import pytest

from provodka.errors import ConfigError
from provodka.settings import (
    Finding,
    Mistakes,
    Section,
    Server,
    did_you_mean,
    json_schema,
    load,
    one_of_kinds,
    read_config,
)
from tests.provodka.client_sections import ENVIRON, GOOD, SECTIONS, Staff, Tilda, parsed, told


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
