"""A small client's config: its sections, a good text of it, and how tests read it."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, SecretStr, TypeAdapter, model_validator

from provodka.settings import Duration, Section, Server, Strict, Timezone, one_of_kinds, read_config


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
