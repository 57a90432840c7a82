"""What the board's pages show, as plain dicts with Russian texts."""

from __future__ import annotations

from itertools import islice
from zoneinfo import ZoneInfo

from sandbox.amocrm import board_extras
from sandbox.amocrm.dump import coded_values, field_texts, is_call, user_name
from sandbox.amocrm.fields import DATES
from sandbox.amocrm.model import Company, Contact, Json, Lead, Note, Pipeline, Status, Task
from sandbox.amocrm.store import Store, kind_of
from sandbox.pages import counted, gettext
from sandbox.pages.links import safe_link
from sandbox.pages.times import day, duration, moment

CARDS_SHOWN = 60
CALL_STATUSES = {
    "1": "оставили сообщение",
    "2": "перезвонить позже",
    "3": "нет на месте",
    "4": "разговор состоялся",
    "5": "неверный номер",
    "6": "не дозвонились",
    "7": "номер занят",
}
NOTE_TITLES = {
    "common": "Примечание",
    "service_message": "Системное сообщение",
    "extended_service_message": "Системное сообщение",
    "sms_in": "Входящее SMS",
    "sms_out": "Исходящее SMS",
    "attachment": "Файл",
    "geolocation": "Место",
    "message_cashier": "Сообщение кассиру",
    "invoice_paid": "Счёт оплачен",
    "bill_paid": "Счёт оплачен",
    "call_in": "Входящий звонок",
    "call_out": "Исходящий звонок",
}


