"""Events as they come and what becomes of them: a page, and a stream of server-sent events that keeps it up to date."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Final

import structlog
from flask import Blueprint, Response, current_app, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue

from provodka.errors import JournalUnavailableError
from provodka.journal import audit, lately
from provodka.payloads import EventType
from support.feed import FAR, PAGE, Cursor, Line, Outcome, Row, Wanted, page, rows
from support.following import KEPT, Following, Watch
from webhooks.console import sessions
from webhooks.console.access import masks, parts, reader, row_number
from webhooks.console.causes import cause_of
from webhooks.console.names import event_title
from webhooks.console.search import led_to
from webhooks.console.words import gettext, language, moment, whole
from webhooks.places import PLACES, Place, Take

log = structlog.get_logger("console")

_TICK: Final = 0.2  # seconds between two looks at what the watch has
_BEAT: Final = (
    15.0  # a silent connection is cut by many a proxy after half a minute, and a reader who left is not noticed
)
_LONGEST: Final = 600.0  # a reader who has gone to sleep without a word must not keep a place for ever
_AGAIN: Final = 2_000  # milliseconds after which the browser asks again when a stream was cut
_POLL: Final = 10_000  # and while there is no place for it
_DRAWN: Final = 1_000  # rows that are kept drawn


def blueprint() -> Blueprint:
    """`/console/feed` with `channel`, `type`, `rule`, `outcome`, and `before` for what came earlier; `/feed/stream`
    with the same filters, and `after`, where its reader stands."""
    pages = Blueprint("feed", __name__)
    pages.record_once(lambda state: state.app.extensions.update(watch=Watch(state.app.config["PARTS"].journal)))
    drawings = _Drawings()

    @pages.get("/feed")
    def show() -> ResponseReturnValue:
        wanted, before = _wanted(), request.args.get("before", type=row_number)
        found = page(parts().journal, wanted, before=before)
        given = {name: value for name, value in asdict(wanted).items() if value}
        return render_template(
            "feed.html",
            rows=_draw(found.lines),
            wanted=wanted,
            live=before is None,
            stream=url_for("feed.stream", **given, after=str(found.cursor)),
            newest=url_for("feed.show", **given),
            earlier=url_for("feed.show", **given, before=found.earlier) if found.earlier else "",
            looked_at=found.looked_at if len(found.lines) < PAGE and found.looked_at >= FAR else 0,
            filters=_filters(wanted),
            kept=KEPT,
        )

    @pages.get("/feed/stream")
    def stream() -> ResponseReturnValue:
        cursor = Cursor.parse(request.headers.get("Last-Event-ID") or request.args.get("after", ""))
        place = None if request.method == "HEAD" else _place()
        told = Response(stream_with_context(_told(_wanted(), cursor, place, drawings)), mimetype="text/event-stream")
        if place is not None:
            told.call_on_close(place.give_back)  # also where the reader is gone before the first word
        told.headers["Cache-Control"] = "no-store, no-transform"
        told.headers["X-Accel-Buffering"] = "no"  # nginx would wait until it has a page full
        return told

    return pages


def _filters(wanted: Wanted) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Name, title and choices (value, words) of each; what is chosen is among them, even if it is not known here."""
    channels = {*parts().channels, *parts().journal.read(lately.channels), wanted.channel}
    types = sorted(((one.value, event_title(one)) for one in EventType), key=lambda one: one[1])
    rules = sorted({*(one.name for one in parts().rules), wanted.rule})
    return [
        ("channel", gettext("Канал"), [(one, one) for one in sorted(channels) if one]),
        ("type", gettext("Событие"), types),
        ("rule", gettext("Правило"), [(one, one) for one in rules if one]),
        ("outcome", gettext("Исход"), [(one.value, words) for one, (words, _) in _outcomes().items()]),
    ]


def _wanted() -> Wanted:
    """As the address asks; an outcome or a type that there is not asks for nothing."""
    asked = {name: request.args.get(name, "").strip()[:200] for name in ("channel", "type", "rule", "outcome")}
    for name, known in (("type", EventType), ("outcome", Outcome)):
        if asked[name] not in tuple(known):
            asked[name] = ""
    return Wanted(**asked)


def _today() -> datetime:
    """A row says only the hour of what came today."""
    return parts().now().astimezone(parts().zone).replace(hour=0, minute=0, second=0, microsecond=0)


def _place() -> Place | None:
    """What the server has for answers that last; another server has nothing of the kind."""
    take: Take | None = request.environ.get(PLACES)
    return None if take is None else take()


