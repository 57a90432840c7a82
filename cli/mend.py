"""`provodka resend` and `resolve`: a person decides what becomes of an action that Provodka gave up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection

from cli.show import Exit, View, one_line, table
from cli.tree import result_line
from provodka.journal import ActionState, DeadReason, Journal, StoredAction, StoredEvent, queries
from support.find import find_one
from support.mending import RESENDABLE, Settlement, Unfit, is_doubtful, is_unknown, send_again, settle, unfit

REASONS: Final = (DeadReason.EXHAUSTED.value, DeadReason.REJECTED.value)
_ALL: Final = 100_000
_IN_DOUBT: Final = (
    "may have been carried out already. It is sent in doubt: where its operation leaves a stamp, the stamp is looked "
    "for first and nothing is made twice; where it leaves none, it stops again, and only provodka resolve settles it"
)

Confirm = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What to resend: these actions, or the dead ones of an event, or all dead ones (of one reason)."""

    ids: Sequence[int] = ()
    event: str = ""
    all_dead: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ShownAction:
    """An action that is sent again or left; `why` is empty for the sent ones."""

    id: int
    event: str = ""
    kind: str = ""
    rule: str = ""
    reason: str = ""
    why: str = ""


@dataclass(slots=True)
class _Resending:
    """The work of one `resend`: what will be sent, and what will not and why."""

    ready: list[StoredAction] = field(default_factory=list)
    left: list[ShownAction] = field(default_factory=list)
    events: Mapping[int, str] = field(default_factory=dict)

    def leave(self, actions: Iterable[StoredAction], why: str) -> None:
        leaving = list(actions)
        self.left += [self.shown(action, why) for action in leaving]
        self.ready = [action for action in self.ready if action not in leaving]

    def shown(self, action: StoredAction, why: str = "") -> ShownAction:
        event = self.events.get(action.event_seq, "")
        return ShownAction(action.id, event, action.kind, action.rule, action.reason or "", why)


def resend(journal: Journal, chosen: Chosen, view: View, *, confirm: Confirm, dry_run: bool = False) -> int:
    """Send dead actions again. `confirm` is asked once if there are any whose outcome is unknown (`--yes`: say yes).

    Ends with 1 where an action could not be sent again or the person said no, with 2 where the choice is unclear.
    With `--json` it prints `{dry_run, sent: [action], left: [action with why]}`.
    """
    if mistake := _mistake(chosen):
        view.problem(mistake)
        return Exit.USAGE
    event = find_one(journal, chosen.event).one if chosen.event else None
    work = journal.read(lambda c: _gather(c, chosen, event))
    for action in [a for a in work.ready if a.state not in RESENDABLE]:
        work.leave([action], f"it is {action.state}: only dead and cancelled ones are sent again")
    doubtful = [a for a in work.ready if is_doubtful(a)]
    if doubtful and not dry_run and not confirm(_question(doubtful)):
        work.leave(doubtful, "its outcome is unknown, and the answer was no")
    if not dry_run:
        gone = send_again(journal, work.ready)
        work.leave([a for a in work.ready if a.id in gone], "it has moved on meanwhile")
    _tell_resent(work, view, dry_run=dry_run)
    return Exit.PROBLEM if work.left else Exit.FINE


def _mistake(chosen: Chosen) -> str:
    if sum([bool(chosen.ids), bool(chosen.event), chosen.all_dead]) != 1:
        return "say what to resend in one way: ids of actions, or --event ID, or --all-dead"
    if chosen.reason and not chosen.all_dead:
        return "--reason goes with --all-dead"
    if chosen.reason and chosen.reason not in REASONS:
        return f"--reason: no such reason, known: {', '.join(REASONS)}; an unknown outcome is for provodka resolve"
    return ""


def _gather(connection: Connection, chosen: Chosen, event: StoredEvent | None) -> _Resending:
    work = _Resending()
    if chosen.all_dead:
        dead = queries.dead_actions(connection, _ALL)
        work.ready = [a for a in reversed(dead) if chosen.reason in ("", a.reason)]
    elif event is not None:
        actions = queries.actions_of(connection, [event.seq]).get(event.seq, [])
        work.ready = [a for a in actions if a.state is ActionState.DEAD]
    elif chosen.event:
        work.left.append(ShownAction(0, chosen.event, why="there is no such event, or several are like it"))
    for id_ in dict.fromkeys(chosen.ids):
        action = queries.action_by_id(connection, id_)
        if action is None:
            work.left.append(ShownAction(id_, why="there is no such action"))
        else:
            work.ready.append(action)
    events = queries.events_by_seq(connection, [a.event_seq for a in work.ready])
    work.events = {seq: stored.event.id for seq, stored in events.items()}
    return work


