"""A list is imported by real processes that die on the way: everybody once, nobody twice; then all of it is undone.

`PROVODKA_IMPORT_ROWS=50000` makes it as long as that, with as many doubles and known people as a real one has;
`PROVODKA_IMPORT_CRMS=all` plays the small ones with a portal that has no leads, too.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from provodka.journal import Journal, imports, queries
from sandbox.senders import tilda_lead
from tests.end_to_end.company import SECRET, Company, until
from tests.end_to_end.crms import Bitrix, BitrixDeals, Office
from tests.end_to_end.importing import People, acquaint, command, prepare
from tests.end_to_end.product import Product

ROWS = int(os.environ.get("PROVODKA_IMPORT_ROWS", "200"))
PEOPLE = People(50_000, 2_000, 3_000) if ROWS >= 50_000 else People(ROWS, ROWS // 10, ROWS * 2 // 15)
PATIENCE = 60 + ROWS / 10
PORTALS = [Bitrix, BitrixDeals] if os.environ.get("PROVODKA_IMPORT_CRMS") == "all" else [Bitrix]
STRANGER = "+79990000001"


@pytest.fixture
def journal(closed: Company) -> Iterator[Journal]:
    """The journal, read beside the processes."""
    opened = Journal(closed.journal_url)
    yield opened
    opened.close()


@pytest.fixture
def product(closed: Company) -> Iterator[Product]:
    prepare(closed)
    acquaint(closed, PEOPLE)
    process = Product(closed.write_config(), closed.environ, closed.folder / "product.log")
    process.start()
    process.ready()
    yield process
    process.kill()


def tell(what: str, began: float) -> None:
    """For whoever runs the long one by hand, with `-s`."""
    sys.stdout.write(f"{what} of {ROWS} rows: {time.monotonic() - began:.1f} s\n")
    sys.stdout.flush()


def planned(journal: Journal, job: str) -> int:
    return journal.read(lambda c: imports.figures(c, job)).planned


def rest(journal: Journal, job: str) -> None:
    def rested() -> bool:
        return shown(journal, job) != imports.ImportState.RUNNING and not journal.read(queries.unfinished)

    until(rested, "all of the import", PATIENCE)


def shown(journal: Journal, job: str) -> imports.ImportState:
    return journal.read(lambda c: imports.alike(c, job))[0].state


@pytest.mark.timeout(4 * PATIENCE)
def test_a_list_is_imported_once_though_everything_dies_and_then_it_is_undone(
    closed: Company, journal: Journal, product: Product
) -> None:
    file = PEOPLE.write(closed.folder / "База.csv")
    until(lambda: journal.cursor("amocrm:contacts:filled"), "the index of people", PATIENCE)

    began = time.monotonic()
    seen = command(closed, "start", file, "--dry-run")["preview"]
    tell("preview", began)
    assert (seen["rows"], seen["taken"], seen["people"]) == (PEOPLE.rows, PEOPLE.rows, PEOPLE.persons)
    assert (seen["known"], len(seen["doubles"]), seen["refused"]) == (PEOPLE.known, PEOPLE.doubles, [])
    assert seen["tried"]["matched"] == {"Импорт": seen["tried"]["rows"]}
    assert command(closed, "ls") == [], "a look writes nothing"

    began = time.monotonic()
    job = command(closed, "start", file, "--yes", "--detach")["import"]["id"]
    for share in (0.2, 0.6):  # killed twice, in the middle of everything
        until(lambda share=share: planned(journal, job) > PEOPLE.rows * share, f"{share:.0%} of the rows", PATIENCE)  # type: ignore[misc]
        product.kill()
        product.start()
    product.ready()
    answer = tilda_lead(f"{product.url}/hooks/site/{SECRET}", name="Живая", phone=STRANGER, email="")
    assert answer.status_code == 200
    rest(journal, job)
    tell("import", began)

    report = command(closed, "report", job)
    assert report["counts"] == {"new lead": PEOPLE.persons, "known person": PEOPLE.doubles}
    leads = closed.leads()
    assert len(leads) == PEOPLE.persons + 1
    assert closed.doubles() == {"open_leads": 0, "extra_leads": 0, "contacts_by_phone": 0}
    tasks = Counter(len(lead["tasks"]) for lead in leads)
    assert tasks == {1: PEOPLE.persons + 1 - PEOPLE.doubles, 2: PEOPLE.doubles}, "each row is one task"
    again = command(closed, "start", file, "--dry-run")["preview"]
    assert (again["taken"], again["earlier"]) == (0, PEOPLE.rows), "what was taken in is known by its key"

    by_hand, written = leads[5:7]
    closed.move(by_hand, "Переговоры")
    closed.office.write(written, "Просил не звонить")
    began = time.monotonic()
    undone = command(closed, "undo", job, "--wait", "60", check=False)
    tell("undo", began)
    assert undone["waiting"] == 0
    why = " ".join(left["why"] for left in undone["exceptions"])
    assert len(undone["exceptions"]) == 2
    assert f"lead:{by_hand['id']}: stage" in why
    assert f"lead:{written['id']}: somebody has left a note in it" in why
    states = Counter((lead["status"], "импорт отменён" in lead["tags"]) for lead in closed.leads())
    assert states == {
        ("Закрыто и не реализовано", True): PEOPLE.persons - 2,
        ("Переговоры", False): 1,
        ("Новый лид", False): 2,
    }
    assert shown(journal, job) is imports.ImportState.UNDONE


def test_a_command_that_is_killed_leaves_the_import_going_on_and_a_stopped_one_can_be_resumed(
    closed: Company, journal: Journal, product: Product
) -> None:
    people = People(40, 0, 0)
    file = people.write(closed.folder / "База.csv")
    line = [sys.executable, "-m", "cli", "import", str(file), "--yes", "--portion", "10", "--every", "1h"]
    environ, quiet = {**os.environ, **closed.environ}, subprocess.DEVNULL
    process = subprocess.Popen([*line, "--config", str(closed.write_config())], env=environ, stdout=quiet, stderr=quiet)
    [job] = until(lambda: journal.read(imports.all_imports), "the import")
    until(lambda: planned(journal, job.id) == 10, "the first portion")
    process.send_signal(signal.SIGKILL)
    process.wait()
    now = command(closed, "show", job.id)
    assert (now["state"], now["handed_out"]) == ("running", 10)
    assert now["next"] is not None, "the next portion has its time"
    assert command(closed, "stop")["state"] == "stopped"
    assert command(closed, "resume")["state"] == "running"
    until(lambda: not journal.read(queries.unfinished), "what was planned reaches the CRM", PATIENCE)
    assert len(closed.leads()) == 10, "the next portion keeps its time though it was stopped and resumed"


@pytest.mark.parametrize("office", PORTALS)
def test_a_portal_deletes_what_the_import_made_but_for_what_somebody_works_with(
    closed: Company, journal: Journal, office: type[Office]
) -> None:
    prepare(closed)
    closed.open()
    people = People(8, 2, 0)
    file = people.write(closed.folder / "База.csv")
    job = command(closed, "start", file, "--yes", "--detach", apart=True)["import"]["id"]
    rest(journal, job)
    leads = closed.leads()
    assert [len(lead["tasks"]) for lead in leads] == [2, 1, 2, 1, 1, 1]
    closed.move(leads[3], "Переговоры")
    until(lambda: closed.events("lead.stage_changed"), "the move")
    closed.office.write(leads[4], "Просил не звонить")
    would = command(closed, "undo", job, "--dry-run", check=False, apart=True)
    assert (len(closed.leads()), len(would["exceptions"])) == (6, 2), "a dry run does nothing"
    undone = command(closed, "undo", job, check=False, apart=True)
    touched = [str(lead["id"]) for lead in leads[3:5]]
    assert sorted(left["why"].split(":")[1] for left in undone["exceptions"]) == touched
    assert [str(lead["id"]) for lead in closed.leads()] == touched
    again = command(closed, "start", file, "--dry-run", apart=True)["preview"]
    assert (again["taken"], again["earlier"]) == (6, 2), "what is gone may come again"
