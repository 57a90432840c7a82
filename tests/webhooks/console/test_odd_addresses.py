"""What somebody may write into the address line: never a fault of ours, whatever it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.playing import Clock, House
from tests.webhooks.console.desk import Desk, Visitor, on
from webhooks.console.settings import Role

BEYOND = ("9223372036854775808", "-9223372036854775809", "9" * 30)  # what no database can hold
NUMBERS = ("/?person={}", "/?person=1&before={}", "/feed?before={}", "/export?person={}", "/needs/resend?upto={}")
ID = "0000000000000000000000a1"


@pytest.fixture(scope="module")
def visitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    journal = on(tmp_path_factory.mktemp("odd"))
    House(journal, Clock()).event("1", id=ID)
    desk = Desk(journal)
    yield desk.sign_in(Role.ADMINISTER)
    desk.close()
    journal.close()


@pytest.mark.parametrize("number", BEYOND)
@pytest.mark.parametrize("address", NUMBERS)
def test_a_number_that_no_journal_can_hold_is_one_that_nothing_has(visitor: Visitor, address: str, number: str) -> None:
    assert visitor.get(address.format(number)).status_code in (200, 302, 404)


@pytest.mark.parametrize("address", ["/?q=%00", "/people?login=a%00b", "/events/%00", "/events/a%00b/story"])
def test_a_sign_that_postgresql_refuses_is_not_looked_for(visitor: Visitor, address: str) -> None:
    assert visitor.get(address).status_code == 400


@pytest.mark.parametrize("after", ["1-999999999999999-", "1-253402300800000-2", "x", "1", "1-1-x"])
def test_a_feed_that_goes_on_from_nowhere_begins_now(visitor: Visitor, after: str) -> None:
    with visitor.session.get(f"{visitor.url}/feed/stream", params={"after": after}, stream=True, timeout=30) as told:
        assert told.status_code == 200
        assert next(told.iter_lines()).startswith(b"retry")


def test_an_action_of_a_number_that_no_journal_can_hold_is_not_there(visitor: Visitor) -> None:
    for deed in ("resend", "settle"):
        assert visitor.post(f"/events/{ID}/actions/{BEYOND[0]}/{deed}", "/").status_code == 404
