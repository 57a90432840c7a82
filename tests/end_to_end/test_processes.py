"""The product as processes: ended gracefully, and many of them over one journal."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from provodka.journal import queries
from provodka.journal.database import Database
from provodka.journal.schema import actions, attempts
from sandbox.senders import tilda_lead
from tests.end_to_end.company import SECRET, Company, until
from tests.end_to_end.product import Product

NO_DOUBLES = {"open_leads": 0, "extra_leads": 0, "contacts_by_phone": 0}


@pytest.fixture
def database(closed: Company) -> Iterator[Database]:
    """The journal, read beside the processes."""
    database = Database(closed.journal_url)
    yield database
    database.close()


@pytest.fixture
def on_postgresql(closed: Company, postgresql_journal_url: str) -> None:
    """A PostgreSQL database of its own for the company's journal."""
    closed.journal_url = postgresql_journal_url


def product(company: Company, *roles: str) -> Product:
    log = company.folder / f"{'-'.join(roles) or 'all'}-{uuid.uuid4().hex[:4]}.log"
    return Product(company.write_config(), company.environ, log, roles)


def send(house: Product, people: Iterable[int]) -> None:
    for n in people:
        url = f"{house.url}/hooks/site/{SECRET}"
        # each with words of its own: the same form of one person within minutes counts once
        answer = tilda_lead(url, name=f"Гость {n}", phone=f"+791600001{n:02}", email="", comments=uuid.uuid4().hex)
        assert answer.status_code == 200


def rest(database: Database, people: int) -> None:
    def rested() -> bool:
        with database.reading.connect() as connection:
            done = select(func.count()).select_from(actions).where(actions.c.kind == "task", actions.c.state == "done")
            return connection.execute(done).scalar_one() == people and not queries.unfinished(connection)

    until(rested, f"{people} tasks, and rest")


def owners(database: Database) -> set[str]:
    """The processes that have carried something out."""
    with database.reading.connect() as connection:
        return set(connection.execute(select(attempts.c.owner).distinct()).scalars())


def test_sigterm_finishes_what_runs_and_ends_with_0(closed: Company, database: Database) -> None:
    house = product(closed)
    house.start()
    house.ready()
    closed.sandbox.amocrm.latency = 0.3
    send(house, [1] * 12)  # one person's work is done one after another, so that there is much left to do
    until(closed.leads, "the lead")
    began = time.monotonic()
    assert house.stop() == 0
    assert time.monotonic() - began < 20
    with database.reading.connect() as connection:
        hanging = select(func.count()).select_from(attempts).where(attempts.c.finished_at.is_(None))
        assert connection.execute(hanging).scalar_one() == 0, "every attempt has its ending"
        states = queries.totals(connection).actions
    assert "running" not in states
    assert states.keys() > {"done"}, "it was stopped in the middle of the work"

    closed.sandbox.amocrm.latency = 0
    house.start()
    rest(database, 12)
    assert house.stop() == 0
    lead = closed.lead()
    assert (len(lead["notes"]), len(lead["tasks"])) == (12, 12)
    assert closed.doubles() == NO_DOUBLES


@pytest.mark.postgres
def test_processes_of_different_roles_share_the_work_and_double_nothing(
    closed: Company, on_postgresql: None, database: Database
) -> None:
    closed.sandbox.amocrm.latency = 0.05
    front = product(closed, "web", "scheduler")
    workers = [product(closed, "worker"), product(closed, "worker")]
    try:
        for house in (front, *workers):
            house.start()
        front.ready()
        rounds = 0
        while rounds < 4 or (len(owners(database)) < 2 and rounds < 16):  # a worker may be slow to start
            people = [*range(rounds * 5, rounds * 5 + 5)] * 2
            with ThreadPoolExecutor(len(people)) as threads:  # everybody twice at the same moment
                list(threads.map(lambda one: send(front, [one]), people))
            closed.letter(f"Автор {rounds} <author{rounds}@example.com>", f"Письмо {rounds}", "Сколько стоит?")
            rounds += 1
            rest(database, rounds * 10)
        until(lambda: len(closed.leads()) == rounds * 6, "the letters' leads, which the scheduler's mailbox brought")
        rest(database, rounds * 10)
    finally:
        codes = [house.stop() for house in (front, *workers)]
    assert codes == [0, 0, 0]
    done = Counter((len(lead["tasks"]), len(lead["notes"])) for lead in closed.leads())
    assert done == {(2, 2): rounds * 5, (0, 1): rounds}
    assert closed.doubles() == NO_DOUBLES
    assert len(owners(database)) == 2, "both workers had their share"
    responsible = Counter(lead["responsible_email"] for lead in closed.leads())
    assert responsible == {"anna@krovlya.ru": rounds * 3, "ivan@krovlya.ru": rounds * 3}
