"""How sales fare: leads by source, hour and person, who waited too long, who got what, who was not called back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from threading import BoundedSemaphore
from typing import Final

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from rules.durations import Duration
from rules.figures import Figures
from rules.periods import PERIODS, stretch
from support.figures import Bureau, PeriodFigures
from support.sheet import ENCODING, csv_text
from webhooks.console.access import masks, parts, record
from webhooks.console.figures_tables import Seen, tables
from webhooks.console.names import period_title
from webhooks.console.table import Table, minutes
from webhooks.console.tasks import PATIENCE, Counted, tasks
from webhooks.console.words import gettext, moment, span, whole

SHOWN: Final = 25
"""Rows of a table on the page; the file has all of them."""
_LONG_PATIENCE: Final = 30.0  # seconds for which a file waits
_WAITING: Final = BoundedSemaphore(1)  # more would keep the threads that webhooks need; they are led to the page
_FRESH: Final = timedelta(minutes=1)
_FRESH_PAST: Final = timedelta(hours=1)  # what is over does not change
_PERSONAL: Final = frozenset({"late", "missed"})


@dataclass(frozen=True, slots=True)
class Headline:
    """One number, and what it was in the period before."""

    title: str
    now: str
    before: str = ""
    note: str = ""


def blueprint() -> Blueprint:
    """`/console/figures`: `?period=` is one of `rules.periods.PERIODS`, `&as=csv&table=` one of its tables."""
    pages = Blueprint("figures", __name__)

    @pages.get("/figures")
    def page() -> ResponseReturnValue:
        period = request.args.get("period", PERIODS[0])
        if period not in PERIODS:
            abort(404)
        if request.args.get("as") == "csv":
            found = _patiently(period)
            return _file(found, period) if found else redirect(url_for("figures.page", period=period))
        found = _asked(period, PATIENCE)
        if request.headers.get("HX-Request"):  # a page that waits asks whether it is ready
            return Response(status=200, headers={"HX-Refresh": "true"}) if found else Response(status=204)
        return _page(found, period)

    return pages


def _patiently(period: str) -> PeriodFigures | None:
    if not _WAITING.acquire(blocking=False):
        return _asked(period, PATIENCE)
    try:
        return _asked(period, _LONG_PATIENCE)
    finally:
        _WAITING.release()


def _asked(period: str, patience: float) -> PeriodFigures | None:
    """None where they take longer than that. Raises what the counting has raised."""
    bureau = _bureau()
    since, until = stretch(period, bureau.calendar.local(bureau.now()))
    fresh = _FRESH if until >= bureau.now() else _FRESH_PAST
    key = ("figures", period, since)
    found: Counted[PeriodFigures] = tasks().ask(key, lambda task: bureau.period(period, task.step), fresh, patience)
    if found.error is not None:
        raise found.error
    return found.result


def _bureau() -> Bureau:
    house = parts()
    within = house.settings.answer_within
    return Bureau(house.journal, house.team, house.calendar, house.distributions, within, house.now)


def _about(period: str) -> str:
    return f"figures:{period}"


def _page(found: PeriodFigures | None, period: str) -> str:
    return render_template(
        "figures.html",
        found=found,
        periods={one: period_title(one) for one in PERIODS},
        period=period,
        about=_about(period),
        headlines=_headlines(found) if found else [],
        tables=_tables(found, period) if found else [],
        shown=SHOWN,
    )


def _file(found: PeriodFigures, period: str) -> ResponseReturnValue:
    key = request.args.get("table", "")
    table = next((one for one in _tables(found, period) if one.key == key), None) or abort(404)
    if key in _PERSONAL and masks(_about(period)).opened:
        record("download", _about(period), table=table.title)
    body = csv_text(table.titles(), table.cells()).encode(ENCODING)
    name = f"{key}-{parts().calendar.local(found.since):%Y-%m-%d}.csv"
    return Response(
        body, content_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _tables(found: PeriodFigures, period: str) -> list[Table]:
    house = parts()
    seen = Seen(
        masks(_about(period)).of(),
        lambda at: moment(at, house.zone, house.now()),
        lambda id_: url_for("events.event", id_=id_),
        house.team.key,
    )
    return tables(found, seen, limit_words(house.settings.answer_within))


def _headlines(found: PeriodFigures) -> list[Headline]:
    now, before = found.figures, found.before
    numbers = gettext("перезвонили %(back)s из %(all)s номеров") % {
        "back": whole(now.calls.called_back),
        "all": whole(found.all_misses),
    }
    return [
        Headline(
            gettext("Новых лидов"),
            whole(now.leads),
            whole(before.leads) if before else "",
            gettext("и ещё %s из загрузки списков") % whole(now.imported.leads) if now.imported.leads else "",
        ),
        Headline(
            gettext("Выиграно"),
            whole(now.won),
            whole(before.won) if before else "",
            gettext("проиграно: %s") % whole(now.lost),
        ),
        Headline(gettext("Медиана ожидания"), _half(now) or "—", _half(before) if before else ""),
        Headline(gettext("95 % ждали не дольше"), _most(now) or "—", _most(before) if before else ""),
        Headline(
            gettext("Дольше предела"),
            whole(found.all_late),
            note=gettext("никто не тронул: %s") % whole(found.untouched),
        ),
        Headline(
            gettext("Пропущено звонков"),
            whole(now.calls.missed),
            whole(before.calls.missed) if before else "",
            numbers if found.all_misses else "",
        ),
    ]


def _half(found: Figures) -> str:
    return minutes(found.answer.median).text if found.answer.answered else ""


def _most(found: Figures) -> str:
    return minutes(found.answer.p95).text if found.answer.answered else ""


def limit_words(limit: Duration) -> str:
    """A duration of the config: «15 мин рабочего времени», «до 18:00»."""
    if limit.clock is not None:
        return gettext("до %s") % f"{limit.clock:%H:%M}"
    said = [gettext("%s дн") % limit.days] if limit.days else []
    said += [span(limit.seconds)] if limit.seconds else []
    return " ".join([*said, gettext("рабочего времени")] if limit.working else said)
