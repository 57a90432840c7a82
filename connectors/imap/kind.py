"""What a letter is: from a person who waits for an answer, or from a machine."""

from __future__ import annotations

import re
from typing import Final

from connectors.imap.headers import Headers, RawMessage, param
from connectors.imap.parts import leaves
from connectors.imap.reports import actions, report_type
from connectors.imap.robots import is_machine
from connectors.imap.settings import ImapSettings
from provodka.payloads import MailKind

MOST_HOPS: Final = 40
"""Servers on the way; a letter that has seen more goes round in a circle (RFC 5321, 6.3 allows a hundred)."""

_DAEMONS: Final = ("mailer-daemon@", "mail-daemon@", "postmaster@", "mdaemon@", "microsoftexchange")
_AUTOMATIC_SUBJECT = re.compile(
    r"^\s*(?:re\s*:\s*)?\[?(?:автоответ(?:чик)?|автоматический ответ|автоматическое (?:уведомление|сообщение)"
    r"|out of (?:the )?office|auto[- ]?(?:reply|response)|automatic (?:reply|response)|вне офиса|отсутствие на работе)"
    r"(?:\]|\s*[:!.—–-]|\s*$|\s+(?:на сообщение|на письмо|re\b|from\b|to\b))",
    re.IGNORECASE,
)
_FAILURE_SUBJECT = re.compile(
    r"не\s?доставлен|не\s?уда(?:ется|ётся|лось) доставить|доставка не удалась|не может быть доставлено"
    r"|возврат (?:письма|почты)|undeliver|delivery (?:status|failure|has failed|failed)|mail failure|failure notice"
    r"|returned (?:mail|to sender)",
    re.IGNORECASE,
)
_DELAY_SUBJECT = re.compile(r"delay|still being retried|warning: could not send|задерж|отложен", re.IGNORECASE)
_RECEIPT_SUBJECT = re.compile(r"^\s*(?:прочтено|прочитано|доставлено|read|delivered|relayed)\s*:", re.IGNORECASE)
_JUNK: Final = frozenset({"спам", "spam", "junk", "junk e-mail", "junk email", "bulk mail", "нежелательная почта"})
_SPAM_SUBJECT = re.compile(r"^\s*(?:\[\s*(?:spam|спам)\s*\]|\*{3,5}\s*(?:spam|спам)\s*\*{3,5})", re.IGNORECASE)
_SPAM_MARKS: Final = {
    "X-Spam-Flag": re.compile(r"yes|true|1\b", re.IGNORECASE),
    "X-Spam-Status": re.compile(r"yes\b", re.IGNORECASE),
    "X-Spam": re.compile(r"yes\b|spam\b|probable spam", re.IGNORECASE),
    "X-Yandex-Spam": re.compile(r"4\b"),  # 1 is a letter, 2 and 3 are mass mail
    "X-Mailru-Spam": re.compile(r"yes\b|1\b", re.IGNORECASE),
    "X-Rspamd-Action": re.compile(r"add header|rewrite subject|reject", re.IGNORECASE),
    "X-MS-Exchange-Organization-SCL": re.compile(r"[5-9]\b"),
    "X-KLMS-AntiSpam-Status": re.compile(r"spam\b|probable_spam", re.IGNORECASE),
    "X-DrWeb-SpamState": re.compile(r"yes\b", re.IGNORECASE),
}


def kind_of(
    message: RawMessage, headers: Headers, sender: str, folder: str, settings: ImapSettings, *, is_form: bool = False
) -> MailKind:
    """By RFC 3834 and RFC 3464, the marks that programs leave, and where a mail service has put the letter.

    A form that a site sent is a letter even where the site calls it automatic or bulk: a person waits.
    """
    if (report := _report(message, headers, sender)) is not None:
        return report
    if _is_answer_of_a_machine(message, headers) or _goes_round(headers, settings):
        return MailKind.AUTOREPLY
    if is_form:
        return MailKind.LETTER
    if _is_spam(headers, folder):
        return MailKind.SPAM
    if headers.has("List-Unsubscribe", "List-Id", "Feedback-ID") or _precedence(headers) in {"bulk", "junk", "list"}:
        return MailKind.BULK
    return MailKind.AUTOREPLY if _is_automatic(headers, sender) else MailKind.LETTER


def _report(message: RawMessage, headers: Headers, sender: str) -> MailKind | None:
    """What a server or a mail program tells of a letter of ours, if this is such a word."""
    subject, kind = headers.text("Subject"), report_type(message)
    told = actions(message)
    if kind == "disposition-notification":
        return MailKind.RECEIPT
    if told or kind == "delivery-status":
        if "failed" in told or not told:
            return MailKind.BOUNCE
        return MailKind.DELAYED if "delayed" in told else MailKind.RECEIPT
    if headers.has("X-Failed-Recipients"):
        return MailKind.BOUNCE
    if not sender.startswith(_DAEMONS):
        return MailKind.RECEIPT if kind and _RECEIPT_SUBJECT.match(subject) else None
    if _DELAY_SUBJECT.search(subject):
        return MailKind.DELAYED
    return MailKind.BOUNCE if _FAILURE_SUBJECT.search(subject) else None


def _is_answer_of_a_machine(message: RawMessage, headers: Headers) -> bool:
    return (
        _auto_submitted(headers).startswith(("auto-replied", "auto-notified"))
        or headers.has("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Autoreply-From", "X-Mail-Autoreply")
        or _precedence(headers) in {"auto_reply", "auto-reply"}
        or bool(_AUTOMATIC_SUBJECT.search(headers.text("Subject")))
        or report_type(message) != ""
        or any(_is_calendar_reply(part) for part in leaves(message))
    )


def _goes_round(headers: Headers, settings: ImapSettings) -> bool:
    """Whether the letter comes back to where it was: to go on with it would never end."""
    loops = {value.strip().lower() for value in headers.values("X-Loop")}
    return any(settings.is_own(each) for each in loops) or len(headers.values("Received")) > MOST_HOPS


def _is_spam(headers: Headers, folder: str) -> bool:
    place = re.split(r"[/|.]", folder)[-1].strip().casefold()
    marked = any(mark.match(headers.text(name)) for name, mark in _SPAM_MARKS.items() if headers.has(name))
    return place in _JUNK or marked or bool(_SPAM_SUBJECT.match(headers.text("Subject")))


def _is_automatic(headers: Headers, sender: str) -> bool:
    """A robot's answer has none of the marks above, sometimes: «Ваше обращение зарегистрировано»."""
    return (
        _auto_submitted(headers) not in {"", "no"}
        or headers.has("X-Auto-Response-Suppress")
        or headers.raw("Return-Path").strip() == "<>"
        or sender.startswith(_DAEMONS)
        or (is_machine(sender) and headers.has("In-Reply-To", "References"))
    )


def _auto_submitted(headers: Headers) -> str:
    return headers.text("Auto-Submitted").lower().partition(";")[0].strip()


def _precedence(headers: Headers) -> str:
    return headers.text("Precedence").lower()


def _is_calendar_reply(part: RawMessage) -> bool:
    return part.get_content_type() == "text/calendar" and param(part, "method").upper() in {"REPLY", "COUNTER"}
