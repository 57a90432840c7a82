"""What the staff of a company do to its CRM's cards at random, by the CRM's own doors."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from tests.end_to_end.crms import CHIEF, SECRET, Amocrm, Bitrix, Json, Office

Change = Callable[[], None]
DUE = 1_900_000_000  # unix seconds


class Staff(ABC):
    """Edits by one seeded dice. `bodies` are the webhooks that the CRM would send of them."""

    def __init__(self, office: Office, dice: random.Random) -> None:
        self.office = office
        self.dice = dice
        self.leads: list[str] = []
        self.contacts: list[str] = []
        self.companies: list[str] = []
        self.tasks: list[str] = []
        self.hangs_on: dict[str, int] = {}  # how many leads each contact has
        self.door = office.emulator.app.test_client()
        self.side_effects = 0  # changes of other cards that an edit brings along
        self._number = 0

    def edit(self) -> str:
        """Do something; tells what."""
        people, firms = self.contacts, self.companies
        makers: list[tuple[str, Change, Sequence[str] | None]] = [
            ("make lead", self._make_lead, None),
            ("make contact", self._make_contact, None),
            ("make company", self._make_company, None),
            ("make task", self._make_task, self.leads or self.contacts),
            ("rename lead", lambda: self.change("lead", self._any(self.leads), name=self._word()), self.leads),
            ("price lead", lambda: self.change("lead", self._any(self.leads), price=self._some()), self.leads),
            ("move lead", lambda: self.change("lead", self._any(self.leads), stage=self._some()), self.leads),
            ("assign lead", lambda: self.change("lead", self._any(self.leads), user=self._some()), self.leads),
            ("rename contact", lambda: self.change("contact", self._any(people), name=self._word()), people),
            ("call contact", lambda: self.change("contact", self._any(people), phone=self._phone()), people),
            ("assign contact", lambda: self.change("contact", self._any(people), user=self._some()), people),
            ("rename company", lambda: self.change("company", self._any(firms), name=self._word()), firms),
            ("complete task", lambda: self.complete(self._any(self.tasks)), self.tasks),
            ("delete lead", lambda: self.delete("lead", self._out_of(self.leads)), self.leads[20:]),
            ("delete contact", self._delete_contact, self.contacts[20:]),
        ]
        what, work, _ = self.dice.choice([one for one in makers if one[2] is None or one[2]])
        work()
        return what

    def _make_lead(self) -> None:
        contact = self._any(self.contacts) if self.contacts and self.dice.random() < 0.7 else ""
        self.hangs_on[contact] = self.hangs_on.get(contact, 0) + 1
        self.leads.append(self.make("lead", name=self._word(), contact=contact))

    def _make_contact(self) -> None:
        self.contacts.append(self.make("contact", name=self._word(), phone=self._phone()))

    def _make_company(self) -> None:
        self.companies.append(self.make("company", name=self._word(), phone=self._phone()))

    def _make_task(self) -> None:
        kind = "lead" if self.leads and (not self.contacts or self.dice.random() < 0.7) else "contact"
        on = self._any(self.leads if kind == "lead" else self.contacts)
        self.tasks.append(self.make("task", name=self._word(), on=(kind, on)))

    def _delete_contact(self) -> None:
        one = self._out_of(self.contacts)
        self.side_effects += self.hangs_on.pop(one, 0)
        self.delete("contact", one)

    def _any(self, ids: Sequence[str]) -> str:
        return self.dice.choice(ids[-60:])  # those of long ago rest

    def _out_of(self, ids: list[str]) -> str:
        return ids.pop(self.dice.randrange(max(0, len(ids) - 60), len(ids)))

    def _some(self) -> int:
        return self.dice.randrange(1, 1000)

    def _word(self) -> str:
        self._number += 1
        return f"{self.dice.choice(['Крыша', 'Фасад', 'Забор', 'Окна'])} {self._number}"

    def _phone(self) -> str:
        self._number += 1
        return f"+7916{self._number:07}"

    @abstractmethod
    def capture(self, take: Callable[[str], None]) -> None:
        """Give webhooks to `take` instead of sending them."""

    @abstractmethod
    def make(self, kind: str, **values: Any) -> str: ...

    @abstractmethod
    def change(self, kind: str, one: str, **values: Any) -> None: ...

    @abstractmethod
    def complete(self, task: str) -> None: ...

    @abstractmethod
    def delete(self, kind: str, one: str) -> None: ...


class AmoStaff(Staff):
    plural: ClassVar = {"lead": "leads", "contact": "contacts", "company": "companies", "task": "tasks"}
    stages = (50000002, 50000003)
    users = (7000001, 7000002)

    def capture(self, take: Callable[[str], None]) -> None:
        self.office.sandbox.amocrm.sender._queue = lambda delivery: take(delivery.body)  # type: ignore[method-assign]

    def make(self, kind: str, **values: Any) -> str:
        body = self._body(**values)
        if contact := values.get("contact"):
            body["_embedded"] = {"contacts": [{"id": int(contact)}]}
        if kind == "task":
            on_kind, on = values["on"]
            name = body.pop("name")
            body |= {"text": name, "complete_till": DUE, "entity_type": self.plural[on_kind], "entity_id": int(on)}
        answer = self._api("POST", self.plural[kind], [body])
        return str(answer["_embedded"][self.plural[kind]][0]["id"])

    def change(self, kind: str, one: str, **values: Any) -> None:
        self._api("PATCH", f"{self.plural[kind]}/{one}", self._body(**values))

    def complete(self, task: str) -> None:
        self._api("PATCH", f"tasks/{task}", {"is_completed": True})

    def delete(self, kind: str, one: str) -> None:
        self.office.control("delete", {"entity": self.plural[kind], "id": int(one)})

    def _body(self, **values: Any) -> Json:
        body: Json = {key: values[key] for key in ("name", "price") if key in values}
        if "stage" in values:
            body |= {"pipeline_id": 5000001, "status_id": self.stages[values["stage"] % 2]}
        if "user" in values:
            body["responsible_user_id"] = self.users[values["user"] % 2]
        if "phone" in values:
            phone = {"value": values["phone"], "enum_code": "MOB"}
            body["custom_fields_values"] = [{"field_code": "PHONE", "values": [phone]}]
        return body

    def _api(self, method: str, path: str, body: Any) -> Any:
        headers = {"Authorization": f"Bearer {SECRET}"}
        answer = self.door.open(f"/api/v4/{path}", method=method, json=body, headers=headers)
        assert answer.status_code < 300, answer.text
        return answer.get_json()


class BitrixStaff(Staff):
    stages = ("NEW", "IN_PROCESS")
    users = (5, 6)

    def capture(self, take: Callable[[str], None]) -> None:
        self.office.sandbox.bitrix24.sender._queue = lambda parcel: take(parcel.body)  # type: ignore[method-assign]
        url = self.office.control("inbound", {"user_id": CHIEF, "secret": "chief"})["url"]
        self._path = url.removeprefix(self.office.emulator.url)

    def make(self, kind: str, **values: Any) -> str:
        if kind == "task":
            on_kind, on = values["on"]
            letter = {"lead": "L", "contact": "C"}[on_kind]
            fields = {"TITLE": values["name"], "RESPONSIBLE_ID": 5, "UF_CRM_TASK": [f"{letter}_{on}"]}
            return str(self._act("tasks.task.add", fields=fields)["task"]["id"])
        if kind == "lead":
            fields = self._fields("title", **values)
            fields |= {"contactIds": [values["contact"]]} if values.get("contact") else {}
            return str(self._act("crm.item.add", entityTypeId=1, fields=fields)["item"]["id"])
        return str(self._act(f"crm.{kind}.add", fields=self._fields(self._name(kind), **values)))

    def change(self, kind: str, one: str, **values: Any) -> None:
        if kind == "lead":
            self._act("crm.item.update", entityTypeId=1, id=one, fields=self._fields("title", **values))
        else:
            self._act(f"crm.{kind}.update", id=one, fields=self._fields(self._name(kind), **values))

    def complete(self, task: str) -> None:
        self._act("tasks.task.complete", taskId=task)

    def delete(self, kind: str, one: str) -> None:
        self._act(f"crm.{kind}.delete", id=one)

    def _name(self, kind: str) -> str:
        return "NAME" if kind == "contact" else "TITLE"

    def _fields(self, named: str, **values: Any) -> Json:
        is_lead = named == "title"
        fields: Json = {named: values["name"]} if "name" in values else {}
        if "price" in values:
            fields["opportunity"] = values["price"]
        if "stage" in values:
            fields["stageId"] = self.stages[values["stage"] % 2]
        if "user" in values:
            fields["assignedById" if is_lead else "ASSIGNED_BY_ID"] = self.users[values["user"] % 2]
        if "phone" in values:
            fields["PHONE"] = [{"VALUE": values["phone"], "VALUE_TYPE": "WORK"}]
        return fields

    def _act(self, method: str, **params: Any) -> Any:
        answer = self.door.post(f"{self._path}{method}", json=params)
        assert answer.status_code < 300, answer.text
        return answer.get_json()["result"]


STAFF: dict[type[Office], type[Staff]] = {Amocrm: AmoStaff, Bitrix: BitrixStaff}
