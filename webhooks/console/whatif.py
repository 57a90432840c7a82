"""What a changed config would have made of the last days: pasted or uploaded, compared beside the pages, told by rule
and by event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from provodka.errors import ConfigError
from provodka.journal.planned_before import count, newest_since
from rules.differences import What
from rules.plan import RuleOutcome, RuleTrace
from support.masking import Masks
from support.story import shown_condition
from support.whatif import compare
from support.whatif_tally import Span, Tally
from webhooks.console import names, telling
from webhooks.console.access import needs, parts, reader, record
from webhooks.console.parts import Parts
from webhooks.console.settings import Role
from webhooks.console.tasks import Task
from webhooks.console.tries import Outcome, Tries, Try
from webhooks.console.words import gettext

LIMIT: Final = 1_000_000  # bytes of a config
MOST: Final = 50_000  # events
SHOWN: Final = 30
_DAYS: Final = (7, 30)
_PATIENCE: Final = 0.3  # seconds: what is over by then shows at once
_TRIES: Final = "what-if"


def blueprint() -> Blueprint:
    """`/console/what-if`."""
    pages = Blueprint("whatif", __name__, url_prefix="/what-if")

    @pages.get("")
    @needs(Role.OPERATE)
    def page() -> ResponseReturnValue:
        mine = _mine()
        if mine is not None and mine.task.running:
            mine.task.wait(_PATIENCE)
        return render_template("whatif.html", **_shown(mine))

    @pages.post("")
    @needs(Role.OPERATE)
    def begin() -> ResponseReturnValue:
        """`file` or `text`, and `days`."""
        text, mistake, status = _given()
        if mistake:
            return render_template("whatif.html", **_shown(None), mistake=mistake), status
        days = 7 if request.form.get("days") == "7" else 30
        record("what_if", days=days, bytes=len(text))
        house = parts()
        task: Task[Outcome] = Task(lambda task: _work(house, text, days, task), house.now())
        if not _tries().begin(Try(reader().login, reader().name, text, days, task), house):
            busy = _tries().running()
            words = gettext("Сейчас идёт другое сравнение, его начал %s. Два сразу мешали бы приёму заявок: подождите.")
            mistake = words % (busy.name if busy else "")
            return render_template("whatif.html", **_shown(None) | {"mistake": mistake, "text": text}), 409
        return redirect(url_for("whatif.page"))

    @pages.get("/progress")
    @needs(Role.OPERATE)
    def progress() -> ResponseReturnValue:
        mine = _mine()
        if mine is None or not mine.task.running:
            return Response(headers={"HX-Refresh": "true"})
        return render_template("whatif_progress.html", mine=mine)

    @pages.post("/stop")
    @needs(Role.OPERATE)
    def stop() -> ResponseReturnValue:
        mine = _mine()
        if mine is not None and mine.task.running:
            record("what_if_stopped")
            mine.task.stop()
            mine.task.wait(_PATIENCE)
        return redirect(url_for("whatif.page"))

    return pages


def _tries() -> Tries:
    found: Tries = current_app.extensions.setdefault(_TRIES, Tries())
    return found


def _mine() -> Try | None:
    return _tries().of(reader().login, parts().now())


def _given() -> tuple[str, str, int]:
    """The text of the config; or a sentence and a status where there is none to be tried."""
    file = request.files.get("file")
    raw = file.read() if file is not None and file.filename else request.form.get("text", "").encode()
    if len(raw) > LIMIT:
        return "", gettext("Конфиг больше 1 МБ: столько не бывает, проверьте, тот ли это файл."), 413
    if not raw.strip():
        return "", gettext("Вставьте текст конфига или выберите его файл."), 422
    try:
        return raw.decode("utf-8-sig"), "", 200
    except UnicodeDecodeError:
        return "", gettext("Это не текст в кодировке UTF-8. Сохраните конфиг в UTF-8 и выберите его снова."), 422


def _work(house: Parts, text: str, days: int, task: Task[Outcome]) -> Outcome:
    try:
        tried = house.try_config(text)
    except ConfigError as error:
        return Outcome(problems=tuple(error.problems))
    until = house.now()
    wanted = until - timedelta(days=days)
    since = newest_since(house.journal, wanted, until, MOST)
    task.total = count(house.journal, since, until)
    masks = Masks(house.journal.key, opened=False)
    found = compare(house.journal, tried, Span(since, until), masks, task.step, limit=SHOWN)
    return Outcome(tally=found.tally, cut=since > wanted, by_name=tried.by_name)


def _shown(mine: Try | None) -> dict[str, Any]:
    runs = mine is not None and mine.task.running  # asked first: what is over then has its result
    outcome = mine.task.result if mine and not runs else None
    tally = outcome.tally if outcome else None
    return {
        "mine": mine,
        "runs": runs,
        "outcome": outcome,
        "told": tally.told() if tally else None,
        "gaps": _gaps(tally) if tally else {},
        "because": _because(tally) if tally else {},
        "text": mine.text if mine and outcome and outcome.problems else "",
        "days": _DAYS,
        "limit": LIMIT,
        "names": names,
        "telling": telling,
        "what": {what: gettext(words) for what, words in _WORDS.items()},
        "signs": _SIGNS,
        "gap": gap,
    }


def _(text: str) -> str:
    """Marks a text for the catalogues."""
    return text


_WORDS: Final[Mapping[str, str]] = {
    What.ADDED: _("делалось бы"),
    What.DROPPED: _("не делалось бы"),
    What.CHANGED: _("делалось бы иначе"),
    What.ORDER: _("делалось бы в другом порядке"),
    What.TIMER_ADDED: _("правило ждало бы"),
    What.TIMER_DROPPED: _("правило не ждало бы"),
    What.TIMER_CHANGED: _("правило ждало бы до другого времени"),
    What.FAILS: _("правило споткнулось бы"),
}
_SIGNS: Final[Mapping[str, tuple[str, str]]] = {
    What.ADDED: ("+", "good"),
    What.DROPPED: ("−", "bad"),
    What.CHANGED: ("~", "wait"),
    What.ORDER: ("↕", "wait"),
    What.TIMER_ADDED: ("+", "good"),
    What.TIMER_DROPPED: ("−", "bad"),
    What.TIMER_CHANGED: ("~", "wait"),
    What.FAILS: ("✗", "bad"),
}


def _gaps(tally: Tally) -> dict[str, list[tuple[int, str]]]:
    """By rule: for how many events it cannot be told, and why."""
    found: dict[str, list[tuple[int, str]]] = {}
    for (rule, fact, behind), many in tally.gaps.most_common():
        found.setdefault(rule, []).append((many, gap(fact, behind)))
    return found


def gap(fact: str, behind: str) -> str:
    """Why it cannot be told what a rule would have done."""
    if fact:
        return gettext("тогда не спрашивали «%s», и в журнале ответа нет") % fact
    return gettext("неизвестно, остановило бы событие правило «%s», которое стоит раньше") % behind


def _because(tally: Tally) -> dict[tuple[str, str, str], str]:
    """By event, difference and rule: why something would, or would not, be done."""
    return {key: "; ".join(_why(key[1], trace)) for key, trace in tally.because.items()}


def _why(what: What, trace: RuleTrace | None) -> Iterator[str]:
    if trace is None:
        yield gettext("такого правила тогда не было") if what is What.ADDED else gettext("такого правила больше нет")
    elif trace.outcome is RuleOutcome.OTHER_TRIGGER:
        yield gettext("правило о другом канале") if trace.reason else gettext("правило о других событиях")
    elif trace.outcome is RuleOutcome.NOT_MATCHED and trace.conditions:
        then = gettext("тогда %s") if what is What.ADDED else "%s"
        yield from (then % telling.condition(shown_condition(one)) for one in trace.conditions if one.matched is False)
    elif trace.outcome is RuleOutcome.ERROR:
        yield trace.error
    elif trace.outcome not in (RuleOutcome.MATCHED, RuleOutcome.WAITING):
        yield telling.rule(trace.outcome)
