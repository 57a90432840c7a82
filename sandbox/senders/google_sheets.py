"""Google Sheets and Forms: a spreadsheet that people type into, its API behind a service account, and its link.

The key of the service account is at `/google/account.json`; the page at `/google/` lets one type rows in, sort them and
move their columns.
"""

from __future__ import annotations

import csv
import html
import io
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any, ClassVar, Final

import jwt
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask, Response, jsonify, redirect, request

from sandbox.pages import gettext
from sandbox.senders.paper import page
from sandbox.senders.service import Answers, Client, Service, as_json, utc_now

EMAIL: Final = "provodka@sandbox.iam.gserviceaccount.com"
BOOK: Final = "1AbCexampleSandboxTable"
GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
HEADINGS: Final = ["Отметка времени", "Имя", "Телефон", "Что интересует?"]
_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 -- a table's dates have no zone

Cell = str | int | float | bool | datetime


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _private() -> str:
    return (
        _key()
        .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        .decode()
    )


class GoogleSheets(Service):
    """`sheets` are the rows by the title of their sheet; `shared` who may read: the account, and whoever has the link.
    `left` is how many more requests the quota of this minute allows."""

    name: ClassVar[str] = "google_sheets"
    title: ClassVar[str] = "Google Таблица и форма"
    group: ClassVar[str] = "Сайт и почта"
    buttons: ClassVar[Mapping[str, str]] = {
        "answer": "Ответ на форму",
        "type_row": "Строка вручную",
        "move_columns": "Переставить столбцы",
        "sort_rows": "Сортировать",
        "delete_row": "Удалить строку",
    }
    fields: ClassVar[Mapping[str, str]] = {"url": "Адрес приёмника (скрипт формы)", "secret": "Секрет скрипта"}
    defaults: ClassVar[Mapping[str, str]] = {"url": "", "secret": "sandbox-secret"}
    prefix: ClassVar[str] = "/google"

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(now)
        self.reset()

    def reset(self) -> None:
        self.sheets: dict[str, list[list[Cell]]] = {"Ответы на форму (1)": [list(HEADINGS)]}
        self.shared, self.linked = True, True
        self.left: int | None = None
        self.reads = self.writes = self.refused = 0
        self._tokens: set[str] = set()

    @property
    def own_page(self) -> str:
        return f"{self.prefix}/"

    def stats(self) -> dict[str, Any]:
        rows = sum(max(0, len(rows) - 1) for rows in self.sheets.values())
        return {"rows": rows, "reads": self.reads, "writes": self.writes, "refused": self.refused}

    def account(self, base: str) -> dict[str, str]:
        """The JSON key that an integrator would download; `base` is the address of the senders."""
        return {
            "type": "service_account",
            "client_email": EMAIL,
            "private_key_id": "sandbox",
            "private_key": _private(),
            "token_uri": f"{base}{self.prefix}/token",
        }

    @property
    def rows(self) -> list[list[Cell]]:
        """Those of the first sheet, its headings with them."""
        return next(iter(self.sheets.values()))

    def add(self, cells: Mapping[str, Cell]) -> None:
        """Append a row by its headings."""
        self.rows.append([cells.get(str(heading), "") for heading in self.rows[0]])

    # the buttons

    def answer(self, client: Client, given: Mapping[str, str]) -> Answers:
        """Somebody answers the form: Google appends a row, and the script, if it has an address, tells of it."""
        moment = (self.now() + timedelta(hours=3)).replace(tzinfo=None, microsecond=0)
        said = {"Имя": client.name, "Телефон": client.phone, "Что интересует?": client.text}
        self.add({"Отметка времени": moment, **said})
        if not given.get("url"):
            return []
        named = {"Отметка времени": _shown(moment), **said}
        body = {
            "secret": given.get("secret", ""),
            "spreadsheetId": BOOK,
            "spreadsheet": "Заявки",
            "sheet": next(iter(self.sheets)),
            "row": len(self.rows),
            "namedValues": {question: [text] for question, text in named.items()},
        }
        headers = {"Content-Type": "application/json", "User-Agent": "Mozilla/5.0 (compatible; Google-Apps-Script)"}
        return [requests.post(given["url"], as_json(body), headers=headers, timeout=30)]

    def type_row(self, client: Client, given: Mapping[str, str]) -> Answers:
        """A manager types it in, without a moment; Google takes digits for a number."""
        del given
        self.add({"Имя": client.name, "Телефон": int(client.digits), "Что интересует?": client.text})
        return []

    def move_columns(self, client: Client, given: Mapping[str, str]) -> Answers:
        """The last column becomes the first."""
        del client, given
        width = len(self.rows[0])
        for row in self.rows:
            row += [""] * (width - len(row))
            row.insert(0, row.pop())
        return []

    def sort_rows(self, client: Client, given: Mapping[str, str]) -> Answers:
        """By their texts, backwards."""
        del client, given
        head, *rows = self.rows
        self.rows[:] = [head, *sorted(rows, key=lambda row: [_shown(cell) for cell in row], reverse=True)]
        return []

    def delete_row(self, client: Client, given: Mapping[str, str]) -> Answers:
        """The first one below the headings."""
        del client, given
        del self.rows[1:2]
        return []

    # the API

    def mount(self, app: Flask) -> None:
        book = f"{self.prefix}/v4/spreadsheets/<book>"
        for path, view, method in (
            (f"{self.prefix}/account.json", self._account, "GET"),
            (f"{self.prefix}/token", self._token, "POST"),
            (book, self._behind(self._describe), "GET"),
            (f"{book}/values:batchGet", self._behind(self._values), "GET"),
            (f"{book}/values:batchUpdate", self._behind(self._update), "POST"),
            (f"{self.prefix}/spreadsheets/d/<book>/export", self._export, "GET"),
            (f"{self.prefix}/download/<book>", self._download, "GET"),
            (self.own_page, self._page, "GET"),
            (f"{self.prefix}/type", self._typed, "POST"),
        ):
            app.add_url_rule(path, f"google {path}", view, methods=[method])

    def _account(self) -> Response:
        return jsonify(self.account(request.host_url.rstrip("/")))

    def _token(self) -> Response:
        """What a service account signs is looked at as Google does: who, for whom, until when, and for what."""
        where = f"{request.host_url.rstrip('/')}{self.prefix}/token"
        try:
            claims = jwt.decode(request.form.get("assertion", ""), _key().public_key(), ["RS256"], audience=where)
        except jwt.PyJWTError:
            return _said(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
        if request.form.get("grant_type") != GRANT or claims.get("iss") != EMAIL or "scope" not in claims:
            return _said(400, {"error": "invalid_grant", "error_description": "Invalid grant"})
        token = f"ya29.{secrets.token_hex(8)}{'.ro' if claims['scope'].endswith('.readonly') else ''}"
        self._tokens.add(token)
        return jsonify({"access_token": token, "expires_in": 3599, "token_type": "Bearer"})

    def forget_tokens(self) -> None:
        """None of those that were given out is accepted any more."""
        self._tokens.clear()

    def _behind(self, view: Callable[[], Response]) -> Callable[..., Response]:
        def checked(book: str) -> Response:
            token = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if token not in self._tokens:
                return self._no(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
            if book != BOOK:
                return self._no(404, "NOT_FOUND", "Requested entity was not found.")
            if not self.shared:
                return self._no(403, "PERMISSION_DENIED", "The caller does not have permission")
            if request.method == "POST" and token.endswith(".ro"):
                return self._no(403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.")
            if self.left is not None:
                if self.left == 0:
                    return self._no(429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'Read requests'")
                self.left -= 1
            return view()

        return checked

    def _no(self, status: int, code: str, words: str) -> Response:
        self.refused += 1
        return _said(status, {"error": {"code": status, "message": words, "status": code}})

    def _describe(self) -> Response:
        sheets = [
            {"properties": {"sheetId": number, "title": title, "index": number, "sheetType": "GRID"}}
            for number, title in enumerate(self.sheets)
        ]
        return jsonify({"spreadsheetId": BOOK, "properties": {"title": "Заявки"}, "sheets": sheets})

    def _values(self) -> Response:
        """Rows without their empty ends, as the real one gives them."""
        self.reads += 1
        plain = request.args.get("valueRenderOption") == "UNFORMATTED_VALUE"
        serial = request.args.get("dateTimeRenderOption", "SERIAL_NUMBER") == "SERIAL_NUMBER"
        found = []
        for wanted in request.args.getlist("ranges"):
            title = _unquoted(wanted)
            if title not in self.sheets:
                return self._no(400, "INVALID_ARGUMENT", f"Unable to parse range: {wanted}")
            rows = [_cut([_given(cell, plain, serial) for cell in row]) for row in self.sheets[title]]
            whole = {"range": f"'{title}'!A1:Z{len(rows)}", "majorDimension": "ROWS"}
            found.append({**whole, "values": rows} if any(rows) else whole)
        return jsonify({"spreadsheetId": BOOK, "valueRanges": found})

    def _update(self) -> Response:
        self.writes += 1
        for one in request.get_json(force=True)["data"]:
            title, _, place = one["range"].rpartition("!")
            column, row = place.rstrip("0123456789"), int(place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
            number = 0
            for letter in column:
                number = number * 26 + ord(letter) - ord("A") + 1
            cells = self.sheets[_unquoted(title)][row - 1]
            cells += [""] * (number - len(cells))
            cells[number - 1] = one["values"][0][0]
        return jsonify({"spreadsheetId": BOOK})

    def _export(self, book: str) -> Response:
        """By the link: led on to where the file is, or to the page on which one signs in."""
        if book != BOOK:
            return Response("<html>Not found</html>", 404, mimetype="text/html")
        if not self.linked:
            return Response("<html><title>Google Sheets: Sign-in</title></html>", mimetype="text/html")
        sent = redirect(f"{self.prefix}/download/{book}?gid={request.args.get('gid', '0')}", 307)
        assert isinstance(sent, Response)  # noqa: S101
        return sent

    def _download(self, book: str) -> Response:
        del book
        self.reads += 1
        titles, number = list(self.sheets), int(request.args["gid"])
        if number >= len(titles):
            return Response("<html>Bad Request</html>", 400, mimetype="text/html")
        out = io.StringIO()
        rows = self.sheets[titles[number]]
        width = max(map(len, rows), default=0)
        csv.writer(out).writerows([*map(_shown, row), *[""] * (width - len(row))] for row in rows)
        answer = Response(out.getvalue().encode(), mimetype="text/csv")
        answer.headers["Content-Disposition"] = "attachment; filename*=UTF-8''%D0%97%D0%B0%D1%8F%D0%B2%D0%BA%D0%B8.csv"
        return answer

    # the page

    def _page(self) -> Response:
        """The first sheet, and a row to type in."""
        head, *rows = [[html.escape(_shown(cell)) for cell in row] for row in self.rows]
        body = "".join(f"<tr><td>{'<td>'.join(row)}" for row in rows)
        inputs = "".join(f"<td><input name='{number}' aria-label='{text}'>" for number, text in enumerate(head))
        table = (
            f"<form method=post action='{self.prefix}/type'><div class=wide><table>"
            f"<tr><th scope=col>{'<th scope=col>'.join(head)}{body}<tr>{inputs}</table></div>"
            f'<p class="row"><button>{gettext("Добавить строку")}</button></p></form>'
        )
        under = gettext("Google Таблица песочницы, лист «%s»: впишите строку внизу, и она станет заявкой.")
        return page("Заявки", table, under=under % next(iter(self.sheets)))

    def _typed(self) -> Response:
        """Digits that are typed in become a number, as in Google."""
        cells = [request.form.get(str(number), "") for number in range(len(self.rows[0]))]
        self.rows.append([int(cell) if cell.isdecimal() and not cell.startswith("0") else cell for cell in cells])
        sent = redirect(f"{self.prefix}/", 303)
        assert isinstance(sent, Response)  # noqa: S101
        return sent


def _given(cell: Cell, plain: bool, serial: bool) -> Any:  # noqa: ANN401 -- a JSON value
    if isinstance(cell, datetime):
        return (cell - _EPOCH) / timedelta(days=1) if plain and serial else _shown(cell)
    return cell if plain else _shown(cell)


def _shown(cell: Cell) -> str:
    if isinstance(cell, datetime):
        return f"{cell:%d.%m.%Y %H:%M:%S}"
    if isinstance(cell, bool):
        return str(cell).upper()
    return f"{cell}".replace(".", ",") if isinstance(cell, float) else str(cell)


def _unquoted(title: str) -> str:
    return title[1:-1].replace("''", "'") if title.startswith("'") else title


def _cut(row: list[Any]) -> list[Any]:
    while row and row[-1] == "":
        row.pop()
    return row


def _said(status: int, body: object) -> Response:
    answer = jsonify(body)
    answer.status_code = status
    return answer
