"""The text of a client's first config and of the list of its secrets. Both are for the integrator, so in Russian."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cli.first_channel import FirstChannel
from cli.first_rules import rules_and_tests
from connectors.mail.providers import PROVIDERS
from connectors.registry import CHANNELS
from provodka.payloads import EventType


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
    `mail_server` is a provider that we know, or a host. `others` are the channels that have no words of their own here.
    """

    client: str
    timezone: str
    crm_url: str
    channels: tuple[str, ...]
    staff: tuple[Member, ...]
    telegram: bool
    mail_user: str = ""
    mail_server: str = ""
    others: tuple[FirstChannel, ...] = ()

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

# Консоль для поддержки, https://ВАШ-АДРЕС/console/: строки для неё напечатает provodka password --login ИМЯ.
# console: {{users: {{olga: {{password: "${{OLGA_HASH}}", role: administer}}}}}}
"""

OWN_WORDS: Final = {
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


def config_text(answers: Answers, secrets_file: str) -> str:
    """The config as YAML, with its comments."""
    head = _HEAD.format(
        client=quoted(answers.client),
        timezone=answers.timezone,
        url=quoted(answers.crm_url),
        secrets=secrets_file,
    )
    blocks = [head, _staff(answers), _channels(answers), _alerts(answers)]
    told = answers.told.key if answers.told else None
    blocks += rules_and_tests(_events(answers), [member.key for member in answers.staff], told)
    return "\n".join(block for block in blocks if block)


def secrets_of(answers: Answers) -> list[Secret]:
    """Every variable that the config names."""
    used = ["crm", *_kinds(answers)]
    listed = [secret for kind in used for secret in _SECRETS.get(kind, ())]
    words = "Канал {kind}, настройка {name}: где взять, сказано в docs/ru/channels.md."
    return listed + [
        Secret(variable, words.format(kind=one.kind, name=name))
        for one in answers.others
        for name, variable in one.secrets.items()
    ]


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
    others = {one.kind: one for one in answers.others}
    lines = [others[kind].yaml() if kind in others else OWN_WORDS[kind] for kind in _kinds(answers)]
    return "channels:\n" + "".join(line % mailbox if line is OWN_WORDS["imap"] else line for line in lines)


def _kinds(answers: Answers) -> tuple[str, ...]:
    """Of all channels, that by which the staff is told included."""
    return tuple(dict.fromkeys((*answers.channels, *(["telegram"] if answers.telegram else []))))


def _events(answers: Answers) -> frozenset[EventType]:
    return frozenset(type_ for kind in answers.channels for type_ in CHANNELS[kind].events)


def _alerts(answers: Answers) -> str:
    if answers.told:
        return f"# Кому писать в Telegram о неполадках\nalerts: {{to: [{answers.told.key}]}}\n"
    if answers.telegram:
        return "# Кому писать о неполадках: впишите telegram сотруднику и раскомментируйте\n# alerts: {to: [anna]}\n"
    return ""
