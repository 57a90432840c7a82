"""A list of people as a client has it, and the command that imports it, as a process of its own."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

import cli.main  # noqa: F401 -- mounts the commands
from cli.app import app
from cli.house import House
from provodka.crm import NewContact
from provodka.operation import Done, Request
from tests.end_to_end.company import Company
from tests.end_to_end.product import ROOT

CHANNEL = "  list: {type: import}\n"
RULE = """
  - name: Импорт
    on: table.row_added
    channel: list
    do:
      - intake:
          pipeline: Кровля
          stage: Новый лид
          title: "Импорт: {{ person.name }}"
          responsible: {round_robin: [anna, ivan], counter: импорт}
          tags: [импорт]
      - task: {text: Позвонить по базе, type: Звонок, due: 1d}
"""


@dataclass(frozen=True, slots=True)
class People:
    """So many rows, the last `doubles` of them of people who are above; the CRM knows the first `known` of these."""

    rows: int
    doubles: int
    known: int

    @property
    def persons(self) -> int:
        return self.rows - self.doubles

    def phone(self, one: int) -> str:
        return f"+7916{one:07}"

    def write(self, path: Path) -> Path:
        """The file, as a spreadsheet writes it: in windows-1251, with semicolons, phones as people type them."""
        with path.open("w", encoding="cp1251", newline="") as file:
            writer = csv.writer(file, delimiter=";")
            writer.writerow(("ФИО", "Телефон", "Город"))
            writer.writerows(self._rows())
        return path

    def _rows(self) -> Iterator[tuple[str, ...]]:
        for one in range(self.persons):
            phone = self.phone(one)
            yield f"Гость {one}", f"8 ({phone[2:5]}) {phone[5:8]}-{phone[8:10]}-{phone[10:]}", "Москва"
        for one in range(self.doubles):
            yield f"Гость {one * 2}", self.phone(one * 2), "Клин"


def prepare(company: Company) -> None:
    """Give the company a channel for lists and a rule for them."""
    company.rewritten = lambda text: text.replace("channels:\n", f"channels:\n{CHANNEL}")
    company.extra_rules = RULE


def acquaint(company: Company, people: People) -> None:
    """Put the known people into the CRM, by somebody else than us."""
    ours, company.journal_url = company.journal_url, f"sqlite:///{company.folder}/another.sqlite"
    house = House(company.config())
    company.journal_url = ours
    try:
        assert house.crm is not None
        cards = [NewContact(f"Гость {one}", (people.phone(one),)) for one in range(people.known)]
        done = house.crm.create_contacts([Request(f"known-{n}", card) for n, card in enumerate(cards)])
        assert all(isinstance(one, Done) for one in done)
    finally:
        house.close()


def command(company: Company, *words: str | Path, check: bool = True, apart: bool = False) -> Any:
    """`provodka import …`; gives what it prints as JSON.

    In this process, since a start takes longer than the work; `apart` where the house is open here: it logs between.
    """
    config, line = company.write_config(), ("import", *map(str, words), "--json")
    if not apart:
        return said(config, company.environ, *line, check=check)
    environ = {**os.environ, **company.environ, "PYTHONPATH": str(ROOT)}
    whole = [sys.executable, "-m", "cli", *line, "--config", str(config)]
    child = subprocess.run(whole, cwd=company.folder, env=environ, capture_output=True, text=True, timeout=120)
    assert child.returncode in ((0,) if check else (0, 1)), child.stderr[-2000:]
    return json.loads(child.stdout)


def said(config: Path, environ: Mapping[str, str], *line: str, check: bool = True) -> Any:
    """A command, carried out in this process; gives what it prints as JSON."""
    ended = CliRunner().invoke(app, [*line, "--config", str(config)], env={**environ})
    assert ended.exit_code in ((0,) if check else (0, 1)), ended.output[-2000:]
    return json.loads(ended.stdout)
