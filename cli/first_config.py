"""The text of a client's first config and of the list of its secrets. Both are for the integrator, so in Russian."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from connectors.mail.providers import PROVIDERS

CHANNELS: Final = ("tilda", "form", "imap", "mango")


@dataclass(frozen=True, slots=True)
class Member:
    """One of the staff: the key that rules use, the login in the CRM, the internal number, the chat in Telegram."""

    key: str
    login: str
    extension: str = ""
    telegram: int | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """What a first config is made of. The mailbox matters only with the channel `imap`;
    `mail_server` is a provider that we know, or a host."""

    client: str
    timezone: str
    crm_url: str
    channels: tuple[str, ...]
    staff: tuple[Member, ...]
    telegram: bool
    mail_user: str = ""
    mail_server: str = ""

    @property
    def told(self) -> Member | None:
        """Who can be written to in Telegram."""
        return next((m for m in self.staff if m.telegram is not None), None) if self.telegram else None


@dataclass(frozen=True, slots=True)
class Secret:
    """A variable of the environment, and a sentence on where its value comes from."""

    name: str
    sentence: str


_SECRETS: Final = {
    "crm": (
        Secret(
            "AMOCRM_TOKEN",
            "Долгосрочный токен amoCRM: администратор берёт его в частной интеграции, вкладка «Ключи и доступы».",
        ),
    ),
    "tilda": (Secret("TILDA_SECRET", "Секрет в адресе вебхука Тильды, придумайте сами: openssl rand -hex 16."),),
    "form": (Secret("FORM_SECRET", "Секрет в адресе формы сайта, придумайте сами: openssl rand -hex 16."),),
    "imap": (
        Secret(
            "MAIL_PASSWORD",
            "Пароль приложения почтового ящика (не пароль от входа); доступ по IMAP должен быть включён.",
        ),
    ),
    "mango": (
        Secret("MANGO_KEY", "Уникальный код АТС из личного кабинета MANGO OFFICE (раздел об API)."),
        Secret("MANGO_SALT", "Ключ для создания подписи: там же, где уникальный код АТС."),
    ),
    "telegram": (Secret("TELEGRAM_TOKEN", "Токен бота: его выдаёт @BotFather по команде /newbot."),),
}

_HEAD: Final = """\
# Настройки Provodka. Проверить: provodka check, с обращением к аккаунтам: provodka check --online.
# Секреты берутся из переменных окружения ${{ИМЯ}}; их список — в {secrets}.
# Воронки, этапы и сотрудники называются так, как их видно в CRM.

client: {client}
timezone: {timezone}

# Рабочее время: от него считаются сроки вида «15m working». Праздники России учтены.
calendar: {{hours: "пн-пт 09:00-18:00", holidays: RU}}

crm: {{type: amocrm, url: {url}, token: "${{AMOCRM_TOKEN}}"}}
"""

_CHANNEL_LINES: Final = {
    "tilda": (
        '  # Вебхук Тильды: https://ВАШ-АДРЕС/hooks/site/СЕКРЕТ\n  site: {type: tilda, secret: "${TILDA_SECRET}"}\n'
    ),
    "form": (
        "  # Форма сайта шлёт POST (JSON или обычную форму) на https://ВАШ-АДРЕС/hooks/form/СЕКРЕТ\n"
        '  form: {type: form, secret: "${FORM_SECRET}"}\n'
    ),
    "imap": (
        "  # Письма с этого ящика только читаются: пометки и папки не меняются\n"
        '  mail: {type: imap, %(server)s, user: %(user)s, password: "${MAIL_PASSWORD}"}\n'
    ),
    "mango": (
        "  # Адрес внешней системы в кабинете MANGO OFFICE: https://ВАШ-АДРЕС/hooks/phone\n"
        '  phone: {type: mango, api_key: "${MANGO_KEY}", salt: "${MANGO_SALT}"}\n'
    ),
    "telegram": (
        "  # Каждый сотрудник должен открыть бота и нажать «Старт»\n"
        '  bot: {type: telegram, token: "${TELEGRAM_TOKEN}"}\n'
    ),
}

_NOBODY: Final = """\
# Сотрудники: ключ для правил и логин в CRM.
# staff:
#   anna: {crm: anna@example.ru, extension: "101"}
"""

_FORM_RULE: Final = """\
  - name: Заявка с сайта
    on: form.submitted
    do:
      - intake:  # найти человека или завести; найти его открытую сделку или создать
          title: "Сайт: {{{{ person.name or person.phone or person.email }}}}"
{common}          tags: [сайт, "{{{{ utm.source }}}}"]
      - note: {{text: "{{{{ form.comment }}}}"}}
      - task: {{text: Позвонить клиенту, due: 15m working}}
{notify}"""

_MAIL_RULE: Final = """\
  - name: Письмо клиента
    on: email.received
    when: {{message.kind: letter}}  # не автоответ, не рассылка и не отказ почтового сервера
    do:
      - intake:
          title: "Письмо: {{{{ message.subject }}}}"
{common}          tags: [почта]
      - note: {{text: "{{{{ message.subject }}}}\\n\\n{{{{ message.text }}}}"}}
      - task: {{text: "Ответить на письмо «{{{{ message.subject }}}}»", due: 1h working}}
