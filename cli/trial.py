"""The console's what-if behind a fence: another's config is read, checked and compared in a process of its own. It is
told everything by its standard input and writes lines of JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from cli.config import Config
from cli.tried import tried
from provodka.errors import ConfigError, JournalUnavailableError
from provodka.fence import Bound, BoundError, BrokenError, Fence, OutOfTimeError, Steps
from provodka.journal.reading import ReadOnlyJournal
from provodka.yaml_marks import Document, parse_document
from rules.engine import rule_at
from support.trial import PROBLEMS, Beyond, Outcome, Tell, Trial, dump_outcome, held_against, load_outcome

_READING: Final = 6  # a config of a megabyte takes some fifteen seconds, an event a thousandth of one
_PAUSE: Final = 0.2  # seconds between two words about the progress


@dataclass(frozen=True)
class Asked:
    """A trial, and what it needs of the config that runs: where that stands, its text, what it has `taken` of the
    environment, what nobody may see of it, and its journal."""

    trial: Trial
    file: str
    source: str = field(repr=False)
    taken: Mapping[str, str] = field(repr=False)
    secrets: frozenset[str] = field(repr=False)
    journal_url: str = field(repr=False)

    @property
    def path(self) -> Path:
        return Path(self.file)

    @cached_property
    def document(self) -> Document:
        """The config that runs, as it was read."""
        return parse_document(self.source, self.file)


_ASKED: Final = TypeAdapter(Asked)


def _asked_of(config: Config, trial: Trial) -> bytes:
    """What the process is told."""
    file, source = str(config.path.absolute()), config.document.source
    return _ASKED.dump_json(Asked(trial, file, source, config.taken, config.secrets, config.journal_url))


def fenced(config: Config, fence: Fence, trial: Trial, tell: Tell) -> Outcome:
    """What comes of the trial, in a process of its own. Raises JournalUnavailableError, BrokenError, ClosedError,
    and what `tell` raises."""
    outcome, done, total = None, 0, 0
    try:
        with closing(fence.said(__name__, _asked_of(config, trial))) as lines:
            for line in lines:
                said = json.loads(line) if line else {}
                done, total = said.get("progress", (done, total))
                outcome = load_outcome(said["outcome"]) if "outcome" in said else outcome
                if "unavailable" in said:
                    raise JournalUnavailableError(said["unavailable"])
                tell(done, total)
    except BoundError as error:
        return Outcome(beyond=Beyond(error.bound, fence.limits.of(error.bound)))
    if outcome is None:
        raise BrokenError("it ended without a word")
    return outcome


def main(steps: Steps) -> None:
    """Called behind the fence."""
    pause = 0.0

    def tell(done: int, total: int) -> None:
        nonlocal pause
        if time.monotonic() >= pause:
            pause = time.monotonic() + _PAUSE
            steps.say(json.dumps({"progress": (done, total)}))

    try:
        said = {"outcome": dump_outcome(_answer(steps, tell))}
    except JournalUnavailableError as error:
        said = {"unavailable": str(error)}
    steps.say(json.dumps(said))


def _answer(steps: Steps, tell: Tell) -> Outcome:
    where = ""

    def step(event: str) -> None:
        nonlocal where
        where = event
        steps.begin()

    steps.begin(_READING)
    try:
        return _held(_ASKED.validate_json(steps.asked), step, tell)
    except ConfigError as error:
        return Outcome(problems=tuple(error.problems[:PROBLEMS]), more=len(error.problems[PROBLEMS:]))
    except OutOfTimeError as limit:
        return Outcome(beyond=Beyond(limit.bound, limit.most, not where, rule_at(limit), where))
    except MemoryError as limit:
        return Outcome(beyond=Beyond(Bound.MEMORY, steps.limits.memory, not where, rule_at(limit), where))
    finally:
        steps.end()


def _held(asked: Asked, step: Callable[[str], None], tell: Tell) -> Outcome:
    made = tried(asked.trial.text, asked)
    journal = ReadOnlyJournal(asked.journal_url, lambda: asked.trial.now)
    try:
        return held_against(journal, made, asked.trial, step, tell)
    finally:
        journal.close()
