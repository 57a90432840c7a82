"""The board: the pipeline as a web page that a person can look at and move leads on."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from flask import Response, abort, jsonify, request

from sandbox.amocrm import api_talks, api_tasks
from sandbox.amocrm.board_view import BoardView
from sandbox.amocrm.call import Call
from sandbox.amocrm.model import Json, Lead, Pipeline
from sandbox.amocrm.problems import Problem
from sandbox.pages import page

if TYPE_CHECKING:
    from sandbox.amocrm.app import AmoCrm

WAIT = 20.0
WAITERS = 8


class Board:
    """The pages of one emulator. Whatever a person does here is done as the account's administrator."""

    def __init__(self, crm: AmoCrm) -> None:
        self.crm = crm
        self.store = crm.store
        self._waiting = threading.BoundedSemaphore(WAITERS)

    def page(self) -> Response:
        """`GET /`: the pipeline, `?pipeline=<id>` for another than the main one."""
        with self.store.lock:
            return self._board(self._wanted_pipeline(), None)

    def detail(self, lead_id: int) -> Response:
        """`GET /leads/detail/<id>`: the board with that card open, at the address amoCRM itself uses."""
        with self.store.lock:
            lead = self._lead(lead_id)
            return self._board(self.store.pipelines[lead.pipeline_id], lead)

    def columns(self) -> Response:
        with self.store.lock:
            return page("columns.html", self._columns(self._wanted_pipeline()))

    def card(self, lead_id: int) -> Response:
        with self.store.lock:
            return page("card.html", {"card": self._view().lead(self._lead(lead_id))})

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

    def move(self, lead_id: int) -> Response:
        """`POST /board/leads/<id>/move {"status_id": …}` within the lead's pipeline."""
        status_id = self._json().get("status_id")

        def work(call: Call) -> None:
            lead = self._lead(lead_id)
            reader = call.reader()
            draft = reader.patch("leads", lead.id, {"status_id": status_id}, "0")
            reader.checks.finish()
            if lead.status_id != status_id:
                call.writer().patch(lead, draft)

        return self._act(work)

    def complete(self, task_id: int) -> Response:
        """`POST /board/tasks/<id>/complete {"text": "результат"}`."""
        text = str(self._json().get("text") or "")

        def work(call: Call) -> None:
            task = self.store.tasks.get(task_id)
            if task is None:
                abort(404)
            result: Json | None = {"text": text} if text else None
            api_tasks.update_task(call, task, {"is_completed": True, "result": result})

        return self._act(work)

    def say(self, talk_id: int) -> Response:
        """`POST /board/talks/<id>/say {"text": "ответ", "picture": "https://…"}`: a manager's word to the client."""
        text, picture = (str(self._json().get(name) or "").strip() for name in ("text", "picture"))

        def work(call: Call) -> None:
            talk = self.store.talks.get(talk_id)
            if talk is None or not (text or picture):
                abort(404 if talk is None else 400)
            _, shot = api_talks.say(call, self.store.chats[talk.chat_id], call.user, text, picture)
            if shot is not None:
                self.crm.shots.post(shot)

        return self._act(work)

    def _act(self, work: Any) -> Response:  # noqa: ANN401  # Callable[[Call], None]
        self.crm.act(self.store.token_user(), work)
        return jsonify({"revision": self.store.revision})

    def _json(self) -> Json:
        # Only JSON is taken: a form on a foreign page cannot send it without the browser asking first.
        body = request.get_json(silent=True) if request.is_json else None
        if not isinstance(body, dict):
            raise Problem(400, "Invalid request body")
        return body

    def _board(self, pipeline: Pipeline, lead: Lead | None) -> Response:
        view = self._view()
        shown = {
            **self._columns(pipeline),
            "account": self.store.seed.name,
            "pipelines": view.pipelines(pipeline),
            "card": lead and view.lead(lead),
            "columns_at": f"/board/columns?pipeline={pipeline.id}",
            "home_at": f"/?pipeline={pipeline.id}",
        }
        return page("board.html", shown)

    def _columns(self, pipeline: Pipeline) -> Json:
        view = self._view()
        return {
            "pipeline": {"id": pipeline.id, "name": pipeline.name},
            "columns": view.columns(pipeline),
            "stages": view.stages(pipeline),
            "revision": self.store.revision,
        }

    def _wanted_pipeline(self) -> Pipeline:
        wanted = request.args.get("pipeline", "")
        found = self.store.pipelines.get(int(wanted)) if wanted.isdigit() else None
        return found or self.store.main_pipeline()

    def _lead(self, lead_id: int) -> Lead:
        lead = self.store.leads.get(lead_id)
        if lead is None or lead.is_deleted:
            abort(404, "Такой сделки нет")
        return lead

    def _view(self) -> BoardView:
        return BoardView(self.store, self.crm.clock())


def add_board_routes(crm: AmoCrm) -> None:
    """Register the pages and what they call."""
    board = Board(crm)
    for method, path, view in (
        ("GET", "/", board.page),
        ("GET", "/leads/detail/<int:lead_id>", board.detail),
        ("GET", "/board/columns", board.columns),
        ("GET", "/board/leads/<int:lead_id>", board.card),
        ("GET", "/board/wait", board.wait),
        ("POST", "/board/leads/<int:lead_id>/move", board.move),
        ("POST", "/board/tasks/<int:task_id>/complete", board.complete),
        ("POST", "/board/talks/<int:talk_id>/say", board.say),
    ):
        crm.app.add_url_rule(path, f"board_{view.__name__}", view, methods=[method])
