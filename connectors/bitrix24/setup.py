"""A portal before the start: what our entry may, what is missing, and the proof that Bitrix24 tells us."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from connectors.bitrix24 import hooks
from connectors.bitrix24.client import id_of, mapping
from connectors.bitrix24.directory import SIMPLE
from connectors.bitrix24.oauth import REAUTHORIZE
from connectors.bitrix24.problems import NO_PLAN, NO_SCOPE
from connectors.bitrix24.query import Json
from connectors.bitrix24.room import Room
from connectors.bitrix24.settings import Entity
from connectors.bitrix24.structure import read_structure
from connectors.bitrix24.tags import BY_HAND as TAGS_BY_HAND
from connectors.crm.making import Making
from connectors.crm.mirror import TASK, KnownTask, snapshot
from connectors.crm.names import nearest, plain
from provodka.errors import Ambiguous, Rejected
from provodka.operation import Done
from provodka.readiness import Hooks, HookState, Look, Remark, Weight, days, former, same_hook

ENTERPRISE_PACE, USUAL_PACE = 5.0, 2.0  # calls a second
ENTERPRISE_BURST, USUAL_BURST = 250, 50  # calls in the bucket
ACCESS_LIFE: Final = timedelta(hours=1)
REFRESH_LIFE: Final = timedelta(days=180)
SOON: Final = timedelta(days=14)
PROBE_TEXT: Final = "Проверка связи Provodka: эта задача сейчас исчезнет"

NOT_ADMIN: Final = (
    "Владелец вебхука или приложения не администратор: карточки, на которые у него нет прав, для Provodka не "
    "существуют, и полей он не создаст. Дайте ему роль CRM с правами на все карточки или создайте вебхук от "
    "администратора."
)
MODE: Final = "Портал в режиме CRM без лидов: поставьте entity: deal или включите лиды (CRM → Настройки → Режим CRM)."
PACE: Final = "Поставьте per_second: 2 и burst: 40; быстрее можно только на тарифе «Энтерпрайз» (5 и 200)."
MAKE_FIELD: Final = "provodka check --online --create создаст его сейчас; без этого оно появится с первыми тегами."
TAGS_TYPE: Final = "Выберите в tags_field поле типа «строка» или другое название: поле с ним будет создано."
NOT_INSTALLED: Final = "Завершите установку локального приложения: до неё портал молча не присылает события."
KEPT_ALIVE: Final = "Пока работает provodka run, токен обновляется сам; без него доступ через этот срок пропадёт."
APPLICATION_TOKEN: Final = "Скопируйте токен приложения из формы исходящего вебхука в crm.application_token."  # noqa: S105
OUTBOUND: Final = (
    "Исходящий вебхук входящим не создать, сделайте его руками: Разработчикам → Другое → Исходящий вебхук; адрес "
    "обработчика {destination} (СЕКРЕТ — это crm.hook_secret); события {events}; "
    "сохраните, а токен приложения из формы поставьте в crm.application_token."
)
OUR_ADDRESS: Final = "https://ВАШ-АДРЕС/hooks/crm/СЕКРЕТ"


class Setup:
    """One portal."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def looks(self) -> Sequence[Look]:
        return (
            self._scopes,
            self._owner,
            self._pace,
            self._token,
            self._application,
            self._mode,
            self._pipeline,
            self._tags,
        )

    def lacking_fields(self) -> list[str]:
        return [] if self._room.directory.tags_field() else [self._room.settings.tags_field]

    def hooks(self, destination: str) -> Hooks:
        """Only an application may ask; of an outbound webhook, made by hand, the portal says nothing."""
        if self._room.settings.oauth is None:
            address = f"{destination.rpartition('/')[0]}/СЕКРЕТ" if destination else OUR_ADDRESS
            by_hand = OUTBOUND.format(destination=address, events=", ".join(hooks.BY_HAND))
            return Hooks(HookState.UNKNOWN, by_hand=by_hand)
        bound, secret = hooks.bound(self._room), self._secret
        stale = former([handler for _, handler in bound], destination, secret)
        told = {event for event, handler in bound if same_hook(handler, destination, secret)}
        lacking = tuple(one for one in hooks.EVENTS if one not in told)
        if not told:
            return Hooks(HookState.MISSING, lacking, stale)
        return Hooks(HookState.INCOMPLETE if lacking else HookState.REGISTERED, lacking, stale)

    def unsubscribe(self, destination: str) -> bool:
        if self._room.settings.oauth is None:
            return False
        ours = [event for event, handler in hooks.bound(self._room) if handler == destination]
        for event in ours:
            self._unbind(event, destination)
        return bool(ours)

    def probe(self, destination: str) -> str:
        """An application has the portal send its own test event, and nothing changes at all.

        With webhooks a task of the webhook's owner, on no card, is made, to be deleted at once: it is ours, so no rule
        hears of it.
        """
        client = self._room.client
        if self._room.settings.oauth is not None:
            mark = secrets.token_hex(8)
            if (hooks.TEST, destination) not in hooks.bound(self._room):
                client.call("event.bind", {"event": hooks.TEST, "handler": destination}, write=True)
            client.call("event.test", {hooks.PROBE: mark}, write=True)
            return f"{hooks.PROBE}:{mark}"
        me = self._room.directory.portal().user_id
        making, card = Making(self._room), KnownTask("", PROBE_TEXT)
        making.begin([card])
        fields = {"TITLE": PROBE_TEXT, "RESPONSIBLE_ID": me, "CREATED_BY": me}
        answer = mapping(client.call("tasks.task.add", {"fields": fields}, write=True))
        one = id_of(mapping(answer.get("task")))
        if not one:
            raise Ambiguous("the answer holds no task")
        self._room.add(TASK, [snapshot(replace(card, id=one), self._room.now())], {})
        making.end({one: card}, {one: Done(one)})
        return f"{TASK}:{one}"

    def end_probe(self, destination: str, sign: str) -> None:
        kind, _, one = sign.partition(":")
        if kind == TASK:
            self._room.client.call("tasks.task.delete", {"taskId": one}, write=True)
        else:
            self._unbind(hooks.TEST, destination)

    def structure(self) -> dict[str, Any]:
        return read_structure(self._room)

    @property
    def _secret(self) -> str:
        given = self._room.settings.hook_secret
        return given.get_secret_value() if given else ""

    def _unbind(self, event: str, destination: str) -> None:
        self._room.client.call("event.unbind", {"event": event, "handler": destination}, write=True)

    def _scopes(self) -> Iterator[Remark]:
        self._room.directory.refresh(0)
        for lacking in self._room.directory.missing_scopes():
            yield Remark((self._way_in,), f"our entry lacks the right {lacking}", NO_SCOPE)

    def _owner(self) -> Iterator[Remark]:
        me = mapping(self._room.client.call("profile"))
        if me.get("ADMIN") not in (True, "Y", "1", 1):
            name = " ".join(str(me.get(key) or "") for key in ("NAME", "LAST_NAME")).strip()
            yield Remark(
                (self._way_in,), f"the owner of our entry, {name}, is no administrator", NOT_ADMIN, Weight.NOTE
            )

    def _pace(self) -> Iterator[Remark]:
        """An inbound webhook cannot ask for the plan, so only what no plan allows is a mistake."""
        settings, family = self._room.settings, ""
        if settings.oauth is not None:
            family = str(self._app_info().get("LICENSE_FAMILY") or "").lower()
        is_usual = bool(family) and not family.startswith("ent")
        allowed, bucket = (USUAL_PACE, USUAL_BURST) if is_usual else (ENTERPRISE_PACE, ENTERPRISE_BURST)
        plan = f"the plan {family}" if family else "the largest plan"
        if settings.per_second > allowed:
            text = f"{settings.per_second:g} calls a second, and {plan} allows {allowed:g}"
            yield Remark(("per_second",), text, PACE, Weight.CONFIG)
        if settings.burst > bucket:
            text = f"{settings.burst} calls at once, and {plan} allows {bucket}"
            yield Remark(("burst",), text, PACE, Weight.CONFIG)

    def _token(self) -> Iterator[Remark]:
        settings = self._room.settings
        if settings.oauth is None:
            if settings.hook_secret is not None and settings.application_token is None:
                text = "without application_token anybody who learns the address may send events"
                yield Remark(("hook_secret",), text, APPLICATION_TOKEN, Weight.NOTE)
            return
        pair = self._room.store.load_tokens(settings.account)
        if pair is not None:
            left = pair.expires_at - ACCESS_LIFE + REFRESH_LIFE - self._room.now()
            soon = left < SOON
            text = f"the refresh token expires in {days(max(left.total_seconds(), 0))}"
            weight = Weight.ACCOUNT if soon else Weight.NOTE
            yield Remark(("oauth",), text, REAUTHORIZE if soon else KEPT_ALIVE, weight)

    def _application(self) -> Iterator[Remark]:
        if self._room.settings.oauth is None:
            return
        info = self._app_info()
        if info.get("INSTALLED") in (False, "N"):
            yield Remark(("oauth",), "the application is not installed to its end", NOT_INSTALLED)
        if info.get("PAYMENT_EXPIRED") == "Y":
            yield Remark(("oauth",), "the portal's subscription is over", NO_PLAN)

    def _app_info(self) -> Json:
        return mapping(self._room.client.call("app.info"))

    def _mode(self) -> Iterator[Remark]:
        simple = str(self._room.client.call("crm.settings.mode.get")) == str(SIMPLE)
        if simple and self._room.settings.entity is Entity.LEAD:
            text = "entity is lead, and the portal works without leads: every lead becomes a deal at once"
            yield Remark(("entity",), text, MODE, Weight.CONFIG)

    def _pipeline(self) -> Iterator[Remark]:
        wanted = self._room.settings.deal_pipeline
        known = [one.name for one in self._room.directory.deal_pipelines()] if wanted else []
        if wanted and plain(wanted) not in map(plain, known):
            near = ", ".join(f"«{one}»" for one in nearest(wanted, known) or known)
            text = f"the CRM has no pipeline of deals «{wanted}»"
            yield Remark(("deal_pipeline",), text, f"Есть: {near}.", Weight.CONFIG)

    def _tags(self) -> Iterator[Remark]:
        field = self._room.directory.tags_field()
        name = self._room.settings.tags_field
        if field is not None and field.type != "string":
            text = f"the field «{name}» for tags is of the type {field.type} and not string"
            yield Remark(("tags_field",), text, TAGS_TYPE, Weight.CONFIG)
        if field is None:
            is_admin = self._may_make()
            cure = MAKE_FIELD if is_admin else TAGS_BY_HAND.format(name=name)
            weight = Weight.NOTE if is_admin else Weight.ACCOUNT
            yield Remark(("tags_field",), f"the CRM has no field «{name}» for tags yet", cure, weight)

    def _may_make(self) -> bool:
        try:
            return bool(self._room.client.call("user.admin"))
        except Rejected:
            return False

    @property
    def _way_in(self) -> str:
        return "url" if self._room.settings.oauth is None else "oauth"
