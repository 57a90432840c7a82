"""What actions share that show something in a card: words, and the files beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from provodka.crm import Crm, NewFile
from provodka.errors import Ambiguous, Rejected
from provodka.operation import Done, Outcome
from rules.actions.base import Decided, Decision, Delivery, Outside
from rules.actions.desk import submit_all, told
from rules.actions.linking import unfinished


def shown_before(
    items: Sequence[Delivery], marks: Mapping[str, str], what: str, outside: Outside
) -> dict[str, Decision]:
    """The decisions of those that nothing is to be shown of: `marks` are the names, by action key, under which it is
    known once it is in a card; an event without one holds no such thing. `what`: «letter»."""
    logged = outside.links.shown_messages(list(marks.values()))
    found: dict[str, Decision] = {}
    for item in items:
        if item.key not in marks:
            found[item.key] = Rejected(f"an event {item.event.type} holds no {what}")
        elif marks[item.key] in logged:
            found[item.key] = Done(values={"reason": f"the {what} is shown already"}, found=True)
    return found


def hang_files(ready: Sequence[Decided], crm: Crm) -> tuple[dict[str, Outcome], list[Decided]]:
    """What became of the files of each, by action key, and those whose words may follow. Files go first: they can be
    looked for again."""
    files = submit_all(crm.attach_files, NewFile, "files", ready)
    hung = {d.item.key: all_of(files[d.item.key]) for d in ready}
    return hung, [d for d in ready if isinstance(hung[d.item.key], Done | Rejected)]


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