def _told(wanted: Wanted, cursor: Cursor | None, place: Place | None, drawings: _Drawings) -> Iterator[str]:
    """The stream. Without a place it ends at once, having told what is new, and the browser asks again."""
    yield f"retry: {_AGAIN if place else _POLL}\n{_message('live' if place else 'full', 'live')}"
    began, login, at = time.monotonic(), reader().login, parts().now()
    following = Following(current_app.extensions["watch"], wanted, cursor)
    try:
        yield from _news(following, drawings)
        beat = began
        while place is not None and not place.wait(_TICK) and time.monotonic() - began < _LONGEST:
            yield from _news(following, drawings)
            if time.monotonic() - beat >= _BEAT:
                beat = time.monotonic()
                if sessions.reader_of(parts().settings, parts().journal.key, parts().now(), touch=False) is None:
                    yield _message("end", "end")
                    return
                if _has_left(login, at):
                    return  # perhaps of another browser: then this one asks again, and is let in
                yield f": {_BEAT:.0f} s\n{_standing(following.cursor)}\n"
    finally:
        following.close()


def _news(following: Following, drawings: _Drawings) -> Iterator[str]:
    """All that a look has brought in one message, so that it is taken together with where its reader stands, or not at
    all: two lists, of what is to be added and of what is to be replaced."""
    try:
        news = following.news()
        if news is None or not (news.added or news.changed):
            return
        drawn = f"<ol>{drawings.of(news.added)}</ol>\n<ol>{drawings.of(news.changed)}</ol>"
    except JournalUnavailableError as error:
        log.warning("console.feed_waits", error=str(error))
        yield ": the journal is not available\n\n"
        return
    yield f"{_standing(news.cursor)}{_message('rows', drawn)}"


def _standing(cursor: Cursor | None) -> str:
    return f"id: {cursor}\n" if cursor is not None else ""


def _message(name: str, text: str) -> str:
    data = "".join(f"data: {line}\n" for line in text.split("\n"))
    return f"event: {name}\n{data}\n"


def _has_left(login: str, since: datetime) -> bool:
    """Whether somebody has signed out by this name since then: the cookie of the stream tells nothing of that."""
    try:
        last = parts().journal.read(lambda c: audit.listed(c, login=login, what="sign_out", limit=1))
    except JournalUnavailableError:
        return False  # asked again in a moment; nothing can be shown meanwhile
    return bool(last) and last[0].at >= since


class _Drawings:
    """Rows as they were drawn for one reader, for all others: twenty that each drew their own would take the processor
    from the webhooks."""

    def __init__(self) -> None:
        self._drawn: OrderedDict[tuple[Line, str, datetime], str] = OrderedDict()
        self._guard = threading.Lock()

    def of(self, lines: Sequence[Line]) -> str:
        """Pieces of the page in the reader's language. What is drawn at this moment is waited for."""
        alike = (language(), _today())
        with self._guard:
            missing = [line for line in lines if (line, *alike) not in self._drawn]
            self._drawn.update(((line, *alike), text) for line, text in zip(missing, _draw(missing), strict=True))
            shown = [self._drawn[line, *alike] for line in lines]
            while len(self._drawn) > _DRAWN:
                self._drawn.popitem(last=False)
        return "\n".join(shown)


def _draw(lines: Sequence[Line]) -> list[str]:
    """Each as a piece of the page."""
    return [_drawn(row) for row in rows(parts().journal, lines, masks())] if lines else []


def _drawn(row: Row) -> str:
    words, tone = _outcomes()[row.line.outcome]
    return render_template("feed_row.html", row=row, words=words, tone=tone, led=_led(row))


def _led(row: Row) -> str:
    """What came of it, in a line."""
    entry = row.entry
    if row.line.outcome is Outcome.NEEDS_PERSON:
        return cause_of(entry.findings[0]).what if entry.findings else ""
    if row.line.outcome is Outcome.WAITING:
        until = min((w.until for step in entry.steps for w in step.waits if w.until), default=None)
        return gettext("до %s") % moment(until, parts().zone, parts().now()) if until else ""
    told = [led_to(step) for step in entry.steps if step.kind != "wait"]
    more = gettext("и ещё %s") % whole(len(told) - 2) if len(told) > 2 else ""
    return "; ".join(filter(None, [*told[:2], more]))


def _outcomes() -> dict[Outcome, tuple[str, str]]:
    """What became of an event, with the class that colours it."""
    return {
        Outcome.UNDER_WAY: (gettext("в пути"), "wait"),
        Outcome.WAITING: (gettext("ждёт срока"), "wait"),
        Outcome.DELIVERED: (gettext("доставлено"), "good"),
        Outcome.NEEDS_PERSON: (gettext("нужен человек"), "bad"),
        Outcome.NO_RULE: (gettext("без правила"), ""),
        Outcome.CHECKED: (gettext("сверено"), ""),
        Outcome.CANCELLED: (gettext("отменено"), ""),
    }
