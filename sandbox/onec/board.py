"""The accountant's desk: a page on which the clicks of a person in 1C can be played."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from flask import Response, abort, jsonify, request

from sandbox.onec.board_view import PARTIES, TABS, BoardView
from sandbox.onec.control import Control
from sandbox.onec.errors import NotFoundError
from sandbox.onec.papers import Paper
from sandbox.pages import page

if TYPE_CHECKING:
    from sandbox.onec.app import OneC

WAIT = 20.0
WAITERS = 8


class Board:
    """The pages of one base; what is done on them goes the way of the accountant's acts."""

    def __init__(self, onec: OneC, control: Control) -> None:
        self.onec = onec
        self.control = control
        self.view = BoardView(onec.base)
        self._waiting = threading.BoundedSemaphore(WAITERS)

    def page(self) -> Response:
        """`GET /`: the invoices, `?tab=payment` for others."""
        return self._page(self._tab(), None)

    def document_page(self, ref: str) -> Response:
        """`GET /document/<ref>`: the list of its kind with that document open."""
        with self.onec.base.lock:
            return self._page(self._paper(ref).kind, ref)

    def list(self) -> Response:
        """`GET /board/list?tab=…`: the list alone."""
        with self.onec.base.lock:
            return page("list.html", self._list(self._tab()))

    def document(self, ref: str) -> Response:
        """`GET /board/document/<ref>`: the document alone."""
        with self.onec.base.lock:
            return page("document.html", {"document": self.view.document(self._paper(ref))})

    def wait(self) -> Response:
        """`GET /board/wait?since=<revision>`: answers when something changed, or after 20 s.

        Every waiting browser holds a thread of the server, so one above the eighth is answered at once.
        """
        since = request.args.get("since", "0")
        if not self._waiting.acquire(blocking=False):
            return jsonify({"revision": self.onec.base.revision, "crowded": True})
        try:
            revision = self.onec.base.wait_for_change(int(since) if since.isdigit() else 0, WAIT)
        finally:
            self._waiting.release()
        return jsonify({"revision": revision})

    def act(self) -> tuple[Response, int]:
        """`POST /board/act`: as `/_sandbox/acts`, but of JSON alone, which a foreign page cannot send unasked."""
        if not request.is_json:
            return jsonify({"error": "a JSON object is expected"}), 400
        return self.control.act()

    def _page(self, tab: str, ref: str | None) -> Response:
        with self.onec.base.lock:
            opened = self.view.document(self._paper(ref)) if ref else None
            organization = self.onec.base.all(self.onec.base.configuration.roles.organization)[0]
            firm, title = organization["Description"], self.onec.base.configuration.title
            return page("board.html", {**self._list(tab), "firm": firm, "title": title, "document": opened})

    def _list(self, tab: str) -> dict[str, object]:
        listed = {"parties": self.view.parties()} if tab == PARTIES else self.view.rows(tab)
        return {"tab": tab, "tabs": self.view.tabs(tab), "revision": self.onec.base.revision, **listed}

    def _tab(self) -> str:
        wanted = request.args.get("tab", "")
        return wanted if wanted in TABS or wanted == PARTIES else "invoice"

    def _paper(self, ref: str) -> Paper:
        try:
            return self.onec.base.papers.of(ref)
        except NotFoundError:
            abort(404, "Такого документа нет")


def add_board_routes(onec: OneC, control: Control) -> None:
    """Register the pages and what they call."""
    board = Board(onec, control)
    for method, path, view in (
        ("GET", "/", board.page),
        ("GET", "/document/<ref>", board.document_page),
        ("GET", "/board/list", board.list),
        ("GET", "/board/document/<ref>", board.document),
        ("GET", "/board/wait", board.wait),
        ("POST", "/board/act", board.act),
    ):
        onec.app.add_url_rule(path, f"board_{view.__name__}", view, methods=[method])
