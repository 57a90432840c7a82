"""A changed config on trial: what is asked and what came of it, as data that passes between two processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import TypeAdapter

from provodka.errors import Problem
from provodka.fence import Bound
from provodka.journal.planned_before import count, newest_since
from provodka.journal.reading import ReadOnlyJournal
from rules.differences import What
from rules.plan import RuleTrace
from support.masking import Masks
from support.whatif import Tried, compare
from support.whatif_tally import Span, Tally, Told

_LONGEST: Final = 1_000  # signs of a text in an answer; a page shows a fifth of that

PROBLEMS: Final = 50
"""So many mistakes of a config are told; the others most likely come of the first ones."""

Tell = Callable[[int, int], None]
"""Is told how many events are done, of how many (0: not known yet), also when nothing has changed; what it raises ends
the trial."""


@dataclass(frozen=True, slots=True)
class Trial:
    """The text of a config, to be held against the events of the `days` before `now`: `most` of them, the newest. So
    many are `shown` of those that it would deal with otherwise."""

    text: str
    days: int
    now: datetime
    most: int
    shown: int


@dataclass(frozen=True, slots=True)
class Gap:
    """For how many events a rule is undecided, for want of a fact, or `behind` a rule that may have stopped them."""

    rule: str
    fact: str
    behind: str
    events: int


@dataclass(frozen=True, slots=True)
class Because:
    """Why something of an event would, or would not, be done: what became of the rule; None where there is none."""

    event: str
    what: What
    rule: str
    trace: RuleTrace | None


@dataclass(frozen=True, slots=True)
class Beyond:
    """The limit that ended it, in seconds or bytes; and where that was, as far as it is known: while the config was
    read, or at a rule and an event (its id)."""

    bound: Bound
    most: float
    reading: bool = False
    rule: str = ""
    event: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a trial: mistakes of the config (its first ones, and how many `more` there are), a limit, or what
    would have become. `cut`: there were more events than are looked at; `by_name` the references that their names stood
    for."""

    problems: tuple[Problem, ...] = ()
    more: int = 0
    beyond: Beyond | None = None
    told: Told | None = None
    gaps: tuple[Gap, ...] = ()
    because: tuple[Because, ...] = ()
    cut: bool = False
    by_name: tuple[str, ...] = ()


_OUTCOME: Final = TypeAdapter(Outcome)


def dump_outcome(outcome: Outcome) -> Any:  # noqa: ANN401 -- JSON
    """As plain data, whose texts have no more than some thousand signs: what rules make may be of any length."""
    return _short(_OUTCOME.dump_python(outcome, mode="json"))


def load_outcome(data: Any) -> Outcome:  # noqa: ANN401 -- JSON
    """Out of plain data."""
    return _OUTCOME.validate_python(data)


def held_against(
    journal: ReadOnlyJournal, tried: Tried, trial: Trial, step: Callable[[str], None], tell: Tell
) -> Outcome:
    """Hold a config that was read against the journal, masked; `step` is called before each event, with its id."""
    wanted = trial.now - timedelta(days=trial.days)
    since = newest_since(journal, wanted, trial.now, trial.most)
    total, done = count(journal, since, trial.now), 0

    def tick(event: str) -> None:
        nonlocal done
        tell(done, total)
        done += 1
        step(event)

    masks = Masks(journal.key, opened=False)
    found = compare(journal, tried, Span(since, trial.now), masks, tick, limit=trial.shown)
    return _outcome(found.tally, tried, cut=since > wanted)


def _outcome(tally: Tally, tried: Tried, *, cut: bool) -> Outcome:
    gaps = tuple(Gap(*which, events) for which, events in tally.gaps.most_common())
    because = tuple(Because(*which, trace) for which, trace in tally.because.items())
    return Outcome(told=tally.told(), gaps=gaps, because=because, cut=cut, by_name=tried.by_name)


def _short(value: Any) -> Any:  # noqa: ANN401 -- JSON
    if isinstance(value, str) and len(value) > _LONGEST:
        return f"{value[:_LONGEST]}…"
    if isinstance(value, dict):
        return {name: _short(one) for name, one in value.items()}
    return [_short(one) for one in value] if isinstance(value, list) else value
