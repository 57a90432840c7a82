"""Whatever fails inside a batch: each lead has one outcome, none is made twice, and none without its person."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from connectors.bitrix24.cards import Leads
from connectors.bitrix24.client import Batch
from connectors.bitrix24.directory import LEADS, Portal
from connectors.bitrix24.new_leads import NewLeads
from connectors.bitrix24.problems import refusal
from connectors.bitrix24.query import Command, Ref
from connectors.bitrix24.room import Room
from connectors.bitrix24.settings import BitrixSettings
from provodka.crm import NewContact, NewLead
from provodka.errors import Ambiguous, Rejected
from provodka.operation import Done, Request
from tests.connectors.memory_store import MemoryStore

REFUSED = {"error": "ERROR_CORE", "error_description": "неверно"}


class Directory:
    """The names that a lead without names asks for."""

    kind = LEADS

    def portal(self):
        return Portal("1", ZoneInfo("Europe/Moscow"), LEADS)

    def users(self):
        return ()

    def fields(self):
        return ()

    def tags_field(self):
        return None

    def login_of(self, _):
        return ""

    def refresh(self, *_):
        return False


@dataclass
class Client:
    """A portal that runs commands in their order, stops at an error, and may lose an answer after the work."""

    bad: set
    lost: set
    leads: list = field(default_factory=list)
    batches: int = 0

    def batch(self, commands, *, halt=False, write=False):
        assert halt
        assert write
        self.batches += 1
        results, errors = {}, {}
        for key, command in commands.items():
            name = self._name(command)
            if (command.method, name) in self.bad:
                errors[key] = refusal(REFUSED, None, write=True)
                break
            results[key] = self._run(command, results)
        if self.batches in self.lost:
            raise Ambiguous("the connection broke off")
        return Batch(results, errors)

    def _name(self, command: Command):
        fields = command.params["fields"]
        return fields.get("NAME") or fields.get("title")

    def _run(self, command: Command, results):
        if command.method == "crm.contact.add":
            return 42
        [contact] = command.params["fields"]["contactIds"]
        assert isinstance(contact, Ref)
        assert results[contact.command] == 42, "the lead refers to a person that was made"
        self.leads.append(command.params["fields"]["title"])
        return {"item": {"id": len(self.leads), "title": self.leads[-1], "contactIds": [42]}}


@given(
    count=st.integers(1, 12),
    bad=st.sets(st.tuples(st.sampled_from(["crm.contact.add", "crm.item.add"]), st.integers(0, 11)), max_size=6),
    lost=st.sets(st.integers(1, 6), max_size=3),
    size=st.integers(1, 5),
)
def test_each_lead_of_a_batch_has_its_own_fate(count, bad, lost, size):
    client = Client({(method, f"Гость {n}") for method, n in bad}, lost)
    url = "https://demo.bitrix24.ru/rest/1/abc/"
    settings = BitrixSettings.model_validate({"type": "bitrix24", "url": url, "batch": size})
    room = Room("crm", MemoryStore(), lambda: datetime.now(UTC), settings, client, Directory())
    people = SimpleNamespace(made=lambda _: None)
    names = [f"Гость {n}" for n in range(count)]
    requests = [Request(name, NewLead(name, contact=NewContact(name, ("+79160001122",)))) for name in names]

    outcomes = NewLeads(room, Leads(room), people).create(requests)

    assert len(outcomes) == count
    assert len(client.leads) == len(set(client.leads)), "none is made twice"
    for name, outcome in zip(names, outcomes, strict=True):
        refused = any(name == wrong for _, wrong in client.bad)
        if isinstance(outcome, Done):
            assert name in client.leads
        elif isinstance(outcome, Rejected):
            assert refused
            assert name not in client.leads
        else:
            assert type(outcome) is Ambiguous
    if not lost:
        assert [type(one) for one in outcomes] == [
            Rejected if any(name == wrong for _, wrong in client.bad) else Done for name in names
        ]
