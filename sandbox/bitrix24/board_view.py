"""What the board's pages show, as plain dicts with Russian texts."""

from __future__ import annotations

import re
from datetime import UTC
from itertools import islice

from sandbox.bitrix24 import dump, multifields, project, stages
from sandbox.bitrix24.activities import EMAIL, TELEPHONY, TODO
from sandbox.bitrix24.errors import Json
from sandbox.bitrix24.events import Publisher
from sandbox.bitrix24.schema import COMPANY, DEAL, LEAD, TYPES, EntityType
from sandbox.bitrix24.settings import MODE_SIMPLE
from sandbox.bitrix24.store import Store
from sandbox.bitrix24.tasks import DONE
from sandbox.pages import counted, gettext
from sandbox.pages.links import safe_link
from sandbox.pages.times import day, duration, moment

CARDS_SHOWN = 60
BELLS_SHOWN = 12
CALL_CODES = {"200": "разговор состоялся", "304": "пропущен", "603": "отклонён", "603-S": "отменён", "486": "занято"}
BB_CODE = re.compile(r"\[/?(?:b|i|u|s|url|user|br|p|quote|list|color|size)(?:=[^\]]*)?\]", re.IGNORECASE)


class BoardView:
    """Shows one store at one moment (unix seconds), in the portal's time zone."""

    def __init__(self, store: Store, events: Publisher, now: float, mode: int) -> None:
        self.store = store
        self.zone = events.zone
        self.now = now
        self.mode = mode

    def boards(self) -> list[Json]:
        """Leads, where the portal has them, and the funnels of deals."""
        found: list[Json] = (
            [] if self.mode == MODE_SIMPLE else [{"key": "lead", "name": "Лиды", "kind": LEAD, "category": 0}]
        )
        for row in stages.funnels(self.store, DEAL):
            found.append({"key": f"deal-{row['id']}", "name": row["name"], "kind": DEAL, "category": row["id"]})
        return found

    def board_of(self, kind: EntityType, row: Json) -> str:
        return "lead" if kind.id == LEAD else f"deal-{row.get('CATEGORY_ID') or 0}"

    def columns(self, board: Json) -> list[Json]:
        """The stages with their newest cards first."""
        kind = TYPES[board["kind"]]
        ladder = stages.ladder(self.store, kind, board["category"])
        by_stage: dict[str, list[Json]] = {row["STATUS_ID"]: [] for row in ladder}
        for row in reversed(self.store.table(kind.table).values()):
            if kind.id == LEAD or row.get("CATEGORY_ID") == board["category"]:
                by_stage[row[kind.stage]].append(row)
        return [self._column(kind, stage, by_stage[stage["STATUS_ID"]]) for stage in ladder]

    def stages(self, kind: EntityType, category: int) -> list[Json]:
        return [{"id": row["STATUS_ID"], "name": row["NAME"]} for row in stages.ladder(self.store, kind, category)]

    def _column(self, kind: EntityType, stage: Json, rows: list[Json]) -> Json:
        total = sum(row.get("OPPORTUNITY") or 0 for row in rows)
        return {
            "id": stage["STATUS_ID"],
            "name": stage["NAME"],
            "color": stage["COLOR"],
            "count": cards_word(kind.id, len(rows)),
            "total": money(total) if total else "",
            "cards": [self._card(kind, row) for row in islice(rows, CARDS_SHOWN)],
            "hidden": max(0, len(rows) - CARDS_SHOWN),
        }

    def _card(self, kind: EntityType, row: Json) -> Json:
        people = dump.contacts_of(self.store, row)
        person = people[0] if people else row
        reach = multifields.values(person, "PHONE") + multifields.values(person, "EMAIL")
        amount = row.get("OPPORTUNITY") or 0
        return {
            "id": row["ID"],
            "word": kind.word,
            "name": row.get("TITLE") or f"{kind.title} #{row['ID']}",
            "stage": row[kind.stage],
            "open": stages.is_open(row),
            "price": money(amount) if amount else "",
            "person": project.person_name(person) if person is not row or row.get("NAME") else "",
            "reach": next(iter(reach), ""),
            "responsible": dump.user_name(self.store, row["ASSIGNED_BY_ID"]),
            "tags": list(row.get("UF_CRM_TAGS") or ()),
            "when": self.moment(row["DATE_CREATE"]),
            "due": self._due(kind, row),
        }

    def _due(self, kind: EntityType, row: Json) -> Json | None:
        tasks = [one["DEADLINE"] for one in dump.tasks_of(self.store, kind, row) if one["STATUS"] != DONE]
        owner = (kind.id, row["ID"])
        todos = [one["DEADLINE"] for one in self.store.of("activities", owner) if one["COMPLETED"] != "Y"]
        known = [one for one in (*tasks, *todos) if one is not None]
        if known:
            return {"text": self.moment(min(known)), "overdue": min(known) < self.now}
        return {"text": gettext("без срока"), "overdue": False} if tasks or todos else None

    def card(self, kind: EntityType, row: Json) -> Json:
        """Everything a card's page shows."""
        category = row.get("CATEGORY_ID") or 0
        funnel = stages.funnel(self.store, kind, category) if kind.has_funnels else None
        company = self.store.get(TYPES[COMPANY].table, row.get("COMPANY_ID") or 0)
        people = [("Контакт", one) for one in dump.contacts_of(self.store, row)]
        people += [("Данные лида", row)] if "FM" in row and (row.get("NAME") or row["FM"]) else []
        people += [("Компания", company)] if company else []
        return {
            **self._card(kind, row),
            "board": self.board_of(kind, row),
            "place": funnel["name"] if funnel else gettext("Лиды"),
            "stages": self.stages(kind, category),
            "source": self._source(row),
            "created": self.moment(row["DATE_CREATE"]),
            "author": dump.user_name(self.store, row["CREATED_BY_ID"]),
            "updated": self.moment(row["DATE_MODIFY"]),
            "origin": " · ".join(str(row[key]) for key in ("ORIGINATOR_ID", "ORIGIN_ID") if row.get(key)),
            "comments": plain_text(row.get("COMMENTS") or ""),
            "people": [self._person(title, one) for title, one in people],
            "fields": self._fields(kind, row),
            "tasks": self._tasks(kind, row),
            "feed": self._feed(kind, row),
        }

    def _source(self, row: Json) -> str:
        known = self.store.table("statuses").values()
        wanted = row.get("SOURCE_ID")
        return next((one["NAME"] for one in known if one["ENTITY_ID"] == "SOURCE" and one["STATUS_ID"] == wanted), "")

    def _person(self, title: str, row: Json) -> Json:
        name = project.person_name(row) if title != "Данные лида" or row.get("NAME") else ""
        phones, emails = multifields.values(row, "PHONE"), multifields.values(row, "EMAIL")
        return {
            "kind": gettext(title),
            "name": name,
            "phones": phones,
            "emails": emails,
            "ims": multifields.values(row, "IM"),
        }

    def _fields(self, kind: EntityType, row: Json) -> list[Json]:
        days = {
            field.title for field in project.all_fields(self.store, kind).values() if field.type in ("date", "datetime")
        }
        return [
            {"name": name, "text": ", ".join(self.day(one) if name in days else str(one) for one in values)}
            for name, values in dump.field_texts(self.store, kind, row).items()
            if name != "Теги"
        ]

    def _tasks(self, kind: EntityType, row: Json) -> list[Json]:
        """Tasks and reminders, those to be done first."""
        found = []
        for one in dump.tasks_of(self.store, kind, row):
            result = one["RESULTS"][-1]["text"] if one["RESULTS"] else ""
            done = one["STATUS"] == DONE
            found.append(self._task("task", "Задача", one["ID"], one["TITLE"], one, done=done, text=result))
        for one in self.store.of("activities", (kind.id, row["ID"])):
            if one["PROVIDER_ID"] == TODO:
                done = one["COMPLETED"] == "Y"
                found.append(
                    self._task("todo", "Дело", one["ID"], one["SUBJECT"], one, done=done, text=one["DESCRIPTION"])
                )
        return sorted(found, key=lambda one: (one["done"], one["at"]))

    def _task(self, kind: str, title: str, number: int, name: str, row: Json, *, done: bool, text: str) -> Json:
        due = row["DEADLINE"]
        return {
            "kind": kind,
            "title": gettext(title),
            "id": number,
            "name": name,
            "text": plain_text(text or ""),
            "due": self.moment(due) if due is not None else gettext("без срока"),
            "at": due or 0,
            "overdue": due is not None and not done and due < self.now,
            "responsible": dump.user_name(self.store, row["RESPONSIBLE_ID"]),
            "done": done,
        }

    def _feed(self, kind: EntityType, row: Json) -> list[Json]:
        """Comments, calls, letters and moves, the newest first."""
        found = [(one["CREATED"], one["ID"], self._comment(one)) for one in dump.comments_of(self.store, kind, row)]
        for one in dump.activities_of(self.store, kind, row):
            if one["PROVIDER_ID"] != TODO:
                found.append((one["CREATED"], one["ID"], self._activity(one)))
        for one in self.store.of("history", (kind.id, row["ID"])):
            found.append((one["CREATED_TIME"], one["ID"], self._move(kind, one)))
        return [shown for *_, shown in sorted(found, key=lambda one: one[:2], reverse=True)]

    def _comment(self, row: Json) -> Json:
        author = dump.user_name(self.store, row["AUTHOR_ID"])
        return {
            "mark": "comment",
            "title": gettext("Комментарий"),
            "when": self.moment(row["CREATED"]),
            "author": author,
            "text": plain_text(row["COMMENT"]),
        }

    def _activity(self, row: Json) -> Json:
        title = "Письмо" if row["TYPE_ID"] == EMAIL else "Звонок" if dump.is_call(row) else "Событие"
        words = [row["SUBJECT"]]
        if row["PROVIDER_ID"] == TELEPHONY:
            parts = row["PROVIDER_PARAMS"]
            words += [duration(parts.get("DURATION")), gettext(CALL_CODES.get(parts.get("STATUS_CODE"), ""))]
        text = " · ".join(word for word in words if word)
        more = plain_text(row["DESCRIPTION"] or "")
        links = [safe_link(one["url"]) for one in row["FILES"]] if title == "Звонок" else []
        return {
            "mark": "call" if title == "Звонок" else "mail",
            "title": gettext(title),
            "when": self.moment(row["CREATED"]),
            "author": dump.user_name(self.store, row["RESPONSIBLE_ID"]),
            "text": f"{text}\n{more}".strip(),
            "link": next((one for one in links if one), ""),
        }

    def _move(self, kind: EntityType, row: Json) -> Json:
        found = stages.stage(self.store, kind, row["CATEGORY_ID"] or 0, row["STAGE_ID"])
        title = (
            f"{kind.title} создан" + ("а" if kind.id == DEAL else "")
            if row["TYPE_ID"] == stages.CREATED
            else "Новая стадия"
        )
        name = found["NAME"] if found else row["STAGE_ID"]
        return {
            "mark": "stage",
            "title": gettext(title),
            "when": self.moment(row["CREATED_TIME"]),
            "author": "",
            "text": name,
        }

    def bells(self) -> list[Json]:
        """The latest notifications of the portal."""
        rows = islice(reversed(self.store.table("notifications").values()), BELLS_SHOWN)
        return [
            {
                "who": dump.user_name(self.store, row["user_id"]),
                "when": self.moment(row["created"]),
                "text": plain_text(row["text"]),
            }
            for row in rows
        ]

    def moment(self, stamp: int) -> str:
        """«сегодня, 14:05», «вчера, 9:30», «12 янв, 10:00»."""
        return moment(stamp, self.now, self.zone)

    def day(self, stamp: object) -> str:
        """A date without its time."""
        return day(stamp, UTC)


def cards_word(kind: int, count: int) -> str:
    """«1 сделка», «2 лида»."""
    if kind == LEAD:
        return counted("%(num)s лид", "%(num)s лидов", count)
    return counted("%(num)s сделка", "%(num)s сделок", count)


def money(amount: float) -> str:
    """«15 000 ₽» with narrow spaces that do not break."""
    return f"{amount:,.0f}".replace(",", "\u202f") + "\u00a0₽"


def plain_text(text: str) -> str:
    """Text without BB codes."""
    return BB_CODE.sub("", text.replace("[br]", "\n"))
