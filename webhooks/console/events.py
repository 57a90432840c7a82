"""The page of one event: its road, what the rules said, what was done about it, and what a person can still do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from provodka.journal import MAKERS, ActionState, EventState, StoredAction, StoredEvent, queries
from provodka.journal.records import WAIT
from provodka.payloads import EventType
from rules.plan import RuleOutcome
from support import mending, replaying
from support.diagnosis import What, cases, findings
from support.masking import Masks
from support.story import ShownAction, ShownRule, ShownStory, tell
from support.waiting import Mend, WaitsFor
from webhooks.console import names, telling
from webhooks.console.access import masks, needs, parts, reader, record
from webhooks.console.causes import cause_of
from webhooks.console.settings import Role

_SOON: Final = timedelta(minutes=2)
_LONGEST_BODY: Final = 20_000
_OVER: Final = (ActionState.DONE, ActionState.DEAD, ActionState.CANCELLED)


def blueprint() -> Blueprint:
    """`/console/events/<id>`."""
    pages = Blueprint("events", __name__, url_prefix="/events")

    @pages.get("/<id_>")
    def event(id_: str) -> ResponseReturnValue:
        return render_template("event.html", **_shown(_stored(id_)))

    @pages.get("/<id_>/story")
    def story(id_: str) -> ResponseReturnValue:
        """What changes while an action is on its way."""
        return render_template("event_story.html", **_shown(_stored(id_)))

    _mending(pages)
    return pages


def _mending(pages: Blueprint) -> None:
    """What changes something: for those who may operate, and on record."""

    @pages.post("/<id_>/actions/<int(max=9223372036854775807):action_id>/resend")
    @needs(Role.OPERATE)
    def resend(id_: str, action_id: int) -> ResponseReturnValue:
        action = _action(_stored(id_), action_id)
        doubtful = mending.is_doubtful(action)
        if doubtful and request.form.get("sure") != "yes":
            return render_template("event_resend.html", id=id_, action=action, names=names)
        record("resend", id_, action=action_id, doubtful=doubtful)
        if mending.send_again(parts().journal, [action]):
            abort(409)
        return redirect(url_for("events.event", id_=id_))

    @pages.post("/<id_>/actions/<int(max=9223372036854775807):action_id>/settle")
    @needs(Role.OPERATE)
    def settle(id_: str, action_id: int) -> ResponseReturnValue:
        action = _action(_stored(id_), action_id)
        if not mending.is_unknown(action):
            abort(409)
        settled = _settlement(action)
        if mistake := mending.unfit(action, settled):
            return render_template("event_unfit.html", id=id_, action=action, names=names, lead=mistake in _LEADS), 422
        record("resolve", id_, action=action_id, done=settled.done, lead=settled.lead, remote=settled.remote)
        if mending.settle(parts().journal, action, settled).moved_on:
            abort(409)
        return redirect(url_for("events.event", id_=id_))

    @pages.post("/<id_>/replay")
    @needs(Role.OPERATE)
    def replay(id_: str) -> ResponseReturnValue:
        """Without `sure` it shows what would follow."""
        stored = _stored(id_)
        sure = request.form.get("sure") == "yes"
        if sure:
            record("replay", id_)
        (told,) = replaying.replay(parts().journal, [stored], parts().evaluate, _masks(stored), dry_run=not sure)
        if sure and told.outcome is not replaying.Outcome.REFUSED:
            return redirect(url_for("events.event", id_=id_))
        return render_template(
            "event_replay.html", id=id_, told=told, names=names, telling=telling, Outcome=replaying.Outcome
        )


_LEADS: Final = (mending.Unfit.NO_LEAD, mending.Unfit.MAKES_A_LEAD)


def _settlement(action: StoredAction) -> mending.Settlement:
    """As the form says. `id` is the lead where the action makes one, else what the other side calls it."""
    given = {name: request.form.get(name, "").strip() for name in ("outcome", "id", "contact")}
    done = given["outcome"] == "done"
    number = given["id"] if done else ""
    makes = action.kind in MAKERS
    return mending.Settlement(
        done=done,
        not_done=given["outcome"] == "not_done",
        lead=number if makes else "",
        contact=given["contact"] if done and makes else "",
        remote="" if makes else number,
    )


def _stored(id_: str) -> StoredEvent:
    found = parts().journal.read(lambda c: queries.event_by_id(c, id_))
    if found is None:
        abort(404)
    return found


def _action(stored: StoredEvent, action_id: int) -> StoredAction:
    """One of this event's."""
    action = parts().journal.read(lambda c: queries.action_by_id(c, action_id))
    if action is None or action.event_seq != stored.seq:
        abort(404)
    return action


