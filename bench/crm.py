"""An emulated CRM alone, for benchmarks: `python -m bench.crm PORT [amocrm|bitrix24 [CONTACTS [LEADS]]]`."""

from __future__ import annotations

import copy
import dataclasses
import sys
import threading

from sandbox.amocrm import AmoCrm
from sandbox.bitrix24 import Bitrix24


def amocrm(contacts: int, leads: int = 0) -> AmoCrm:
    """An account with so many people and leads; the first is made by the API, the others are like it."""
    emulator = AmoCrm(state_path=None)
    if contacts:
        values = [{"field_code": "PHONE", "values": [{"value": "+79160000000"}]}]
        values.append({"field_code": "EMAIL", "values": [{"value": "guest0@example.ru"}]})
        body = [{"name": "Гость 0", "custom_fields_values": values}]
        made = emulator.app.test_client().post(
            "/api/v4/contacts", json=body, headers={"Authorization": "Bearer sandbox"}
        )
        store = emulator.store
        first = store.contacts[made.get_json()["_embedded"]["contacts"][0]["id"]]
        with store.lock:
            for number in range(1, contacts):
                card = dataclasses.replace(first, id=store.new_id("contacts"), name=f"Гость {number}")
                phone, email = copy.deepcopy(list(first.fields.items()))
                phone[1][0]["value"], email[1][0]["value"] = f"+7916{number:07}", f"guest{number}@example.ru"
                store.add("contacts", dataclasses.replace(card, fields=dict([phone, email])))
    if leads:
        made = emulator.app.test_client().post(
            "/api/v4/leads", json=[{"name": "Сделка 0"}], headers={"Authorization": "Bearer sandbox"}
        )
        store = emulator.store
        first_lead = store.leads[made.get_json()["_embedded"]["leads"][0]["id"]]
        with store.lock:
            for number in range(1, leads):
                row = copy.deepcopy(first_lead)
                row.id, row.name = store.new_id("leads"), f"Сделка {number}"
                store.add("leads", row)
    return emulator


def bitrix24(contacts: int, leads: int = 0) -> Bitrix24:
    """The same of a portal."""
    emulator = Bitrix24(state_path=None)
    if contacts:
        phone, email = ([{"VALUE": value, "VALUE_TYPE": "WORK"}] for value in ("+79160000000", "guest0@example.ru"))
        body = {"fields": {"NAME": "Гость 0", "PHONE": phone, "EMAIL": email}}
        made = emulator.app.test_client().post("/rest/1/sandbox/crm.contact.add", json=body)
        store = emulator.store
        first = store.table("item3")[made.get_json()["result"]]
        with store.lock:
            for number in range(1, contacts):
                row = {**first, "ID": store.new_id("item3"), "NAME": f"Гость {number}"}
                row["FM"] = [{**one, "ID": store.new_id("fm")} for one in first["FM"]]
                for one in row["FM"]:
                    one["VALUE"] = f"+7916{number:07}" if "PHONE" in one.values() else f"guest{number}@example.ru"
                store.put("item3", row["ID"], row)
    if leads:
        made = emulator.app.test_client().post("/rest/1/sandbox/crm.lead.add", json={"fields": {"TITLE": "Лид 0"}})
        store = emulator.store
        first = store.table("item1")[made.get_json()["result"]]
        with store.lock:
            for number in range(1, leads):
                row = {**copy.deepcopy(first), "ID": store.new_id("item1"), "TITLE": f"Лид {number}"}
                store.put("item1", row["ID"], row)
    return emulator


CRMS = {"amocrm": amocrm, "bitrix24": bitrix24}

if __name__ == "__main__":
    port, name, contacts, leads = (*sys.argv[1:], *("amocrm", "0", "0")[len(sys.argv) - 2 :])
    running = CRMS[name](int(contacts), int(leads))
    running.start("127.0.0.1", int(port))
    threading.Event().wait()
