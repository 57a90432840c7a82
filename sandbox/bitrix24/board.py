"""The board: leads or a funnel of deals as a web page that a person can look at and move cards on."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from flask import Response, abort, jsonify, request

from sandbox.bitrix24.board_view import BoardView
from sandbox.bitrix24.errors import Json, RestError
from sandbox.bitrix24.schema import BY_WORD, TYPES, EntityType
from sandbox.pages import page

if TYPE_CHECKING:
    from sandbox.bitrix24.app import Bitrix24

WAIT = 20.0
WAITERS = 8
CARD = "<any(lead,deal):word>"


class Board:
    """The pages of one portal. Whatever a person does here is done as the portal's head of sales."""

    def __init__(self, portal: Bitrix24) -> None:
        self.portal = portal
        self.store = portal.store
        self._waiting = threading.BoundedSemaphore(WAITERS)

    def page(self) -> Response:
        """`GET /`: the first board, `?board=deal-1` for another."""
        with self.store.lock:
            return self._page(self._wanted(), None)

    def details(self, word: str, number: int) -> Response:
        """`GET /crm/deal/details/<id>/`: the board with that card open, at the address the portal itself uses."""
        with self.store.lock:
            kind, row = self._card(word, number)
            view = self._view()
            wanted = view.board_of(kind, row)
            board = next((one for one in view.boards() if one["key"] == wanted), view.boards()[0])
            return self._page(board, view.card(kind, row))

    def columns(self) -> Response:
        with self.store.lock:
            return page("columns.html", self._columns(self._wanted()))

    def card(self, word: str, number: int) -> Response:
        with self.store.lock:
            return page("card.html", {"card": self._view().card(*self._card(word, number))})

    def wait(self) -> Response:
        """`GET /board/wait?since=<revision>`: answers when something changed, or after 20 s.

        Every waiting browser holds a thread of the server, so one above the eighth is answered at once.
        """
        since = request.args.get("since", "0")
        if not self._waiting.acquire(blocking=False):
            return jsonify({"revision": self.store.revision, "crowded": True})
        try:
            revision = self.store.wait_for_change(int(since) if since.isdigit() else 0, WAIT)
        finally:
            self._waiting.release()
        return jsonify({"revision": revision})

    def move(self, word: str, number: int) -> Response:
        """`POST /board/deal/<id>/move {"stage": "C1:NEW"}` within the card's funnel."""
        kind = BY_WORD[word]
        wanted = {"stageId": self._json().get("stage")}
        return self._act("crm.item.update", {"entityTypeId": kind.id, "id": number, "fields": wanted})

    def complete_task(self, number: int) -> Response:
        """`POST /board/task/<id>/complete {"text": "результат"}`."""
        text = str(self._json().get("text") or "")
        if text:
            comment = {"taskId": number, "fields": {"POST_MESSAGE": text}}
            message = self._run("task.commentitem.add", comment)
            self._run("tasks.task.result.addFromComment", {"commentId": message})
        return self._act("tasks.task.complete", {"taskId": number})

    def complete_todo(self, number: int) -> Response:
        """`POST /board/todo/<id>/complete`."""
        self._json()
        return self._act("crm.activity.update", {"id": number, "fields": {"COMPLETED": "Y"}})

    def _act(self, method: str, params: Json) -> Response:
        self._run(method, params)
        return jsonify({"revision": self.store.revision})

    def _run(self, method: str, params: Json) -> object:
        return self.portal.act(self.portal.seed.board_user, method, params).value

    def _json(self) -> Json:
        # Only JSON is taken: a form on a foreign page cannot send it without the browser asking first.
        body = request.get_json(silent=True) if request.is_json else None
        if not isinstance(body, dict):
            raise RestError("INVALID_REQUEST", "a JSON object is expected")
        return body

    def _page(self, board: Json, card: Json | None) -> Response:
        view = self._view()
        tabs = [{**one, "current": one["key"] == board["key"]} for one in view.boards()]
        shown = {
            **self._columns(board),
            "portal": self.portal.seed.name,
            "tabs": tabs,
            "card": card,
            "columns_at": f"/board/columns?board={board['key']}",
            "home_at": f"/?board={board['key']}",
        }
        return page("board.html", shown)

    def _columns(self, board: Json) -> Json:
        view = self._view()
        return {
            "board": board,
            "columns": view.columns(board),
            "stages": view.stages(TYPES[board["kind"]], board["category"]),
            "bells": view.bells(),
            "revision": self.store.revision,
        }

    def _wanted(self) -> Json:
        boards = self._view().boards()
        return next((one for one in boards if one["key"] == request.args.get("board")), boards[0])

    def _card(self, word: str, number: int) -> tuple[EntityType, Json]:
        row = self.store.get(BY_WORD[word].table, number)
        if row is None:
            abort(404, "Такой карточки нет")
        return BY_WORD[word], row

    def _view(self) -> BoardView:
        return BoardView(self.store, self.portal.events, self.portal.clock(), self.portal.mode())


def add_board_routes(portal: Bitrix24) -> None:
    """Register the pages and what they call."""
    board = Board(portal)
    for method, path, view in (
        ("GET", "/", board.page),
        ("GET", f"/crm/{CARD}/details/<int:number>/", board.details),
        ("GET", "/board/columns", board.columns),
        ("GET", f"/board/{CARD}/<int:number>", board.card),
        ("GET", "/board/wait", board.wait),
        ("POST", f"/board/{CARD}/<int:number>/move", board.move),
        ("POST", "/board/task/<int:number>/complete", board.complete_task),
        ("POST", "/board/todo/<int:number>/complete", board.complete_todo),
    ):
        portal.app.add_url_rule(path, f"board_{view.__name__}", view, methods=[method])
