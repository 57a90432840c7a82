"""The words and places of config mistakes, and that no secret is in any of them."""

from typing import Annotated

import pytest
from pydantic import AfterValidator, SecretStr, TypeAdapter, model_validator

from provodka.settings import Finding, Mistakes, Section, Strict, read_config
from tests.provodka.client_sections import ENVIRON, GOOD, mistake, parsed, told


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


def test_a_finding_shows_no_secret_either(folder):
    found = parsed(folder, GOOD)
    found.report(
        [(("crm", "token"), "the token amo-token-1 is refused", "not AMO-TOKEN-1"), (("rules",), "amo-token-1", "")]
    )
    assert [(p.text, p.hint) for p in found.problems] == [("the token *** is refused", "not ***"), ("***", "")]
