"""The Flask application: hooks, pages for people, files for others, `/healthz`, `/readyz` and `/metrics`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import structlog
from flask import Flask, Response, jsonify

from provodka.channel import Page
from provodka.errors import JournalUnavailableError
from provodka.journal import Journal, brakes, imports, queries, troubles
from webhooks.console.mount import Mounted
from webhooks.files import files
from webhooks.metrics import Figures
from webhooks.receive import FOR_MACHINES, Door, hooks, unavailable

if TYPE_CHECKING:
    from webhooks.console.parts import Parts

log = structlog.get_logger("webhooks")


def create_app(
    door: Door, journal: Journal, shown: Mapping[str, Page] = {}, console: Callable[[], Parts] | None = None
) -> Flask:
    """An application over one journal. `shown` are the pages by channel, `console` what the console is given when
    somebody first opens it."""
    app = Flask("provodka", static_folder=None)
    app.register_blueprint(hooks(door))
    if shown:
        from webhooks.pages import pages  # who has no page of ours need not wait for templates and forms

        app.register_blueprint(pages(door, shown))
    app.register_blueprint(files(journal.key, journal.store, door.now))

    @app.get("/healthz")
    def healthz() -> Response:
        """The process lives and answers."""
        return jsonify(status="ok")

    @app.get("/readyz")
    def readyz() -> tuple[Response, int]:
        """The journal can be written; open troubles are named, but do not make it unready."""
        try:
            journal.write(lambda _connection: None)
            opened = journal.read(lambda c: troubles.all_troubles(c, opened=True))
        except JournalUnavailableError as error:
            return jsonify(status="journal unavailable", error=str(error)), 503
        return jsonify(status="ok", troubles=[t.name for t in opened]), 200

    @app.get("/metrics")
    def metrics() -> Response:
        totals = journal.read(queries.totals)
        opened = journal.read(lambda c: troubles.all_troubles(c, opened=True))
        held = {one.rule: one.held for one in journal.read(brakes.stopped)}
        lists = Counter(job.state.value for job in journal.read(imports.all_imports))
        text = door.metrics.text(Figures(totals.events, totals.actions, len(opened), held, lists))
        return Response(text, content_type="text/plain; version=0.0.4; charset=utf-8")

    @app.errorhandler(JournalUnavailableError)
    def away(error: JournalUnavailableError) -> Response:
        log.warning("web.journal_unavailable", error=str(error))
        return unavailable(FOR_MACHINES.unavailable)

    if console is not None:
        app.wsgi_app = Mounted(app.wsgi_app, lambda: _console(console))  # type: ignore[assignment, method-assign]
    return app


def _console(parts: Callable[[], Parts]) -> Flask:
    from webhooks.console.app import create_console

    return create_console(parts())