def _question(doubtful: Sequence[StoredAction]) -> str:
    names = ", ".join(f"{a.id} ({a.kind})" for a in doubtful[:5]) + ("…" if len(doubtful) > 5 else "")
    each = f"Action {names}" if len(doubtful) == 1 else f"Each of {len(doubtful)} actions, {names},"
    return f"{each} {_IN_DOUBT}. Send?"


def _tell_resent(work: _Resending, view: View, *, dry_run: bool) -> None:
    sent = [work.shown(action) for action in work.ready]
    if view.as_json:
        view.json({"dry_run": dry_run, "sent": sent, "left": work.left})
        return
    if sent:
        rows = [(str(a.id), a.kind, one_line(a.rule), a.reason, a.event) for a in sent]
        view.print(table(("action", "kind", "rule", "was dead for", "event"), rows), "")
    view.print(f"{len(sent)} would be sent again (dry run: nothing was done)" if dry_run else f"{len(sent)} sent again")
    for action in work.left:
        view.problem(f"action {action.id} is left: {action.why}" if action.id else f"«{action.event}»: {action.why}")


def resolve(journal: Journal, action_id: int, settled: Settlement, view: View, *, dry_run: bool = False) -> int:
    """Settle an unknown outcome: done, with what it made, or not done, so that it is sent once more without doubt.

    Ends with 1 where the action is not one of unknown outcome, with 2 where the options do not fit together.
    With `--json` it prints `{dry_run, action, settled, result, released}`.
    """
    action = journal.read(lambda c: queries.action_by_id(c, action_id))
    if action is None or not is_unknown(action):
        why = "there is no such action" if action is None else f"it is {action.state} {action.reason or ''}"
        view.problem(f"action {action_id} has no unknown outcome: {why.strip()}")
        return Exit.PROBLEM
    if mistake := unfit(action, settled):
        view.problem(_UNFIT[mistake].format(kind=action.kind, maker=_maker(action)))
        return Exit.USAGE
    written = settle(journal, action, settled, dry_run=dry_run)
    if written.moved_on:
        view.problem(f"action {action_id} has moved on meanwhile: nothing was written")
        return Exit.PROBLEM
    shown = view.mask(journal).value(written.result)
    word = "done" if settled.done else "not_done"
    if view.as_json:
        released = written.released
        view.json({"dry_run": dry_run, "action": action_id, "settled": word, "result": shown, "released": released})
    else:
        _tell_resolved(action, shown, written.released, view, dry_run=dry_run)
    return Exit.FINE


_UNFIT: Final = {
    Unfit.UNSAID: "say either --done or --not-done",
    Unfit.NOT_DONE_HAS_IDS: "what was not done has made nothing: --lead, --contact and --remote-id go with --done",
    Unfit.MAKES_NO_LEAD: "a {kind} is named by --remote-id, not by --lead or --contact",
    Unfit.MAKES_A_LEAD: "{maker} is named by --lead and --contact, not by --remote-id",
    Unfit.NO_LEAD: "{maker} that was done has a lead: give --lead ID, and --contact ID if you know it",
}


def _maker(action: StoredAction) -> str:
    return f"{'an' if action.kind[0] in 'aeiou' else 'a'} {action.kind}"


def _tell_resolved(
    action: StoredAction, result: Mapping[str, Any] | None, released: Sequence[int], view: View, *, dry_run: bool
) -> None:
    would = "would be " if dry_run else "is "
    if result is None:
        view.print(f"action {action.id} ({action.kind}) {would}sent once more, since it was not done")
    else:
        view.print(f"action {action.id} ({action.kind}) {would}settled as done: {one_line(result_line(result))}")
    if released:
        view.print(f"{'would release' if dry_run else 'releases'} what waited for it: {', '.join(map(str, released))}")
    if dry_run:
        view.print("dry run: nothing was done")
