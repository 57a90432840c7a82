"""The web over real HTTP while somebody keeps the one connection to the journal: who asks is told to come again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import urlsplit

import pytest
import requests
from sqlalchemy import create_engine

from provodka.errors import JournalUnavailableError
from provodka.journal import Journal
from provodka.journal.movement import Movement
from tests.webhooks.console.desk import Desk, Visitor, on
from tests.webhooks.site import Site
from webhooks.app import create_app
from webhooks.console.settings import Role
from webhooks.files import SignedFiles
from webhooks.metrics import Metrics
from webhooks.receive import Door
from webhooks.server import WebServer


@dataclass
class Web:
    journal: Journal
    hooks: str
    visitor: Visitor

    @contextmanager
    def all_in_use(self) -> Iterator[None]:
        database = self.journal.database
        own = database.reading, database.writing, database.passing
        pool = create_engine(database.reading.url, pool_size=1, max_overflow=0, pool_timeout=0.01)
        database.reading = database.writing = database.passing = pool
        try:
            with pool.connect():
                yield
        finally:
            database.reading, database.writing, database.passing = own
            pool.dispose()


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    journal = on(tmp_path_factory.mktemp("web"))
    door = Door({"site": Site()}, journal, lambda: datetime.now(UTC), 1000, Metrics())
    server = WebServer(create_app(door, journal), "127.0.0.1", 0, 4)
    server.start()
    desk = Desk(journal)
    yield Web(journal, f"http://127.0.0.1:{server.port}", desk.sign_in(Role.ADMINISTER))
    desk.close()
    server.stop()
    journal.close()


def test_a_sender_comes_again_and_a_page_says_why(web: Web) -> None:
    body = sha256(b"picture").hexdigest()
    path = urlsplit(SignedFiles("http://we", web.journal.key, web.journal.now).url(body, "1.png", "image/png"))
    places = (
        ("POST", f"{web.hooks}/hooks/site"),
        ("GET", f"{web.hooks}/metrics"),
        ("GET", f"{web.hooks}{path.path}?{path.query}"),
    )
    with web.all_in_use():
        for method, address in places:
            answer = requests.request(method, address, data=b"one", timeout=30)
            assert (answer.status_code, answer.text) == (503, "try again later\n"), address
            assert int(answer.headers["Retry-After"]) > 0
        assert requests.get(f"{web.hooks}/readyz", timeout=30).status_code == 503
        assert requests.get(f"{web.hooks}/healthz", timeout=30).status_code == 200
    assert requests.post(f"{web.hooks}/hooks/site", data=b"one", timeout=30).status_code == 200


def test_every_page_of_the_console_that_needs_the_journal_says_that_it_is_away(web: Web) -> None:
    asked = ("/", "/feed", "/needs", "/health", "/rules", "/figures", "/people", "/events/1")
    with web.all_in_use():
        for page in asked:
            said = web.visitor.until(lambda text: "Журнал недоступен" in text, page)
            assert "Обновите страницу через минуту" in said, page
        answer = web.visitor.get("/health")
        assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (503, True)
        answer = web.visitor.post("/open", "/export", about="person:1")
        assert answer.status_code == 503, "what cannot be recorded is not done"
        assert web.visitor.get("/what-if").status_code == 200, "it asks nothing of the journal"
    assert web.visitor.get("/health").status_code == 200


def test_a_feed_waits_for_the_journal(web: Web) -> None:
    movement = Movement(web.journal.database)
    with web.all_in_use(), pytest.raises(JournalUnavailableError, match="every connection"):
        movement.mark()
    assert movement.mark()
    movement.close()
