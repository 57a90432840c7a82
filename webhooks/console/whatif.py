"""What a changed config would have made of the last days: pasted or uploaded, compared beside the pages, told by rule
and by event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from provodka.fence import Bound, ClosedError
from rules.differences import What
from rules.plan import RuleOutcome, RuleTrace
from support.story import shown_condition
from support.trial import Beyond, Outcome, Trial
from webhooks.console import names, telling
from webhooks.console.access import needs, parts, reader, record
from webhooks.console.parts import Parts
from webhooks.console.settings import Role
from webhooks.console.task import Order, StoppedError, Task
from webhooks.console.tasks import PATIENCE, BusyError, tasks
from webhooks.console.words import _, gettext, span

LIMIT: Final = 1_000_000  # bytes of a config
MOST: Final = 50_000  # events
SHOWN: Final = 30
_DAYS: Final = (7, 30)
_KIND: Final = "what-if"


@dataclass(frozen=True, slots=True)
class Try:
    """The text of a config that somebody tries on the events of so many days."""

    text: str
    days: int


def blueprint() -> Blueprint:
    """`/console/what-if`."""
    pages = Blueprint("whatif", __name__, url_prefix="/what-if")

    @pages.get("")
    @needs(Role.OPERATE)
    def page() -> ResponseReturnValue:
        mine = _mine()
        if mine is not None:
            mine.wait(PATIENCE)
        return render_template("whatif.html", **_shown(mine))

    @pages.post("")
    @needs(Role.OPERATE)
    def begin() -> ResponseReturnValue:
        """`file` or `text`, and `days`."""
        text, mistake, status = _given()
        if mistake:
            return render_template("whatif.html", **_shown(None), mistake=mistake), status
        asked = Try(text, 7 if request.form.get("days") == "7" else 30)
        try:
            tasks().be_free()
            record("what_if", days=asked.days, bytes=len(text))
            _begin(asked)
        except BusyError as busy:
            return render_template("whatif.html", **_shown(None) | {"mistake": str(busy), "text": text}), 409
        return redirect(url_for("whatif.page"))

    @pages.get("/progress")
    @needs(Role.OPERATE)
    def progress() -> ResponseReturnValue:
        mine = _mine()
        if mine is None or not mine.running:
            return Response(headers={"HX-Refresh": "true"})
        return render_template("whatif_progress.html", mine=mine)

    @pages.post("/stop")
    @needs(Role.OPERATE)
    def stop() -> ResponseReturnValue:
        mine = _mine()
        if mine is not None and mine.running:
            record("what_if_stopped")
            mine.stop()
        return redirect(url_for("whatif.page"))

    return pages


def _mine() -> Task[Outcome] | None:
    return tasks().of(_KIND, reader().login)


def _begin(asked: Try) -> None:
    """Raises BusyError."""
    house, who = parts(), reader()
    order = Order(_KIND, who.login, who.name, _BUSY, asked)
    tasks().begin(order, lambda task: _work(house, asked, task))


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


def _work(house: Parts, asked: Try, task: Task[Outcome]) -> Outcome:
    try:
        return house.try_config(Trial(asked.text, asked.days, house.now(), MOST, SHOWN), task.hear)
    except ClosedError as error:
        raise StoppedError from error


def _shown(mine: Task[Outcome] | None) -> dict[str, Any]:
    runs = mine is not None and mine.running  # asked first: what is over then has its result
    outcome = mine.result if mine and not runs else None
    told = outcome.told if outcome else None
    return {
        "mine": mine,
        "runs": runs,
        "outcome": outcome,
        "told": told,
        "gaps": _gaps(outcome) if outcome else {},
        "because": _because(outcome) if outcome else {},
        "beyond": _beyond(outcome.beyond) if outcome and outcome.beyond else (),
        "text": mine.order.about.text if mine and outcome and not told else "",
        "days": _DAYS,
        "limit": LIMIT,
        "names": names,
        "telling": telling,
        "what": {what: gettext(words) for what, words in _WORDS.items()},
        "signs": _SIGNS,
        "gap": gap,
    }


def _beyond(limit: Beyond) -> tuple[str, str]:
    """At which limit it was ended, and what to do."""
    megabytes = gettext("%s МБ") % round(limit.most / 1024 / 1024)
    what, cure = _READING if limit.reading and limit.bound is Bound.STEP else _LIMITS[limit.bound]
    return gettext(what) % (megabytes if limit.bound is Bound.MEMORY else span(limit.most)), gettext(cure)


_BUSY: Final = _("Сейчас идёт другое сравнение: его начал %(name)s, готово %(done)s.")
_LIMITS: Final[Mapping[Bound, tuple[str, str]]] = {
    Bound.TIME: (
        _("Сравнение заняло больше %s процессорного времени и прервано."),
        _("Сравните за 7 дней или поднимите console.what_if.time."),
    ),
    Bound.STEP: (
        _("Сравнение прервано: одно событие заняло больше %s процессорного времени."),
        _(
            "Так же это задержало бы и настоящие заявки: ищите условие matches, где повтор стоит внутри повтора, как в "
            "(a+)+, или шаблон, который считает слишком много."
        ),
    ),
    Bound.MEMORY: (
        _("Сравнение прервано: ему не хватило %s памяти."),
        _(
            "Ищите шаблон, который много раз повторяет текст, или конфиг, который разрастается из ссылок. Если он "
            "таким и должен быть, поднимите console.what_if.memory."
        ),
    ),
    Bound.CLOCK: (
        _("Сравнение шло дольше %s и прервано: машина занята, или журнал отвечает слишком медленно."),
        _("Повторите позже или сравните за 7 дней."),
    ),
}
_READING: Final = (
    _("Сравнение прервано: чтение конфига заняло больше %s процессорного времени."),
    _("Ищите шаблон, который считает слишком много, хотя бы и из одних чисел."),
)
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


def _gaps(outcome: Outcome) -> dict[str, list[tuple[int, str]]]:
    """By rule: for how many events it cannot be told, and why."""
    found: dict[str, list[tuple[int, str]]] = {}
    for one in outcome.gaps:
        found.setdefault(one.rule, []).append((one.events, gap(one.fact, one.behind)))
    return found


def gap(fact: str, behind: str) -> str:
    """Why it cannot be told what a rule would have done."""
    if fact:
        return gettext("тогда не спрашивали «%s», и в журнале ответа нет") % fact
    return gettext("неизвестно, остановило бы событие правило «%s», которое стоит раньше") % behind


def _because(outcome: Outcome) -> dict[tuple[str, str, str], str]:
    """By event, difference and rule: why something would, or would not, be done."""
    return {(one.event, one.what, one.rule): "; ".join(_why(one.what, one.trace)) for one in outcome.because}


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
