"""The client's staff: who is at work, and notices to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from connectors.bitrix24.client import Batch, mapping, rows_of
from connectors.bitrix24.query import Command
from connectors.bitrix24.room import Room
from connectors.crm.batching import build, with_fresh_names
from provodka.crm import Presence, StaffNotice, User
from provodka.errors import AuthFailed, Rejected
from provodka.operation import Done, Outcome, Request

STATES: Final = {
    "OPENED": Presence.AT_WORK,
    "PAUSED": Presence.PAUSED,
    "CLOSED": Presence.AWAY,
    "EXPIRED": Presence.AWAY,
}
AT_ONCE: Final = 16  # people in a request: three commands for each
UNHEARD: Final = "Битрикс24 не сохранил уведомление: проверьте, что сотрудник {login} действует и включил уведомления."


class Staff:
    """`presence` and `notify_staff` of one portal."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def presence(self, logins: Sequence[str]) -> dict[str, Presence]:
        """By the working day where it is tracked; else who is online is at work, and of others nothing is known."""
        by_login = {user.login: user for user in self._room.directory.users() if user.active}
        known = [(login, user) for login in dict.fromkeys(logins) if (user := by_login.get(login.casefold()))]
        found = dict.fromkeys(logins, Presence.UNKNOWN)
        for start in range(0, len(known), AT_ONCE):
            found.update(self._ask(known[start : start + AT_ONCE]))
        return found

    def notify(self, requests: Sequence[Request[StaffNotice]]) -> list[Outcome]:
        def attempt(part: Sequence[Request[StaffNotice]]) -> list[Outcome]:
            commands, outcomes = build(part, self._notice)
            sent = self._room.deliver(commands, _saved)
            outcomes.update({i: _heard(one, part[i].params.to) for i, one in sent.items()})
            return [outcomes[i] for i in range(len(part))]

        return with_fresh_names(self._room.directory, requests, attempt)

    def _ask(self, people: Sequence[tuple[str, User]]) -> dict[str, Presence]:
        commands: dict[str, Command] = {}
        for _, user in people:
            commands[f"d{user.id}"] = Command("timeman.status", {"USER_ID": user.id})
            commands[f"s{user.id}"] = Command("timeman.settings", {"USER_ID": user.id})
            commands[f"u{user.id}"] = Command("user.get", {"ID": user.id})
        answer = self._room.client.batch(commands)
        return {login: _presence(answer, user.id) for login, user in people}

    def _notice(self, request: Request[StaffNotice]) -> Command:
        """The tag is our key: a second one takes the first one's place. A webhook must say whose tag it is."""
        notice, room = request.params, self._room
        path = room.kind_of(notice.card.kind).path
        link = f"[URL=/crm/{path}/details/{notice.card.id}/]Открыть карточку[/URL]"
        params = {
            "USER_ID": room.directory.user(notice.to).id,
            "MESSAGE": f"{notice.text.strip()}\n{link}",
            "TAG": f"{room.settings.originator}|{request.key}",
        }
        if room.settings.oauth is not None:
            return Command("im.notify.system.add", params)
        return Command("im.notify.personal.add", {**params, "CLIENT_ID": room.settings.originator})


def _presence(answer: Batch, user: str) -> Presence:
    """Time tracking is part of some plans only, and its right may be lacking."""
    tracked = mapping(answer.results.get(f"s{user}")).get("UF_TIMEMAN") in (True, "Y", "1", 1)
    state = STATES.get(str(mapping(answer.results.get(f"d{user}")).get("STATUS")))
    if tracked and state is not None:
        return state
    error = answer.errors.get(f"u{user}")
    if isinstance(error, AuthFailed):
        raise error
    rows = rows_of(answer.results.get(f"u{user}"))
    return Presence.AT_WORK if any(row.get("IS_ONLINE") == "Y" for row in rows) else Presence.UNKNOWN


def _saved(result: object) -> Outcome:
    """`false` comes with a success, too."""
    return Done(str(result)) if str(result).isdecimal() and result else Rejected("the notice was not saved")


def _heard(outcome: Outcome, login: str) -> Outcome:
    if isinstance(outcome, Rejected) and not outcome.hint:
        return Rejected(outcome.reason, hint=UNHEARD.format(login=login), status=outcome.status, code=outcome.code)
    return outcome
