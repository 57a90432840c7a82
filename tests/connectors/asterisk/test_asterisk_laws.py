"""Laws of the follower: any number of calls at once, interleaved in any way, and any event lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.asterisk.calls import Calls
from connectors.asterisk.numbers import Numbers
from connectors.asterisk.settings import AsteriskSettings
from connectors.calls.conversation import Conversation
from connectors.calls.notice import CallNotice, Told
from provodka.event import utc_now
from provodka.payloads import CallOutcome, Direction
from sandbox.senders.asterisk import Pbx
from tests.connectors.asterisk.conftest import LOGIN

Event = dict[str, str]
SETTINGS = AsteriskSettings.model_validate(LOGIN)

SCRIPTS: dict[str, tuple[Callable[[Pbx], str], tuple[Direction, str, CallOutcome]]] = {
    "answered": (
        lambda pbx: pbx.incoming("79160001122", rung=("101", "102"), answered="102"),
        (Direction.IN, "102", CallOutcome.TALKED),
    ),
    "missed": (
        lambda pbx: pbx.incoming("79160001122", rung=("103",)),
        (Direction.IN, "103", CallOutcome.MISSED),
    ),
    "out": (lambda pbx: pbx.outgoing("79160001122", "104"), (Direction.OUT, "104", CallOutcome.TALKED)),
    "busy": (lambda pbx: pbx.outgoing("79160001122", "105", "BUSY"), (Direction.OUT, "105", CallOutcome.NOT_REACHED)),
    "internal": (lambda pbx: pbx.internal("106", "107"), (Direction.INTERNAL, "106", CallOutcome.TALKED)),
}


class Script(Pbx):
    """Writes the events down instead of sending them."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Event] = []

    def tell(self, event: str, **fields: str) -> None:
        self.told.append({"Event": event, **{name.replace("_", "-"): value for name, value in fields.items()}})


def scripted(names: Sequence[str]) -> tuple[list[list[Event]], dict[str, str]]:
    """The events of each call, and which script each Linkedid was."""
    pbx, rows, which = Script(), [], {}
    for name in names:
        pbx.told = []
        which[SCRIPTS[name][0](pbx)] = name
        rows.append(pbx.told)
    return rows, which


def followed(events: Sequence[Event]) -> tuple[Calls, dict[str, list[CallNotice]]]:
    calls = Calls(Numbers(SETTINGS), utc_now)
    told: dict[str, list[CallNotice]] = {}
    for event in events:
        for notice in calls.take(event):
            told.setdefault(notice.call, []).append(notice)
    return calls, told


def interleaved(rows: list[list[Event]], chance: Random) -> list[Event]:
    left, events = [list(row) for row in rows], []
    while any(left):
        events.append(chance.choice([row for row in left if row]).pop(0))
    return events


seeds = st.integers(0, 10**9).map(Random)
some = st.lists(st.sampled_from(sorted(SCRIPTS)), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(some, seeds)
def test_calls_at_once_are_each_told_as_if_alone(names: list[str], chance: Random) -> None:
    rows, which = scripted(names)
    calls, told = followed(interleaved(rows, chance))
    assert not calls.live
    assert told.keys() == which.keys()
    for linked, name in which.items():
        assert [one.told for one in told[linked]].count(Told.ENDED) == 1
        call = Conversation.of(told[linked]).call()
        assert (call.direction, call.extension, call.outcome) == SCRIPTS[name][1]


@settings(max_examples=60, deadline=None)
@given(some, seeds)
def test_a_lost_event_makes_no_second_call_and_no_second_end(names: list[str], chance: Random) -> None:
    rows, which = scripted(names)
    events = interleaved(rows, chance)
    events.pop(chance.randrange(len(events)))
    _, told = followed(events)
    assert told.keys() <= which.keys()
    assert all([one.told for one in notices].count(Told.ENDED) <= 1 for notices in told.values())


NAMES = (
    "Uniqueid", "Linkedid", "Channel", "CallerIDNum", "Exten", "DestUniqueid", "DestChannel", "DialStatus", "Timestamp",
)  # fmt: skip
KINDS = (
    "Newchannel", "DialBegin", "DialEnd", "BridgeEnter", "Hangup", "BlindTransfer", "QueueCallerJoin", "Unheard",
)  # fmt: skip
VALUES = ("1.1", "1.2", "2.1", "PJSIP/101-00000001", "Local/;1", "", "-1", "1e400", "\x00", "79160001122", "ANSWER")


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 12), seeds)
def test_whatever_the_exchange_says_breaks_nothing(many: int, chance: Random) -> None:
    said = [
        {"Event": chance.choice(KINDS), **{name: chance.choice(VALUES) for name in chance.sample(NAMES, 6)}}
        for _ in range(many)
    ]
    _, told = followed(said)
    for key, notices in told.items():
        call = Conversation.of(notices).call()
        assert call.id == key
        assert call.talk_seconds >= 0