def _masks(stored: StoredEvent) -> Masks:
    return masks(f"event:{stored.event.id}")


def _shown(stored: StoredEvent) -> dict[str, Any]:
    seen_by = _masks(stored)
    told = tell(parts().journal, stored, seen_by)
    (case,) = cases(parts().journal, [stored])
    found = findings(case, seen_by.of([stored.event.person]))
    causes = {one.action: cause_of(one) for one in found if one.what is What.DEAD}
    return {
        "story": told,
        "event": told.event,
        "plans": [(plan, [r for r in plan.rules if not _is_aside(r)], _aside(plan.rules)) for plan in told.plans],
        "dead": [(action, causes.get(action.id)) for action in told.actions if action.state == ActionState.DEAD],
        "causes": [(one.grade, cause_of(one)) for one in found if one.what is not What.DEAD],
        "ended": _ended(told),
        "moving": _moves(told),
        "may_operate": reader().role.may(Role.OPERATE),
        "mend": Mend,
        "makers": MAKERS,
        "timer": WAIT,
        "names": names,
        "telling": telling,
        "says": seen_by.of([stored.event.person]).text(telling.says(stored.event.payload)),
        "opened": seen_by.opened,
        "body": _body(stored) if seen_by.opened else "",
        "at": current_app.jinja_env.filters["moment"],
        "lead_url": parts().lead_url,
        "contact_url": parts().contact_url,
    }


def _body(stored: StoredEvent) -> str:
    """As it came, where nothing could be read of it. Nobody knows whose names stand in it, so that only they see it who
    have opened the data."""
    raw = stored.event.raw if stored.event.type is EventType.UNREADABLE else b""
    return (masks(f"event:{stored.event.id}").of().raw(raw or b"") or "")[:_LONGEST_BODY]


def _is_aside(rule: ShownRule) -> bool:
    """A rule for quite other events; one that only listens to another channel is worth its own line."""
    return rule.outcome == RuleOutcome.OTHER_TRIGGER and not rule.reason


def _aside(rules: tuple[ShownRule, ...]) -> list[str]:
    return [rule.rule for rule in rules if _is_aside(rule)]


def _ended(story: ShownStory) -> Any:  # noqa: ANN401 -- a moment or None
    """When the last of its actions was over; None while one is not, or one was given up."""
    states = {action.state for action in story.actions}
    if not states or states - {ActionState.DONE, ActionState.CANCELLED}:
        return None
    return max((a.finished_at for a in story.actions if a.finished_at), default=None)


def _moves(story: ShownStory) -> bool:
    """Whether it changes by itself within a moment, so that the page should look again."""
    if story.event.state in (EventState.RECEIVED, EventState.PLANNING):
        return True
    return any(_action_moves(action) for action in story.actions if action.state not in _OVER)


def _action_moves(action: ShownAction) -> bool:
    soon = parts().now() + _SOON
    first = action.waits[0] if action.waits else None
    if first is None:
        return False
    if first.what is WaitsFor.RETRY:
        return first.until is not None and first.until < soon
    return first.what in (WaitsFor.CARRIED_OUT, WaitsFor.WORKER)
