"""Why an action is not over yet, in words, and what to type so that it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from cli.resume import command
from provodka.journal import MAKERS, ActionState
from support.waiting import Mend, Wait, WaitsFor

Clock = Callable[[datetime | None], str]


def why_not_yet(waits: Iterable[Wait], at: Clock) -> str:
    """One sentence, empty for what is over."""
    return "; ".join(_words(one, at) for one in waits)


_WORDS: Final = {
    WaitsFor.CARRIED_OUT: "is being carried out now",
    WaitsFor.LATER: "waits until {until}: {why}",
    WaitsFor.RETRY: "waits until {until} to be tried again",
    WaitsFor.LANE: "waits for action {action}, which goes before it in the same lane",
    WaitsFor.WORKER: "to be sent as soon as there is a free worker",
    WaitsFor.DOUBT: "whether an earlier attempt was carried out is not known, so that is looked for first",
    WaitsFor.ACCOUNT: "account {name} is held until {until}: {why}",
}


def _words(one: Wait, at: Clock) -> str:
    match one.what:
        case WaitsFor.TIMER:
            again = f" (the last try failed: {one.why})" if one.why else ""
            return f"waits until {at(one.until)}, then the rule is read again{again}"
        case WaitsFor.RESULT if one.action is None:
            return "waits for the result of an action that is not there"
        case WaitsFor.RESULT:
            text = f"waits for the result of action {one.action} ({one.kind}), which is {one.state}"
            return f"{text}: settle that one first" if one.state == ActionState.DEAD else text
        case WaitsFor.BRAKE if one.until is None:
            return "is held, since its rule stopped itself"
        case WaitsFor.BRAKE:
            return f"is held: its rule stopped itself at {at(one.until)}, since {one.why}"
    return _WORDS[one.what].format(until=at(one.until), why=one.why, action=one.action, name=one.name)


def next_commands(id_: int, kind: str, rule: str, ways: Iterable[Mend]) -> tuple[str, ...]:
    """What a person can type to move this action on."""
    return tuple(text for way in ways for text in _commands(id_, kind, rule, way))


def _commands(id_: int, kind: str, rule: str, way: Mend) -> tuple[str, ...]:
    match way:
        case Mend.RESUME:
            return (command(rule),)
        case Mend.DROP:
            return (f"{command(rule)} --drop",)
        case Mend.SETTLE:
            ids = "--lead ID --contact ID" if kind in MAKERS else "--remote-id ID"
            return (f"provodka resolve {id_} --done {ids}", f"provodka resolve {id_} --not-done")
    return (f"provodka resend {id_}",)
