"""A copy of a part of the journal to take away: of a person's story, or of some days."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, Final

from flask import Blueprint, Response, abort, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from provodka.journal.extract import Scope
from support.export import COLUMNS, Format, Wish, Words, export, file_name, size_of
from webhooks.console import names
from webhooks.console.access import may_open, parts, reader, record
from webhooks.console.private_files import PrivateFiles, called
from webhooks.console.settings import Role
from webhooks.console.task import Order, Task, TaskState
from webhooks.console.tasks import KEEP, BusyError, tasks
from webhooks.console.words import _, counted, gettext, language, whole

MOST: Final = 50_000
"""Events of one file: some minutes of work, some hundred megabytes. The command knows no such limit."""
_DAYS: Final = 7
_SENDING: Final = BoundedSemaphore(1)  # somebody with a slow line must not hold more than one of the web's threads
_TYPES: Final = {
    Format.SQLITE: "application/vnd.sqlite3",
    Format.CSV: "text/csv",
    Format.JSON: "application/jsonl",
}


_KIND: Final = "export"
_BUSY: Final = _("Сейчас готовится другая выгрузка: её начал %(name)s, готово %(done)s.")


def blueprint() -> Blueprint:
    """`/console/export`, of `?person=<lane>` or of days. Days are for those who may operate; a person's story is for
    everybody, as they may read it page by page. Each sees only the files that they have asked for."""
    pages = Blueprint("export", __name__, url_prefix="/export")
    files = PrivateFiles()

    @pages.get("")
    def page() -> ResponseReturnValue:
        person = request.args.get("person", type=int)
        _allowed(person)
        today = parts().now().astimezone(parts().zone).date()
        return _form(person, since=today - timedelta(days=_DAYS - 1), until=today)

    @pages.post("")
    def start() -> ResponseReturnValue:
        person = request.form.get("person", type=int)
        _allowed(person)
        opened = request.form.get("open") == "yes"
        if opened and not may_open():
            abort(403)
        since, until = _day("since"), _day("until")
        form = request.form.get("format", "")
        if form not in tuple(Format):
            abort(400)
        if person is None and (since is None or until is None or since > until):
            return _form(person, since, until, form, gettext("Укажите оба дня; первый не позже последнего.")), 422
        wish = Wish(_scope(person, since, until), Format(form), parts().client, parts().zone, opened, _words())
        events = size_of(parts().journal, wish.scope)
        if mistake := _too_many_or_none(events, person):
            return _form(person, since, until, form, mistake), 422
        try:
            tasks().be_free()
            record("export", _about(wish.scope), open=opened, format=wish.format.value, events=events)
            task = _begin(wish, events, files.place(file_name(wish, parts().now())))
        except BusyError as busy:
            return _form(person, since, until, form, str(busy)), 409
        return redirect(url_for("export.task", id_=task.id))

    _of_a_task(pages)
    return pages


def _of_a_task(pages: Blueprint) -> None:
    @pages.get("/<id_>")
    def task(id_: str) -> ResponseReturnValue:
        found = _task(id_)
        template = "export_now.html" if request.headers.get("HX-Request") else "export_task.html"
        return render_template(template, **_shown(found))

    @pages.get("/<id_>/file")
    def file(id_: str) -> ResponseReturnValue:
        found = _task(id_)
        wish: Wish = found.order.about
        if found.result is None:
            abort(404)
        if wish.opened and not may_open():
            abort(403)
        if not _SENDING.acquire(blocking=False):
            text = gettext("Сейчас скачивают другой файл, а отдаётся по одному. Повторите через минуту.")
            return render_template("notice.html", title=gettext("Не получилось"), text=text), 409
        answer = _sent(found.result, wish)
        answer.call_on_close(_SENDING.release)
        return answer

    @pages.post("/<id_>/end")
    def end(id_: str) -> ResponseReturnValue:
        """Stop it, or throw the file away."""
        found = _task(id_)
        scope: Scope = found.order.about.scope
        record("export_end", _about(scope))
        tasks().end(found)
        return redirect(url_for("export.page", person=scope.person))


def _sent(path: Path, wish: Wish) -> Response:
    try:
        answer = send_file(
            path,
            mimetype=_TYPES[wish.format],
            as_attachment=True,
            download_name=called(path),
            conditional=False,
            etag=False,
        )
    except BaseException:
        _SENDING.release()
        raise
    answer.direct_passthrough = False  # else it would not say when it is over
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _allowed(person: int | None) -> None:
    if person is None and not reader().role.may(Role.OPERATE):
        abort(403)
    if person is not None and not 0 <= person < 2**63:
        abort(404)


def _mine() -> Task[Path] | None:
    return tasks().of(_KIND, reader().login)


def _task(id_: str) -> Task[Path]:
    found = _mine()
    if found is None or found.id != id_:
        abort(404)
    return found


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError:
        return None


def _scope(person: int | None, since: date | None, until: date | None) -> Scope:
    if person is not None or since is None or until is None:
        return Scope(person)
    zone = parts().zone
    after = until + timedelta(days=1) if until < date.max else until
    return Scope(None, datetime.combine(since, time(), zone), datetime.combine(after, time(), zone))


def _begin(wish: Wish, events: int, path: Path) -> Task[Path]:
    """Raises BusyError."""
    journal, who = parts().journal, reader()

    def work(task: Task[Path]) -> Path:
        export(journal, wish, path, task.progress)
        return path

    order = Order(_KIND, who.login, who.name, _BUSY, wish, lambda: path.unlink(missing_ok=True))
    return tasks().begin(order, work, events)


def _about(scope: Scope) -> str:
    """As the audit keeps it."""
    if scope.person is not None or scope.since is None or scope.until is None:
        return f"person:{scope.person}"
    return f"{scope.since:%d.%m.%Y}–{scope.until - timedelta(days=1):%d.%m.%Y}"


def _form(
    person: int | None, since: date | None, until: date | None, form: str = Format.SQLITE, mistake: str = ""
) -> str:
    given = {"person": person, "since": since, "until": until, "format": form, "mistake": mistake}
    return render_template("export.html", **given, formats=_formats(), mine=_mine(), titled=_titled)


def _shown(task: Task[Path]) -> dict[str, Any]:
    wish: Wish = task.order.about
    state = task.state  # asked first: what is over then has its result
    return {
        "task": task,
        "state": state,
        "wish": wish,
        "titled": _titled,
        "form": _formats()[wish.format],
        "until": task.ended + KEEP if task.ended else None,
        "size": _size(task.result.stat().st_size) if state is TaskState.DONE and task.result else "",
        "error": _error(task.error) if task.error else "",
    }


def _error(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else type(error).__name__


def _titled(task: Task[Path]) -> str:
    """What a file holds: «человек № 17», «01.03.2026–07.03.2026»."""
    scope: Scope = task.order.about.scope
    return gettext("человек № %s") % scope.person if scope.person is not None else _about(scope)


def _formats() -> dict[Format, tuple[str, str]]:
    """What each is called, and what it is good for."""
    return {
        Format.SQLITE: ("SQLite", gettext("таблицы с полнотекстовым поиском: события, правила, действия, запросы")),
        Format.CSV: ("CSV", gettext("одна таблица для Excel: что пришло и что сделано, по порядку")),
        Format.JSON: ("JSON", gettext("событие в строке, со всем, что о нём известно: для программ")),
    }


def _words() -> Words:
    """Of the CSV, in the reader's language."""
    titles = {
        "local": gettext("Когда"), "person": gettext("Человек №"), "who": gettext("Кто"), "what": gettext("Что это"),
        "kind": gettext("Вид"), "by": gettext("Канал или правило"), "text": gettext("О чём"),
        "state": gettext("Состояние"), "error": gettext("Причина"), "hint": gettext("Что делать"),
        "lead": gettext("Лид"), "url": gettext("Ссылка"), "event": gettext("Событие"), "action": gettext("Действие"),
    }  # fmt: skip
    whats = {"event": gettext("событие"), "action": gettext("действие")}
    said = {"what": whats, "kind": names.all_kinds(), "state": names.all_states()}
    return Words({name: titles[name] for name in COLUMNS}, lambda column, cell: said.get(column, {}).get(cell, cell))


def _too_many_or_none(events: int, person: int | None) -> str:
    if events > MOST:
        told = {"events": counted("%(num)s событие", "%(num)s событий", events), "most": whole(MOST)}
        return (
            gettext(
                "Здесь %(events)s, а за раз выгружается не больше %(most)s. Возьмите меньше дней "
                "или выгрузите командой provodka export на сервере: у неё такого предела нет."
            )
            % told
        )
    if events:
        return ""
    if person is not None:
        return gettext("У человека с таким номером нет ни одного события. Найдите его ещё раз поиском.")
    return gettext("За эти дни ничего не приходило: выгружать нечего.")


def _size(size: int) -> str:
    megabytes = f"{max(0.1, size / 2**20):.1f}".replace(".", "," if language() == "ru" else ".")
    return gettext("%s МБ") % megabytes
