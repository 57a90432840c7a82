"""`provodka init`: a few questions, and a first config with the list of its secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cli.first_channel import Question, UnfitError, first_channel
from cli.first_config import OWN_WORDS, Answers, Member, config_text, env_text, secrets_of
from cli.show import Exit, View
from connectors.addresses import check_base_url
from connectors.mail.providers import PROVIDERS, ProviderName
from connectors.registry import CHANNELS
from provodka.mistakes import Mistakes
from provodka.units import check_timezone
from provodka.wording import did_you_mean
from rules.team import RESERVED

SECRETS_FILE: Final = ".env.example"
_YAML_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_OF_PROVIDERS: Final[Mapping[str, ProviderName]] = {
    **dict.fromkeys(("mail.ru", "bk.ru", "inbox.ru", "list.ru", "internet.ru"), "mailru"),
    **dict.fromkeys(("yandex.ru", "ya.ru", "yandex.com"), "yandex"),
    **dict.fromkeys(("gmail.com", "googlemail.com"), "gmail"),
    **dict.fromkeys(("outlook.com", "hotmail.com"), "exchange"),
}
_YES: Final = frozenset({"y", "yes", "д", "да", "true", "1"})


@dataclass(frozen=True, slots=True)
class Given:
    """What the options said; None is asked. `staff` are lines: `login [internal number] [chat in Telegram]`."""

    client: str | None = None
    timezone: str | None = None
    crm_url: str | None = None
    channels: str | None = None
    mailbox: str | None = None
    mail_host: str | None = None
    staff: Sequence[str] | None = None
    telegram: bool | None = None


class UnclearError(ValueError):
    """An answer that cannot be understood; the text says why."""


def init(
    file: Path, given: Given, view: View, *, question: Question, force: bool = False, dry_run: bool = False
) -> int:
    """Write `file` and `.env.example` beside it. With `--yes` let `question` return the default.

    Ends with 2, and writes nothing, where one of them is there already (without `force`) or an answer is unclear.
    """
    beside = file.parent / SECRETS_FILE
    there = [path for path in (file, beside) if path.exists()]
    if there and not force:
        view.problem(f"{' and '.join(map(str, there))} exist already", "choose another --out, or overwrite by --force")
        return Exit.USAGE
    try:
        answers = ask(given, question)
    except UnclearError as unclear:
        view.problem(str(unclear))
        return Exit.USAGE
    secrets = secrets_of(answers)
    texts = {file: config_text(answers, SECRETS_FILE), beside: env_text(secrets)}
    if dry_run:
        view.print(*(part for path, text in texts.items() for part in (f"--- {path}", text)))
        return Exit.FINE
    file.parent.mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    view.print(f"{file} and {beside} are written")
    for one in answers.others:
        if one.unfilled:
            view.print(f"still to be filled in: channels.{one.kind}: {', '.join(one.unfilled)}")
    view.print(f"next: set {', '.join(secret.name for secret in secrets)}, then provodka check --config {file}")
    return Exit.FINE


def ask(given: Given, question: Question) -> Answers:
    """Ask for what is not given. Raises UnclearError."""
    client = given.client if given.client is not None else question("Client", "Моя компания")
    zone = given.timezone if given.timezone is not None else question("Time zone", "Europe/Moscow")
    url = given.crm_url if given.crm_url is not None else question("Address of amoCRM", "https://example.amocrm.ru")
    written = given.channels if given.channels is not None else question(_CHANNELS, "tilda, imap")
    channels = read_channels(written)
    user = server = ""
    if "imap" in channels:
        user = given.mailbox if given.mailbox is not None else question("Mailbox", "info@example.ru")
        server = given.mail_host if given.mail_host is not None else question(_SERVER, mail_server(user))
    try:
        others = tuple(first_channel(kind, question) for kind in channels if kind not in OWN_WORDS)
    except UnfitError as unfit:
        raise UnclearError(str(unfit)) from None
    lines = list(given.staff) if given.staff is not None else list(_ask_staff(question))
    telegram = given.telegram if given.telegram is not None else question(_TELEGRAM, "no").strip().lower() in _YES
    return Answers(
        client=_filled("client", client),
        timezone=_timezone(zone.strip()),
        crm_url=read_url(url),
        channels=channels,
        staff=read_staff(lines),
        telegram=telegram,
        mail_user=user.strip(),
        mail_server=server.strip(),
        others=others,
    )


_CHANNELS: Final = f"Channels ({', '.join(CHANNELS)})"
_SERVER: Final = f"Mail provider ({', '.join(PROVIDERS)}) or IMAP server"
_TELEGRAM: Final = "Write to the staff in Telegram (yes, no)"
_STAFF: Final = "Login in the CRM, internal number, chat in Telegram (empty: that is all)"


def _ask_staff(question: Question) -> Iterator[str]:
    while line := question(_STAFF, "").strip():
        yield line


def _filled(name: str, text: str) -> str:
    if not text.strip():
        raise UnclearError(f"{name}: nothing is said")
    return text.strip()


def _timezone(name: str) -> str:
    try:
        return check_timezone(name)
    except Mistakes as mistakes:
        raise UnclearError("; ".join(f"{f.text} ({f.hint})" for f in mistakes.findings)) from None


def read_url(written: str) -> str:
    """The account's address of `krovlya`, `krovlya.amocrm.ru` or a whole address."""
    text = written.strip().rstrip("/")
    if re.fullmatch(r"[\w-]+", text):
        text = f"{text}.amocrm.ru"
    try:
        return check_base_url(text if "://" in text else f"https://{text}")
    except ValueError as error:
        raise UnclearError(f"address of amoCRM: {error}") from None


def read_channels(written: str) -> tuple[str, ...]:
    """Kinds of channels, in any order and separated by anything; at least one."""
    kinds = tuple(dict.fromkeys(re.findall(r"[^\s,;]+", written.lower())))
    for kind in kinds:
        if kind not in CHANNELS:
            raise UnclearError(f'channels: no kind "{kind}" here ({did_you_mean(kind, CHANNELS)})')
    if not kinds:
        raise UnclearError(f"channels: name at least one of {', '.join(CHANNELS)}")
    return kinds


def mail_server(user: str) -> str:
    """Where a mailbox of this address usually is: a provider that we know, else the usual host of its domain."""
    domain = user.strip().lower().rpartition("@")[2]
    return _OF_PROVIDERS.get(domain, f"imap.{domain}" if domain else "")


def read_staff(lines: Sequence[str]) -> tuple[Member, ...]:
    """The staff of their lines, each with a key made of the login."""
    members: dict[str, Member] = {}
    for line in lines:
        login, *rest = re.findall(r"[^\s,;]+", line) or [""]
        if not login or len(rest) > 2 or not all(part.isdigit() for part in rest):
            raise UnclearError(f"staff: «{line}» is not a login, an internal number and a chat's number")
        key = _key(login, members)
        members[key] = Member(key, login, rest[0] if rest else "", int(rest[1]) if len(rest) > 1 else None)
    return tuple(members.values())


def _key(login: str, taken: dict[str, Member]) -> str:
    """The first part of the login as a plain YAML key that nobody has."""
    base = re.sub(r"[^a-z0-9]+", "_", login.partition("@")[0].lower()).strip("_")
    if not base or not base[0].isalpha() or base in RESERVED | _YAML_WORDS:
        base = f"staff_{base}".rstrip("_")
    key, number = base, 2
    while key in taken:
        key, number = f"{base}_{number}", number + 1
    return key
