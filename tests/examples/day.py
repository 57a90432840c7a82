"""An example's client in the sandbox: its config, but for where its systems are and how long its waits last."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import requests
import yaml

from provodka.yaml_marks import read_document
from sandbox.seed_file import read_seed_file
from sandbox.server import Sandbox
from tests.end_to_end.company import Company
from tests.end_to_end.crms import SECRET, Amocrm, Bitrix, BitrixDeals, Json, Office
from tests.examples.accounts import SECTIONS
from tests.examples.clients import environ


class Portal(Bitrix):
    """A portal whose things are called as in its own seed."""

    renamed: ClassVar[Mapping[str, str]] = {}


class Deals(BitrixDeals):
    """The same without leads."""


OFFICES: dict[tuple[str, str], type[Office]] = {
    ("amocrm", ""): Amocrm,
    ("bitrix24", "lead"): Portal,
    ("bitrix24", "deal"): Deals,
}


OF_1C = frozenset({"counterparty", "issue_invoice", "place_order", "cancel_invoice", "print"})


def _elsewhere(step: Any) -> bool:
    """Whether a step speaks to a service that has no part in these days: a stranger's, or 1C."""
    name, params = next(iter(step.items())) if isinstance(step, dict) else (step, None)
    return name == "http" or name in OF_1C or (isinstance(params, dict) and params.get("from") == "invoice")


class Client(Company):
    """The company of an example.

    `waits` are how long the waits of rules last here, by the rule's name; those of a ladder stand side by side.
    """

    def __init__(self, example: Path, folder: Path, sandbox: Sandbox, waits: Mapping[str, str]) -> None:
        self.example, self._waits = example, waits
        document = read_document(example)
        assert document.problems == []
        self._data: Any = document.data
        crm = self._data["crm"]
        super().__init__(folder, sandbox, OFFICES[crm["type"], crm.get("entity", "")])

    @property
    def environ(self) -> Mapping[str, str]:
        tokens = dict.fromkeys(environ(self.example), SECRET)
        return {**tokens, **super().environ, "GOOGLE_SECRET": f"{SECRET}-of-google"}

    def write_config(self) -> Path:
        data = dict(self._data)
        data.pop("tests", None)
        data.pop("accounting", None)
        data |= {"server": data.get("server", {}) | {"port": "${PORT}"}, "journal": {"url": "${JOURNAL}"}}
        data["calendar"] = {"hours": "пн-вс 00:00-24:00"}
        data["crm"] = self._crm()
        data["channels"] = {name: self._channel(settings) for name, settings in data["channels"].items()}
        rules = [self._rule(rule) for rule in data["rules"]]
        data["rules"] = [rule for rule in rules if rule.get("do") or rule.get("escalate")]
        path = self.folder / "config.yaml"
        path.write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8")
        return path

    def moved_by(self, login: str, lead: Json, stage: str, to: str = "") -> None:
        """One of the staff drags the card: a CRM tells who it was."""
        token = self.crm_control(f"oauth?user={login}", method="GET")["access_token"]
        pipeline = next(p for p in self.sandbox.amocrm.store.pipelines.values() if p.name == (to or lead["pipeline"]))
        status = next(s for s in pipeline.statuses.values() if s.name == stage)
        url = f"{self.office.emulator.url}/api/v4/leads/{lead['id']}"
        body = {"status_id": status.id, "pipeline_id": pipeline.id}
        headers = {"Authorization": f"Bearer {token}"}
        requests.patch(url, json=body, headers=headers, timeout=30).raise_for_status()

    def changed(self, lead: Json, **fields: Any) -> None:
        """One of the portal's people writes into the card."""
        assert isinstance(self.office, Bitrix)
        self.office._act("crm.item.update", {"entityTypeId": self.office.type_id, "id": lead["id"], "fields": fields})

    def stage(self, funnel: str, name: str) -> str:
        """The code of a stage of one of the portal's funnels (`DEAL_STAGE_1`)."""
        assert isinstance(self.office, Bitrix)
        rows = self.office._act("crm.status.list", {"filter": {"ENTITY_ID": funnel}})
        return next(row["STATUS_ID"] for row in rows if row["NAME"] == name)

    def option(self, field: str, value: str) -> int:
        """The number of an option of a portal's list field."""
        assert isinstance(self.office, Bitrix)
        fields = self.office._act("crm.item.fields", {"entityTypeId": self.office.type_id})["fields"]
        return next(int(one["ID"]) for one in fields[field]["items"] if one["VALUE"] == value)

    def _crm(self) -> Any:
        """What is said of the account in the example, at the place and with the entry of the sandbox."""
        here = yaml.safe_load(self.office.section)["crm"]
        entry = {"url", "token", "hook_secret", "application_token"}
        return {name: value for name, value in self._data["crm"].items() if name not in entry} | here

    def _channel(self, settings: Any) -> Any:
        sandbox = {
            "imap": {
                "host": "127.0.0.1",
                "port": "${IMAP}",
                "tls": False,
                "user": "sandbox@example.test",
                "folders": ["INBOX"],
                "first_sync_days": 1,
                "poll": 1,
            },
            "smtp": {
                "host": "127.0.0.1",
                "port": self.sandbox.mail.smtp_port,
                "security": "none",
                "user": "sandbox@example.test",
            },
            "mango": {"api_url": "${SENDERS}/vpbx"},
            "telegram": {"token": "1:sandbox", "api_url": "${TELEGRAM}"},
        }
        return settings | sandbox.get(settings["type"], {})

    def _rule(self, rule: Any) -> Any:
        """With the waits of this day, and without services that the sandbox does not have."""
        waits = self._waits.get(rule["name"], "").split()
        if "do" in rule:
            rule = rule | {"do": [step for step in rule["do"] if not _elsewhere(step)]}
        if "escalate" in rule and waits:
            rungs = zip(rule["escalate"], waits, strict=True)
            return rule | {"escalate": [rung | {"after": after} for rung, after in rungs]}
        return rule | {"wait": waits[0]} if waits else rule

    def open(self, *args: Any, **more: Any) -> None:
        assert self._waits.keys() <= {rule["name"] for rule in self._data["rules"]}
        super().open(*args, **more)


@contextmanager
def opened(example: Path, folder: Path, waits: Mapping[str, str] | None = None) -> Iterator[Client]:
    """The client of an example at work, its CRM as its file crm.yaml says."""
    seeds = read_seed_file(example.with_name("crm.yaml"), SECTIONS)
    sandbox = _started(seeds)
    client = Client(example, folder, sandbox, waits or {})
    try:
        client.office.unlimited()
        client.open()
        yield client
    finally:
        client.close()
        sandbox.stop()


def _started(seeds: Mapping[str, Any]) -> Sandbox:
    for _ in range(50):
        sandbox = Sandbox(random.randrange(20000, 32000, 10), seeds=seeds)
        try:
            return sandbox.start()
        except OSError:
            continue
    raise AssertionError("no free ports")
