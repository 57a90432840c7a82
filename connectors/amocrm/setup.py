"""An account of amoCRM before the start: what the token may, what is missing, and the proof that amoCRM tells us."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from connectors.amocrm import hooks, tokens
from connectors.amocrm.client import Json, embedded
from connectors.amocrm.known import read_task
from connectors.amocrm.room import Room
from connectors.amocrm.stamp import BY_HAND, OF, Stamp
from connectors.amocrm.structure import read_structure
from connectors.crm.expecting import Expectations
from connectors.crm.making import Making
from connectors.crm.mirror import TASK, KnownTask, snapshot
from provodka.errors import Ambiguous, Rejected
from provodka.operation import Done
from provodka.readiness import Hooks, HookState, Look, Remark, Weight, former, is_ours, same_hook

VENDOR_PACE: Final = 7.0  # calls a second of an integration
MOST_HOOKS: Final = 100  # of an account
PROBE: Final = "probe:task"  # cursor: the task that probes change
DAY: Final = 86400  # seconds
PROBE_TEXT: Final = "Проверка связи Provodka: эту задачу трогать не нужно"
_RIGHTS: Final = {
    "leads": ("view", "edit", "add"),
    "contacts": ("view", "edit", "add"),
    "companies": ("view", "edit", "add"),
    "tasks": ("edit",),
}
_ENTITIES_RU: Final = {"leads": "сделки", "contacts": "контакты", "companies": "компании", "tasks": "задачи"}
_ACTIONS_RU: Final = {"view": "просмотр", "edit": "изменение", "add": "создание"}

NOT_ADMIN: Final = (
    "Выдайте токен от имени администратора (лучше отдельного сотрудника, для интеграции): без этого не видны "
    "сотрудники, не создать служебное поле и вебхуки."
)
RIGHT: Final = "Дайте владельцу токена право «{action}: {entity} — все» в amoCRM (Настройки → Пользователи)."
PACE: Final = "Поставьте 6 или меньше: при превышении amoCRM отвечает 429, а затем блокирует адрес."
MAKE_FIELD: Final = "provodka check --online --create создаст его сейчас; без этого оно появится с первым лидом."
SLOW: Final = "Фильтры API выключены на тарифе аккаунта: карточки читаются по одной, очередь разбирается медленнее."
FULL: Final = "В amoCRM не больше 100 вебхуков: удалите ненужные (amoМаркет → Вебхуки)."


class Setup:
    """One account. `sleep` is for the probe: amoCRM's times have whole seconds."""

    def __init__(self, room: Room, sleep: Callable[[float], None] = time.sleep) -> None:
        self._room = room
        self._sleep = sleep

    def looks(self) -> Sequence[Look]:
        return (self._pace, self._filters, lambda: tokens.remarks(self._room), self._owner, self._fields)

    def lacking_fields(self) -> list[str]:
        return [] if Stamp(self._room).exists() else [self._room.settings.stamp_field]

    def hooks(self, destination: str) -> Hooks:
        rows, secret = self._hooks(), self._secret
        stale = former([str(row.get("destination")) for row in rows], destination, secret)
        found = [row for row in rows if same_hook(str(row.get("destination")), destination, secret)]
        if not found:
            return Hooks(HookState.MISSING, hooks.SETTINGS, stale)
        told = {str(one) for row in found if not row.get("disabled") for one in row.get("settings") or ()}
        lacking = tuple(one for one in hooks.SETTINGS if one not in told)
        if all(row.get("disabled") for row in found):
            return Hooks(HookState.DISABLED, lacking, stale)
        return Hooks(HookState.INCOMPLETE if lacking else HookState.REGISTERED, lacking, stale)

    def unsubscribe(self, destination: str) -> bool:
        if not any(row.get("destination") == destination for row in self._hooks()):
            return False
        self._room.client.write("DELETE", "/webhooks", {"destination": destination})
        return True

    def probe(self, destination: str) -> str:
        """A task of the token's owner, on no card, is opened and completed at once: it is ours, so no rule hears of it.

        It is made once in the life of an account and kept, since amoCRM's API deletes no tasks.
        """
        del destination
        task = self._opened() or self._make_task()
        if int(task.get("updated_at") or 0) >= int(self._room.now().timestamp()):
            self._sleep(1.1)  # two changes of one second look like one delivery
        done = {"id": int(task["id"]), "is_completed": True, "result": {"text": self._room.now().isoformat()}}
        self._complete(done, read_task(task, self._room.directory))
        return f"{TASK}:{task['id']}"

    def end_probe(self, destination: str, sign: str) -> None:
        """The task stays for the next probe."""

    def structure(self) -> dict[str, Any]:
        return read_structure(self._room)

    @property
    def _secret(self) -> str:
        given = self._room.settings.hook_secret
        return given.get_secret_value() if given else ""

    def _hooks(self) -> list[Json]:
        return [row for _, page in self._room.client.pages("/webhooks", "webhooks") for row in page]

    def _complete(self, done: Json, known: KnownTask) -> None:
        """Told to the mirror beforehand: the echo is no news."""
        self._room.add(TASK, [snapshot(known, self._room.now())], {})
        expectations: Expectations[KnownTask] = Expectations(self._room, TASK)
        aims = expectations.expect([(known.id, done)], {known.id: known}, lambda *_: {"completed": True})
        self._room.client.write("PATCH", "/tasks", [done])
        expectations.settle([(known.id, Done(known.id))], aims)

    def _opened(self) -> Json | None:
        """The task of an earlier probe, open again; none where it is gone, or stays as it is."""
        client = self._room.client
        known = self._room.cursor(PROBE)
        task = client.find(f"/tasks/{known}") if known else None
        if task is None:
            return None
        now = int(self._room.now().timestamp())
        opened = {"is_completed": False, "complete_till": now + DAY}  # by its old time it would be overdue
        try:
            client.write("PATCH", "/tasks", [{"id": int(task["id"]), **opened}])
        except Rejected:
            return None
        return {**task, **opened, "updated_at": now}

    def _make_task(self) -> Json:
        me = int(self._me()["id"])
        now = int(self._room.now().timestamp())
        body = {"text": PROBE_TEXT, "complete_till": now + DAY, "responsible_user_id": me}
        making, card = Making(self._room), KnownTask("", PROBE_TEXT, now + DAY)
        making.begin([card])
        made = embedded(self._room.client.write("POST", "/tasks", [body]).data, "tasks")
        if not made:
            raise Ambiguous("the answer holds no task")
        one = str(made[0]["id"])
        self._room.add(TASK, [snapshot(replace(card, id=one), self._room.now())], {})
        making.end({one: card}, {one: Done(one)})
        self._room.put(TASK, [], {PROBE: str(made[0]["id"])})
        return {"updated_at": now, **made[0]}

    def _me(self) -> Json:
        account = self._room.client.get("/account") or {}
        return self._room.client.get(f"/users/{account.get('current_user_id')}") or {}

    def _pace(self) -> Iterator[Remark]:
        pace = self._room.settings.per_second
        if pace > VENDOR_PACE:
            text = f"{pace:g} calls a second, and amoCRM allows {VENDOR_PACE:g}"
            yield Remark(("per_second",), text, PACE, Weight.CONFIG)

    def _filters(self) -> Iterator[Remark]:
        self._room.directory.refresh(0)
        if not self._room.directory.account().api_filter:
            yield Remark(("url",), "the account's plan has no filters in the API", SLOW, Weight.NOTE)
        rows = self._hooks()
        if len(rows) >= MOST_HOOKS and not any(is_ours(str(row.get("destination")), self._secret) for row in rows):
            yield Remark(("hook_secret",), f"the account has {len(rows)} webhooks, there is no room for ours", FULL)

    def _owner(self) -> Iterator[Remark]:
        me = self._me()
        rights = me.get("rights") or {}
        if rights.get("is_admin"):
            return
        name = str(me.get("name") or me.get("id") or "?")
        yield Remark((self._way_in,), f"the owner of the token, {name}, is no administrator", NOT_ADMIN)
        for entity, actions in _RIGHTS.items():
            letters = rights.get(entity) or {}
            for action in actions:
                if (letter := str(letters.get(action, "A"))) != "A":
                    text = f"the owner of the token, {name}, has «{letter}» and not «A» for {entity}.{action}"
                    cure = RIGHT.format(action=_ACTIONS_RU[action], entity=_ENTITIES_RU[entity])
                    yield Remark((self._way_in,), text, cure)

    def _fields(self) -> Iterator[Remark]:
        for name in self.lacking_fields():
            can_make = bool((self._me().get("rights") or {}).get("is_admin"))
            cure = MAKE_FIELD if can_make else BY_HAND.format(of=OF["leads"], code=self._room.settings.stamp_code)
            weight = Weight.NOTE if can_make else Weight.ACCOUNT
            yield Remark(("stamp_field",), f"the CRM has no service field «{name}» yet", cure, weight)

    @property
    def _way_in(self) -> str:
        return "token" if self._room.settings.token is not None else "oauth"
