"""What a person decides about actions that were given up: send them again, or settle what is unknown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from provodka.journal import MAKERS, ActionState, DeadReason, Journal, StoredAction, mending, queries
from support.find import identity_of

RESENDABLE = (ActionState.DEAD, ActionState.CANCELLED)


def is_doubtful(action: StoredAction) -> bool:
    """Whether it may have been carried out, so that a person is asked before it goes out again."""
    return action.reason == DeadReason.OUTCOME_UNKNOWN


def send_again(journal: Journal, ready: Sequence[StoredAction]) -> set[int]:
    """In one transaction; the ids of those that somebody else has moved meanwhile."""
    now = journal.now()
    return journal.write(lambda c: {action.id for action in ready if not mending.resend(c, action.id, now)})


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a person found out: it was done (and what it made: ids of the CRM), or it was not."""

    done: bool = False
    not_done: bool = False
    lead: str = ""
    contact: str = ""
    remote: str = ""


class Unfit(StrEnum):
    """What does not fit together in a settlement: neither or both of done and not done; ids of what was not done; a
    lead or contact named for an action that makes none; another id than the lead's for one that makes it; no lead."""

    UNSAID = "unsaid"
    NOT_DONE_HAS_IDS = "not_done_has_ids"
    MAKES_NO_LEAD = "makes_no_lead"
    MAKES_A_LEAD = "makes_a_lead"
    NO_LEAD = "no_lead"


@dataclass(frozen=True, slots=True)
class Settled:
    """What is written of the action, and the ids of what waited for it and goes on. `moved_on`: nothing was written,
    since it has no unknown outcome any more."""

    result: dict[str, Any] | None
    released: tuple[int, ...]
    moved_on: bool = False


def is_unknown(action: StoredAction) -> bool:
    """Whether there is anything to settle."""
    return action.reason == DeadReason.OUTCOME_UNKNOWN and action.state is ActionState.DEAD


def unfit(action: StoredAction, settled: Settlement) -> Unfit | None:
    """The first thing that does not fit, None where all does."""
    given = settled.lead or settled.contact or settled.remote
    if settled.done == settled.not_done:
        return Unfit.UNSAID
    if settled.not_done:
        return Unfit.NOT_DONE_HAS_IDS if given else None
    if action.kind not in MAKERS:
        return Unfit.MAKES_NO_LEAD if given != settled.remote else None
    if settled.remote:
        return Unfit.MAKES_A_LEAD
    return None if settled.lead else Unfit.NO_LEAD


def settle(journal: Journal, action: StoredAction, settled: Settlement, *, dry_run: bool = False) -> Settled:
    """Done, with what it made, or not done, so that it is sent once more without doubt. It has to be fit."""
    result = _result(action, settled) if settled.done else None
    released = tuple(a.id for a in _held_by(journal, action)) if settled.done else ()
    now = journal.now()
    body = None if result is None else json.dumps(result, ensure_ascii=False)
    moved_on = not dry_run and not journal.write(lambda c: mending.resolve(c, action.id, now, body))
    return Settled(result, released, moved_on)


def _result(action: StoredAction, settled: Settlement) -> dict[str, Any]:
    """As the action itself would have told it: what it had decided (its frozen request), with the ids given."""
    decided = json.loads(action.request) if action.request else {}
    told = {str(name): value for name, value in (decided.get("told") or {}).items()}
    told["reason"] = "; ".join(filter(None, (told.get("reason"), "settled by a person")))
    if action.kind not in MAKERS:
        return {**told, "remote_id": settled.remote}
    lead = identity_of(settled.lead).removeprefix("lead:") if "/" in settled.lead else settled.lead
    contact = settled.contact or told.get("contact_id", "")
    return {"created": "yes", **told, "remote_id": lead, "lead_id": lead, "contact_id": contact}


def _held_by(journal: Journal, action: StoredAction) -> list[StoredAction]:
    of_event = journal.read(lambda c: queries.actions_of(c, [action.event_seq])).get(action.event_seq, [])
    return [a for a in of_event if a.needs == action.key and a.state is ActionState.WAITING]
