"""A talk through the real bot: Telegram calls us, a lead is made, the staff answer in the card, the client reads it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from cli.house import House
from sandbox.server import Sandbox
from sandbox.telegram import Door
from tests.end_to_end.company import Company, until
from tests.end_to_end.talking import PICTURE, TALKING
from tests.end_to_end.test_talks import Talking

CLIENT = 77
OFF, ON = 'api_url: "${TELEGRAM}"}', 'api_url: "${TELEGRAM}", receive: webhook, secret: tg_Secret-1}'


class RealTalking(Talking):
    """With the channel `bot` of the config itself."""

    def __init__(self, company: Company) -> None:
        super().__init__(company)
        rewritten = company.rewritten
        company.rewritten = lambda text: rewritten(text).replace(OFF, ON)

    def _furnish(self, house: House) -> None:
        """Nothing: every part is the real one."""

    def open(self) -> None:
        super().open()
        assert self.company.house.subscribers["bot"].subscribe(f"{self.company.url}/hooks/bot")


@pytest.fixture(params=TALKING.values(), ids=TALKING)
def talking(request: pytest.FixtureRequest, tmp_path: Path, sandbox: Sandbox) -> Iterator[RealTalking]:
    company = Company(tmp_path, sandbox, request.param)
    company.office.unlimited()
    yield RealTalking(company)
    sandbox.telegram.reset()
    company.close()


def test_a_talk_with_a_picture_goes_both_ways_and_who_blocks_the_bot_is_told_of(
    talking: RealTalking, sandbox: Sandbox
) -> None:
    bot, office = sandbox.telegram, talking.office
    talking.open()
    bot.say(CLIENT, "Сколько стоит крыша? Мой номер 8 916 000-11-22")
    bot.send_photo(CLIENT, PICTURE, "Вот такая")
    talking.rest(times=2)
    assert [by_client for _, by_client in office.lines()] == [True] * len(office.lines())
    (address,) = office.pictures()
    assert requests.get(address, timeout=30).content == PICTURE
    (lead,) = talking.company.leads()
    assert office.owners() == {str(lead["id"])}

    office.answers("Вот так же?", address)
    talking.rest("reply.written")
    (answer,) = until(lambda: bot.messages(CLIENT), "the answer in Telegram")
    assert answer["caption"] == "Вот так же?"
    assert sent_bytes(bot, answer) == PICTURE
    assert until(lambda: office.marks()[-1:], "the mark beside the answer") == ["delivered"]

    bot.door(CLIENT, Door.BLOCKED)
    office.answers("Когда вам удобно?")
    talking.rest("reply.written", 2)
    assert "заблокировал бота" in until(lambda: office.complaints(), "the complaint in the card")


def sent_bytes(bot: Any, message: dict[str, Any]) -> bytes:
    file = message["photo"][-1]["file_id"]
    path = requests.get(f"{bot.url}/bot1:sandbox/getFile?file_id={file}", timeout=30).json()["result"]["file_path"]
    return requests.get(f"{bot.url}/file/bot1:sandbox/{path}", timeout=30).content