"""

_CALL_RULES: Final = """\
  - name: Входящий звонок
    on: call.finished
    when: {{call.direction: in}}
    do:
      - intake:
          title: "Звонок: {{{{ person.phone | phone }}}}"
{common}          tags: [звонок]
      - log_call

  - name: Запись разговора
    on: call.recorded
    do:
      - log_call

  - name: Пропущенный звонок
    on: call.missed
    do:
      - intake:
          title: "Пропущенный: {{{{ person.phone | phone }}}}"
{common}          tags: [пропущенный]
      - log_call
      - task: {{text: Перезвонить, due: 15m working}}
"""

_FORM_TEST: Final = """\
  - name: заявка с сайта становится сделкой с задачей
    given: {{type: form.submitted, person: {{name: Мария, phones: ["+79160001122"]}}, form: {{comment: Нужен замер}}}}
    expect: {{actions: [{{intake: {{title: "Сайт: Мария"}}}}, note, {{task: {{text: Позвонить клиенту}}}}{notify}]}}
"""
_MAIL_TEST: Final = """\
  - name: автоответ не создаёт сделку
    given: {type: email.received, message: {kind: autoreply, subject: Автоответ}}
    expect: no_actions
"""
_CALL_TEST: Final = """\
  - name: пропущенный звонок становится сделкой с задачей
    given: {type: call.missed, person: {phones: ["+79160001122"]}, call: {id: "1", direction: in}}
    expect: {actions: [intake, log_call, {task: {text: Перезвонить}}]}
"""


def config_text(answers: Answers, secrets_file: str) -> str:
    """The config as YAML, with its comments."""
    head = _HEAD.format(
        client=quoted(answers.client),
        timezone=answers.timezone,
        url=quoted(answers.crm_url),
        secrets=secrets_file,
    )
    blocks = [head, _staff(answers), _channels(answers), _alerts(answers)]
    blocks += ["rules:\n" + "\n".join(_rules(answers)), "tests:\n" + "\n".join(_tests(answers))]
    return "\n".join(block for block in blocks if block)


def secrets_of(answers: Answers) -> list[Secret]:
    """Every variable that the config names."""
    used = ["crm", *answers.channels, *(["telegram"] if answers.telegram else [])]
    return [secret for kind in used for secret in _SECRETS[kind]]


def env_text(secrets: Sequence[Secret]) -> str:
    """The list of the secrets as an example of an environment file, each with its sentence."""
    head = "# Скопируйте в .env и впишите значения; сам .env никому не отдавайте и не храните в git.\n"
    return head + "".join(f"\n# {secret.sentence}\n{secret.name}=\n" for secret in secrets)


def quoted(text: str) -> str:
    """A text as YAML, whatever is in it; a `${` in it stands for itself."""
    return json.dumps(text.replace("${", "$${"), ensure_ascii=False)


def _staff(answers: Answers) -> str:
    if not answers.staff:
        return _NOBODY
    lines = ["# Сотрудники: crm — логин в CRM, extension — внутренний номер, telegram — номер чата с ботом.", "staff:"]
    for member in answers.staff:
        values = [f"crm: {quoted(member.login)}"]
        values += [f"extension: {quoted(member.extension)}"] if member.extension else []
        values += [f"telegram: {member.telegram}"] if member.telegram is not None else []
        lines.append(f"  {member.key}: {{{', '.join(values)}}}")
    return "\n".join(lines) + "\n"


def _channels(answers: Answers) -> str:
    known = answers.mail_server in PROVIDERS
    server = f"provider: {answers.mail_server}" if known else f"host: {quoted(answers.mail_server)}"
    mailbox = {"server": server, "user": quoted(answers.mail_user)}
    kinds = [*answers.channels, *(["telegram"] if answers.telegram else [])]
    lines = [_CHANNEL_LINES[kind] % mailbox if kind == "imap" else _CHANNEL_LINES[kind] for kind in kinds]
    return "channels:\n" + "".join(lines)


def _alerts(answers: Answers) -> str:
    if answers.told:
        return f"# Кому писать в Telegram о неполадках\nalerts: {{to: [{answers.told.key}]}}\n"
    if answers.telegram:
        return "# Кому писать о неполадках: впишите telegram сотруднику и раскомментируйте\n# alerts: {to: [anna]}\n"
    return ""


def _rules(answers: Answers) -> Iterator[str]:
    common = "          # pipeline: Воронка  # без неё — основная воронка и её первый этап\n"
    common += "          # stage: Первичный контакт\n"
    if answers.staff:
        keys = ", ".join(member.key for member in answers.staff)
        common += f"          responsible: {{round_robin: [{keys}], counter: новые заявки}}  # по очереди\n"
    text = "Новая заявка с сайта: {{ person.name }}, {{ person.phone | phone }}"
    notify = f'      - notify: {{to: {answers.told.key}, text: "{text}"}}\n' if answers.told else ""
    if {"tilda", "form"} & set(answers.channels):
        yield _FORM_RULE.format(common=common, notify=notify)
    if "imap" in answers.channels:
        yield _MAIL_RULE.format(common=common)
    if "mango" in answers.channels:
        yield _CALL_RULES.format(common=common)


def _tests(answers: Answers) -> Iterator[str]:
    if {"tilda", "form"} & set(answers.channels):
        yield _FORM_TEST.format(notify=", notify" if answers.told else "")
    if "imap" in answers.channels:
        yield _MAIL_TEST
    if "mango" in answers.channels:
        yield _CALL_TEST
