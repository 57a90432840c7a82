"""Bots of messengers, from an empty cabinet to the first message: the product tells the service its address itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from cli.config import read
from cli.house import House
from cli.main import app
from provodka.journal import queries
from sandbox.senders.max import Max
from sandbox.senders.service import Client
from sandbox.senders.station import Station
from sandbox.telegram import Telegram
from tests.cli.ports import free_port


@pytest.fixture(scope="module")
def telegram() -> Iterator[Telegram]:
    with Telegram() as bot:
        yield bot


@pytest.fixture(scope="module")
def station() -> Iterator[Station]:
    with Station(Max()) as running:
        yield running


def config(folder: Path, channel: dict[str, object]) -> Path:
    port = free_port()
    written = {
        "client": "Кровля",
        "server": {"port": port, "public_url": f"http://127.0.0.1:{port}"},
        "journal": {"url": "sqlite:///journal.sqlite"},
        "channels": {"bot": channel},
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(written, allow_unicode=True), "utf-8")
    return path


def check(path: Path, *more: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["check", "--config", str(path), "--online", *more])
    return result.exit_code, result.output


@contextmanager
def meanwhile(ready: Callable[[], bool], work: Callable[[], object]) -> Iterator[None]:
    """Does something as soon as it is time for it."""

    def wait() -> None:
        until = time.monotonic() + 20
        while not ready() and time.monotonic() < until:
            time.sleep(0.02)
        work()

    thread = threading.Thread(target=wait)
    thread.start()
    yield
    thread.join()


def heard(path: Path) -> list[str]:
    house = House(read(path))
    try:
        lines = house.journal.read(lambda c: queries.list_events(c, channel="bot", limit=9))
        return [line.event.event.payload.message.text for line in lines]
    finally:
        house.close()


def test_telegram_is_told_our_address_and_the_first_message_proves_it(telegram: Telegram, tmp_path: Path) -> None:
    telegram.reset()
    settings = {
        "type": "telegram",
        "token": "1:sandbox",
        "api_url": telegram.url,
        "receive": "webhook",
        "secret": "s-1",
    }
    path = config(tmp_path, settings)
    code, said = check(path)
    assert code == 1
    assert "никуда не сообщает" in said
    with meanwhile(lambda: telegram.webhook_secret == "s-1", lambda: telegram.say(42, "Сколько стоит?")):
        code, said = check(path, "--channel", "bot", "--wait", "20")
    assert code == 0, said
    assert "message.received came by «bot»" in said
    assert heard(path) == ["Сколько стоит?"]
    assert check(path)[0] == 0


def test_a_bot_that_polls_is_proved_by_its_first_message_without_any_address(
    telegram: Telegram, tmp_path: Path
) -> None:
    telegram.reset()
    path = config(tmp_path, {"type": "telegram", "token": "1:sandbox", "api_url": telegram.url, "receive": "polling"})
    polls = lambda: bool(telegram.objects()["waiting_polls"])  # noqa: E731
    with meanwhile(polls, lambda: telegram.say(42, "Сколько стоит?")):
        code, said = check(path, "--channel", "bot", "--wait", "20")
    assert code == 0, said
    assert heard(path) == ["Сколько стоит?"]


def test_max_is_told_our_address_and_the_first_message_proves_it(station: Station, tmp_path: Path) -> None:
    station.reset()
    [service] = station.services
    assert isinstance(service, Max)
    path = config(tmp_path, {"type": "max", "token": "sandbox", "secret": "right-one", "api_url": f"{station.url}/max"})

    def write() -> None:
        [ours] = service.room.subscriptions
        service.message(Client(text="Сколько стоит?"), {"url": ours["url"], "secret": ours["secret"]})

    with meanwhile(lambda: bool(service.room.subscriptions) and _opens(path), write):
        code, said = check(path, "--channel", "bot", "--wait", "20")
    assert code == 0, said
    assert "message.received came by «bot»" in said
    assert heard(path) == ["Сколько стоит?"]


def _opens(path: Path) -> bool:
    from cli.connect import opens

    server = yaml.safe_load(path.read_text("utf-8"))["server"]
    return opens("127.0.0.1", server["port"])
