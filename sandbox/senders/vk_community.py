"""What a VK community knows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from threading import Condition
from typing import Any

Json = dict[str, Any]


class Community:
    """Messages, people, answers of lead forms and what is told of them. Threads share it."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.base = ""
        self.moved = Condition()
        self.clear()

    def clear(self) -> None:
        self.group, self.token, self.confirmation = 190000001, "sandbox", "0fsandbox"
        self.servers: list[Json] = [{"id": 1, "title": "Provodka", "secret_key": "sandbox", "status": "ok", "url": ""}]
        self.events: Json = {}
        self.form_name = "Расчёт окна"
        self.messages: dict[int, list[Json]] = {}
        self.people: dict[int, tuple[str, str]] = {}
        self.allowed: set[int] = set()
        self.blocked: set[int] = set()
        self.leads: list[Json] = []
        self.questions: list[Json] = []
        self.updates: list[Json] = []
        self.pinned = 0
        self.first_ts, self.key = 1, "key-1"
        self.sent: dict[tuple[int, int], int] = {}
        self.files: dict[str, bytes] = {}
        self._last_id = 1500

    def say(self, peer: int, text: str, more: Json | None = None, *, out: bool = False) -> Json:
        """A message in the talk with this person."""
        with self.moved:
            self._last_id += 1
            said = self.messages.setdefault(peer, [])
            body: Json = {"id": self._last_id, "date": int(self.now().timestamp()), "peer_id": peer}
            body |= {"from_id": -self.group if out else peer, "text": text, "out": int(out), "random_id": 0}
            body |= {"conversation_message_id": len(said) + 1, "attachments": [], "fwd_messages": [], **(more or {})}
            said.append(body)
            self.allowed.add(peer)
            return body

    def change(self, peer: int, text: str) -> Json:
        """The last message of a person, changed."""
        with self.moved:
            body = next(one for one in reversed(self.messages[peer]) if not one["out"])
            body.update(text=text, update_time=int(self.now().timestamp()))
            return dict(body)

    def fill(self, form: int, person: int, answers: list[Json]) -> Json:
        """The answers of a person; as the list has them they stand in `value`."""
        with self.moved:
            lead = {"lead_id": 77 + len(self.leads), "user_id": person, "ad_id": 555001}
            listed = [{"key": one["key"], "answer": {"value": one["answer"]}} for one in answers]
            self.leads.append({**lead, "date": int(self.now().timestamp()), "answers": listed, "form": form})
            self.questions = [{"key": one["key"], "type": "input", "label": one["question"]} for one in answers]
            return lead

    def tell(self, update: Json) -> None:
        """For the long poll."""
        with self.moved:
            self.updates.append(update)
            self.moved.notify_all()

    def forget_updates(self, count: int) -> None:
        """The long poll has lost the first of them: who asks with an older `ts` is told `failed: 1`."""
        with self.moved:
            self.first_ts += count
            del self.updates[:count]
