"""What needs a person, by its cause, and what may be done with all of a cause at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from provodka.journal import StoredEvent, brakes
from support import diagnosis, replaying
from support import needs as waiting
from support.masking import Mask
from webhooks.console.access import masks, needs, parts, reader, record, row_number
from webhooks.console.causes import Cause, cause_of
from webhooks.console.names import action_title, event_title, reason_words
from webhooks.console.settings import Role
from webhooks.console.titles import account_title
from webhooks.console.words import counted, gettext


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked before it is done: `verb` names the button, `fields` are sent back with the answer."""

    title: str
    text: str
    verb: str
    fields: dict[str, str | int]


def blueprint() -> Blueprint:
    """`/console/needs`."""
    pages = Blueprint("needs", __name__)

    @pages.get("/needs")
    def page() -> ResponseReturnValue:
        found = waiting.needs(parts().journal)
        may = reader().role.may(Role.OPERATE)
        return render_template("needs.html", found=found, may=may, mask=_mask(found), **_words())

    @pages.route("/needs/resend", methods=["GET", "POST"])
    @needs(Role.OPERATE)
    def resend() -> ResponseReturnValue:
        key, upto = _group()
        if request.method == "POST":
            group = _dead(key)
            told = {"kind": group.kind, "reason": group.reason, "count": len([one for one in group.ids if one <= upto])}
            record("resend_all", group.rule, **told)
            return _done(gettext("Отправлено снова: %s.") % _actions(waiting.resend(parts().journal, key, upto)))
        return _about_dead(key)

    @pages.route("/needs/again", methods=["GET", "POST"])
    @needs(Role.OPERATE)
    def again() -> ResponseReturnValue:
        key, upto = _group()
        if request.method == "POST":
            chosen = waiting.events_of_dead(parts().journal, key, upto)
            record("replay_all", _dead(key).rule, count=len(chosen))
            return _done(" ".join(_planned_anew(chosen, dry_run=False)))
        return _about_again(key)

    @pages.route("/needs/replay", methods=["GET", "POST"])
    @needs(Role.OPERATE)
    def replay() -> ResponseReturnValue:
        key, upto = _group()
        if request.method == "POST":
            group = _failed(key)
            record("replay_all", count=len([one for one in group.ids if one <= upto]))
            return _done(
                gettext("Разбирается заново: %s.") % _events(waiting.replay_failed(parts().journal, key, upto))
            )
        return _about_failed(key)

    @pages.route("/needs/rule", methods=["GET", "POST"])
    @needs(Role.OPERATE)
    def rule() -> ResponseReturnValue:
        name, drop = request.values.get("rule", ""), request.values.get("drop") == "1"
        if request.method == "POST":
            record("drop" if drop else "resume", name)
            moved = waiting.resume(parts().journal, name, drop=drop)
            if moved is None:
                return _done(gettext("Правило «%s» уже работает: его отпустил кто-то другой.") % name)
            told = gettext("Отменено: %s.") if drop else gettext("Отпущено: %s.")
            return _done(told % _actions(moved))
        return _about_rule(name, drop=drop)

    return pages


def _dead(key: str) -> waiting.Cause:
    """The group of actions of this name."""
    return parts().journal.read(lambda c: waiting.dead(c, unknown=False)).of(key) or abort(404)


def _failed(key: str) -> waiting.Cause:
    """The group of events of this name."""
    return parts().journal.read(waiting.failed).of(key) or abort(404)


def _about_dead(key: str) -> ResponseReturnValue:
    group = _dead(key)
    upto = max(group.ids)
    return _ask(
        gettext("Отправить снова?"),
        " ".join(
            [
                gettext("Будет отправлено снова: %(count)s, «%(kind)s» по правилу «%(rule)s».")
                % {"count": _actions(group.count), "kind": action_title(group.kind), "rule": group.rule},
                gettext("Причина должна быть уже устранена."),
                gettext(
                    "Уйдёт то, что было задано тогда. Если вместо этого исправлено правило, разберите события заново."
                ),
            ]
        ),
        gettext("Отправить %s") % _actions(group.count),
        {"cause": key, "upto": upto},
    )