class BoardView:
    """Shows one store at one moment (unix seconds), in the account's time zone."""

    def __init__(self, store: Store, now: float) -> None:
        self.store = store
        self.now = now
        self.zone = ZoneInfo(store.seed.timezone)

    def pipelines(self, current: Pipeline) -> list[Json]:
        rows = sorted(self.store.pipelines.values(), key=lambda row: row.sort)
        return [{"id": row.id, "name": row.name, "current": row.id == current.id} for row in rows]

    def stages(self, pipeline: Pipeline) -> list[Json]:
        return [{"id": row.id, "name": row.name} for row in pipeline.ordered()]

    def columns(self, pipeline: Pipeline) -> list[Json]:
        """The stages with their newest leads first."""
        by_stage: dict[int, list[Lead]] = {status_id: [] for status_id in pipeline.statuses}
        for lead in reversed(self.store.leads.values()):
            if lead.pipeline_id == pipeline.id and not lead.is_deleted:
                by_stage[lead.status_id].append(lead)
        return [self._column(status, by_stage[status.id]) for status in pipeline.ordered()]

    def _column(self, status: Status, leads: list[Lead]) -> Json:
        total = sum(lead.price for lead in leads)
        return {
            "id": status.id,
            "name": status.name,
            "count": leads_word(len(leads)),
            "total": money(total) if total else "",
            "cards": [self._card(lead) for lead in islice(leads, CARDS_SHOWN)],
            "hidden": max(0, len(leads) - CARDS_SHOWN),
        }

    def _card(self, lead: Lead) -> Json:
        contact = self._main_contact(lead)
        phones = coded_values(self.store, "contacts", contact, "PHONE") if contact else []
        emails = coded_values(self.store, "contacts", contact, "EMAIL") if contact else []
        return {
            "id": lead.id,
            "name": lead.name,
            "status_id": lead.status_id,
            "open": lead.is_open,
            "price": money(lead.price) if lead.price else "",
            "person": contact.name if contact else "",
            "reach": next(iter(phones + emails), ""),
            "responsible": user_name(self.store, lead.responsible_user_id),
            "tags": self._tags(lead),
            "when": self.moment(lead.created_at),
            "task": self._next_task(lead),
        }

    def _next_task(self, lead: Lead) -> Json | None:
        due = self.store.closest_task_at("leads", lead.id)
        return None if due is None else {"due": self.moment(due), "overdue": due < self.now}

    def lead(self, lead: Lead) -> Json:
        """Everything a lead's page shows."""
        pipeline = self.store.pipelines[lead.pipeline_id]
        company = None if lead.company_id is None else self.store.companies[lead.company_id]
        reason = None if lead.loss_reason_id is None else self.store.loss_reasons[lead.loss_reason_id].name
        tasks = [self.store.tasks[one] for one in self.store.tasks_of.get(("leads", lead.id), ())]
        people: list[Contact | Company] = [self.store.contacts[one] for one in lead.contacts]
        return {
            **self._card(lead),
            "pipeline": {"id": pipeline.id, "name": pipeline.name},
            "stages": self.stages(pipeline),
            "loss_reason": reason,
            "created": self.moment(lead.created_at),
            "updated": self.moment(lead.updated_at),
            "people": [self._person(one) for one in (*people, *([company] if company else []))],
            "fields": self._fields(lead),
            "tasks": [
                self._task(task) for task in sorted(tasks, key=lambda task: (task.is_completed, task.complete_till))
            ],
            "feed": self._feed(lead),
            "products": board_extras.products(self.store, lead, money),
            "customers": board_extras.customers(self.store, lead, money, self.day),
            "files": board_extras.files(self.store, lead),
            "talks": board_extras.talks(self.store, lead, self.moment),
        }

    def _person(self, card: Contact | Company) -> Json:
        entity = kind_of(card)
        return {
            "kind": gettext("Контакт") if entity == "contacts" else gettext("Компания"),
            "name": card.name,
            "phones": coded_values(self.store, entity, card, "PHONE"),
            "emails": coded_values(self.store, entity, card, "EMAIL"),
            "tags": self._tags(card),
        }

    def _fields(self, lead: Lead) -> list[Json]:
        dates = {field.name for field in self.store.fields.values() if field.entity == "leads" and field.type in DATES}
        return [
            {"name": name, "text": ", ".join(self.day(one) if name in dates else str(one) for one in values)}
            for name, values in field_texts(self.store, "leads", lead).items()
        ]

    def _task(self, task: Task) -> Json:
        return {
            "id": task.id,
            "type": self.store.task_types[task.task_type_id].name,
            "text": task.text,
            "due": self.moment(task.complete_till),
            "overdue": not task.is_completed and task.complete_till < self.now,
            "responsible": user_name(self.store, task.responsible_user_id),
            "done": task.is_completed,
            "result": (task.result or {}).get("text", ""),
        }

    def _feed(self, lead: Lead) -> list[Json]:
        owners = [("leads", lead.id), *(("contacts", one) for one in lead.contacts)]
        if lead.company_id is not None:
            owners.append(("companies", lead.company_id))
        notes = [self.store.notes[one] for owner in owners for one in self.store.notes_of.get(owner, ())]
        return [self._note(note) for note in sorted(notes, key=lambda note: (note.created_at, note.id), reverse=True)]

    def _note(self, note: Note) -> Json:
        row = {
            "title": gettext(NOTE_TITLES.get(note.note_type, note.note_type)),
            "when": self.moment(note.created_at),
            "author": str(note.params.get("service") or user_name(self.store, note.created_by)),
            "text": str(note.params.get("text") or note.params.get("file_name") or ""),
            "is_call": is_call(note),
        }
        if is_call(note):
            words = [str(note.params.get("phone", "")), duration(note.params.get("duration"))]
            words.append(gettext(CALL_STATUSES.get(str(note.params.get("call_status")), "")))
            row["text"] = " · ".join(word for word in words if word)
            row["result"] = str(note.params.get("call_result") or "")
            row["link"] = safe_link(str(note.params.get("link") or ""))
        return row

    def _main_contact(self, lead: Lead) -> Contact | None:
        ids = sorted(lead.contacts, key=lambda one: not lead.contacts[one])
        return self.store.contacts[ids[0]] if ids else None

    def _tags(self, card: Lead | Contact | Company) -> list[str]:
        return [self.store.tags[one].name for one in card.tags]

    def moment(self, stamp: int) -> str:
        """«сегодня, 14:05», «вчера, 9:30», «12 янв, 10:00»."""
        return moment(stamp, self.now, self.zone)

    def day(self, stamp: object) -> str:
        """A date without its time."""
        return day(stamp, self.zone)


def leads_word(count: int) -> str:
    """«1 сделка», «2 сделки», «5 сделок»."""
    return counted("%(num)s сделка", "%(num)s сделок", count)


def money(amount: int) -> str:
    """«15 000 ₽» with narrow spaces that do not break."""
    return f"{amount:,}".replace(",", "\u202f") + "\u00a0₽"
