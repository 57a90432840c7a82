"""A rule test of an event, shown to be copied into the config by hand: the config is the integrator's."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from provodka.journal import queries
from support.saving import Saved, Unfit
from webhooks.console import names, telling
from webhooks.console.access import needs, parts, record
from webhooks.console.settings import Role
from webhooks.console.words import gettext

_WORDS: Final = {"names": names, "telling": telling}


def blueprint() -> Blueprint:
    """`/console/events/<id>/test`, with `file` as a download."""
    pages = Blueprint("saved", __name__)

    @pages.post("/events/<id_>/test")
    @needs(Role.OPERATE)
    def make(id_: str) -> ResponseReturnValue:
        stored = parts().journal.read(lambda c: queries.event_by_id(c, id_))
        if stored is None:
            abort(404)
        record("save_test", f"event:{id_}")
        saved = parts().save_test(stored)
        if saved.test is not None and "file" in request.form:
            headers = {"Content-Disposition": f'attachment; filename="{id_}.tests.yaml"'}
            return Response(f"tests:\n{saved.yaml}", content_type="application/yaml; charset=utf-8", headers=headers)
        told = {"id": id_, "saved": saved, "why": _why(saved), "file": parts().tests_file, **_WORDS}
        return render_template("event_test.html", **told), 200 if saved.test is not None else 422

    return pages


def _why(saved: Saved) -> str:
    """Why there is no test."""
    match saved.unfit:
        case Unfit.HINT:
            return gettext("Это лишь знак об изменении: правила читают событие, которое по нему нашли. Сохраните его.")
        case Unfit.NOT_PLANNED:
            return gettext("Событие ещё не разобрано по правилам: проверять пока нечего.")
        case Unfit.WAITS:
            return gettext("Правило «%s» ещё ждёт своего времени: что оно сделает, пока неизвестно.") % saved.rule
        case Unfit.OTHERWISE:
            return gettext("Нынешние правила делают из этого события не то, что было сделано тогда.")
        case Unfit.FAILED:
            return gettext("Сделать проверку не удалось: %s") % saved.error
    return ""