def _about_again(key: str) -> ResponseReturnValue:
    group = _dead(key)
    chosen = waiting.events_of_dead(parts().journal, key)
    return _ask(
        gettext("Разобрать заново?"),
        " ".join([*_planned_anew(chosen, dry_run=True), gettext("Правила должны быть уже исправлены.")]),
        gettext("Разобрать %s") % _events(len(chosen)),
        {"cause": key, "upto": max(group.ids)},
    )


def _planned_anew(chosen: list[StoredEvent], *, dry_run: bool) -> Iterator[str]:
    """What comes of planning these events by today's rules, in sentences."""
    told = replaying.replay(parts().journal, chosen, parts().evaluate, masks(), dry_run=dry_run)
    made = Counter(one.what for event in told for one in event.differences)
    refused = sum(event.outcome is replaying.Outcome.REFUSED for event in told)
    said = gettext("По сегодняшним правилам будет разобрано: %s.") if dry_run else gettext("Разобрано заново: %s.")
    yield said % _events(len(told) - refused)
    yield gettext("С новыми данными уйдёт: %s.") % _actions(made[replaying.Change.REMADE])
    if made[replaying.Change.NEW]:
        yield gettext("Будет сделано впервые: %s.") % _actions(made[replaying.Change.NEW])
    if refused:
        yield gettext("Не разобрать: %s, причина на странице каждого.") % _events(refused)


def _about_failed(key: str) -> ResponseReturnValue:
    group = _failed(key)
    return _ask(
        gettext("Разобрать заново?"),
        gettext("По сегодняшним правилам будет разобрано: %s. Правила должны быть уже исправлены.")
        % _events(group.count),
        gettext("Разобрать %s") % _events(group.count),
        {"cause": key, "upto": max(group.ids)},
    )


def _about_rule(name: str, *, drop: bool) -> ResponseReturnValue:
    found = parts().journal.read(brakes.stopped)
    one = next((one for one in found if one.rule == name), None) or abort(404)
    count = _actions(one.held)
    if drop:
        text = gettext("Правило «%(rule)s» снова заработает, а придержанное, %(count)s, не будет выполнено никогда.")
        return _ask(
            gettext("Отменить придержанное?"),
            text % {"rule": name, "count": count},
            gettext("Отменить %s") % count,
            {"rule": name, "drop": 1},
        )
    text = gettext("Правило «%(rule)s» снова заработает и выполнит придержанное по порядку: %(count)s.")
    return _ask(
        gettext("Отпустить правило?"),
        text % {"rule": name, "count": count},
        gettext("Отпустить %s") % count,
        {"rule": name, "drop": 0},
    )


def _ask(title: str, text: str, verb: str, fields: dict[str, str | int]) -> str:
    return render_template("needs_ask.html", ask=Question(title, text, verb, fields))


def _done(told: str) -> ResponseReturnValue:
    flash(told)
    return redirect(url_for("needs.page"), 303)


def _group() -> tuple[str, int]:
    """Which cause, and up to which of it."""
    return request.values.get("cause", ""), request.values.get("upto", 0, type=row_number)


def _actions(number: int) -> str:
    return counted("%(num)s действие", "%(num)s действий", number)


def _events(number: int) -> str:
    return counted("%(num)s событие", "%(num)s событий", number)


def _mask(found: waiting.Needs) -> Mask:
    """Of everybody who stands on the page."""
    cases = [case for sort in (found.dead, found.unknown, found.failed) for one in sort.groups for case in one.newest]
    cases += [case for one in found.stopped for case in one.newest]
    return masks().of(case.event.event.person for case in cases)


def _words() -> dict[str, object]:
    return {
        "action_title": action_title,
        "event_title": event_title,
        "reason_words": reason_words,
        "account_title": account_title,
        "cause": cause,
        "actions": _actions,
        "events": _events,
    }


def cause(group: waiting.Cause, mask: Mask) -> Cause:
    """What has gone wrong with all of a group and what helps, as the page of each event says it."""
    return cause_of(diagnosis.dead(group, group.attempts, mask))
