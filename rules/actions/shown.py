"""What actions share that show something in a card: words, and the files beside them."""

from __future__ import annotations

from collections.abc import Sequence

from provodka.errors import Ambiguous, Rejected
from provodka.operation import Done, Outcome
from rules.actions.base import Decided
from rules.actions.desk import told
from rules.actions.linking import unfinished


def all_of(outcomes: Sequence[Outcome]) -> Outcome:
    """Done where there was nothing; what may still succeed beside what is done must find that again."""
    failed = [outcome for outcome in outcomes if not isinstance(outcome, Done)]
    if not failed:
        return outcomes[0] if outcomes else Done()
    passing = [outcome for outcome in failed if not isinstance(outcome, Rejected)]
    first = (passing or failed)[0]
    return unfinished(first) if len(failed) < len(outcomes) else first


def with_words(d: Decided, hung: Outcome, shown: Outcome | None) -> Outcome:
    """The words count: a file that the card refuses is only told of. `hung`: the files, which went first."""
    if shown is None:
        return hung
    if isinstance(shown, Done):
        refused = {"reason": f"the card refused the file: {hung.reason}"} if isinstance(hung, Rejected) else {}
        return told(shown, {**d.frozen["told"], **refused})
    return shown if isinstance(shown, Ambiguous) or not d.frozen.get("files") else unfinished(shown)
