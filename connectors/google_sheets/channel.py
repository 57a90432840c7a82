"""Takes what the Apps Script of the docs brings when somebody has answered a form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from connectors.bodies import fields_of, plain_body
from connectors.google_sheets.settings import GoogleSheetsSettings
from connectors.secrecy import cutter, same_secret, secret_in_url
from connectors.tables.grid import row_of
from connectors.tables.rows import Reading, Refusal
from connectors.tables.sheet import Row
from connectors.tables.shown import shown
from connectors.talks.reading import count, word
from provodka.channel import Around, Delivery, PartsReader, Received, RefusedError, Reply, UnreadableError

_OK: Final = Reply(body=b"ok")
NO_ANSWERS: Final = "namedValues is missing: the script is not the one of the docs"


class FormsChannel:
    """JSON `{"secret", "spreadsheetId", "spreadsheet", "sheet", "row", "namedValues": {question: [answer, …]}}`; the
    key of the event is that of the row in the table, which may be looked at or imported besides."""

    def __init__(self, name: str, settings: GoogleSheetsSettings, around: Around) -> None:
        self.name = name
        self._settings = settings
        self._around = around
        self._secret = settings.secret.get_secret_value() if settings.secret else ""
        self._cut = cutter([self._secret])

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """One event. A browser's GET is answered and leaves nothing behind."""
        del parts
        if delivery.method != "POST":
            self._authenticate(delivery, {})
            return Received(reply=_OK)
        try:
            fields = fields_of(delivery)
        except UnreadableError:
            self._authenticate(delivery, {})
            raise
        self._authenticate(delivery, fields)
        told = self._reading(fields).event(self._row(fields), delivery.received_at)
        if isinstance(told, Refusal):
            raise UnreadableError(f"{told.why}. {told.cure}", _OK)
        event = replace(told, raw=self._cut(plain_body(delivery)))
        return Received(events=(event,), reply=_OK)

    def _authenticate(self, delivery: Delivery, fields: Mapping[str, Any]) -> None:
        told = fields.get("secret")
        in_body = isinstance(told, str) and same_secret(told, self._secret)
        if not (secret_in_url(delivery, self._secret) or in_body):
            raise RefusedError("the secret is wrong or absent")

    def _reading(self, fields: Mapping[str, Any]) -> Reading:
        told = self._settings
        book = word(fields.get("spreadsheetId"))
        if told.spreadsheet and book and book != told.id:
            raise UnreadableError(f"the answer is of another table: {book}", _OK)
        title = word(fields.get("spreadsheet")) or book
        own = frozenset([told.mark] if told.mark else [])
        return Reading(
            self.name, title, word(fields.get("sheet")), self._around.zone, told.map, told.aliases, tuple(told.key), own
        )

    def _row(self, fields: Mapping[str, Any]) -> Row:
        answers = fields.get("namedValues")
        if not isinstance(answers, dict) or not answers:
            raise UnreadableError(NO_ANSWERS, _OK)
        return row_of(count(fields.get("row")), _cells(answers))


def _cells(answers: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Questions of one name have their answers in one list; those of sections that were not shown are empty."""
    for question, answer in answers.items():
        given = [shown(one).strip() for one in (answer if isinstance(answer, list) else [answer])]
        for number, text in enumerate(filter(None, given), 1):
            yield (question if number == 1 else f"{question} {number}"), text


def receiver(name: str, settings: GoogleSheetsSettings, around: Around) -> FormsChannel:
    """The receiver of the channel `name`."""
    return FormsChannel(name, settings, around)
