"""What we have made in other systems, found again by its kind and id."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, inspect, text

from provodka.journal import Journal, happened, queries
from provodka.journal.database import throwaway
from provodka.journal.migrate import upgrade
from tests.journal.conftest import steps_of

LOOKS: dict[str, Callable[[Connection], object]] = {
    "origins": lambda c: happened.origins(c, ["17", "18"]),
    "results_of_made": lambda c: queries.results_of_made(c, "call", ["17", "18"]),
    "doer_of": lambda c: queries.doer_of(c, "call", "17"),
    "maker_of": lambda c: queries.maker_of(c, "amocrm", "lead", "17"),
    "made_ids": lambda c: queries.made_ids(c, "amocrm", "lead", ["17", "18"]),
}


@pytest.mark.parametrize("look", LOOKS)
def test_it_is_found_without_reading_all_that_was_ever_made(journal: Journal, look: str) -> None:
    for step in steps_of(journal, LOOKS[look], "links", 1):
        assert "SCAN links" not in step
        assert "links" not in step or "(kind=? AND remote_id=?" in step, step


def test_a_journal_of_before_keeps_what_was_made(url: str) -> None:
    upgrade(url, "0008")
    engine = throwaway(url)
    with engine.begin() as connection:
        made = "('crm', 'lead', '17', 5, 1), ('other', 'lead', '17', 6, 2)"
        connection.execute(text(f"INSERT INTO links (system, kind, remote_id, action_id, at) VALUES {made}"))
    upgrade(url)
    with engine.begin() as connection:
        assert queries.made_ids(connection, "crm", "lead", ["17", "18"]) == {"17": 5}
        assert queries.made_ids(connection, "other", "lead", ["17"]) == {"17": 6}
        key = inspect(connection).get_pk_constraint("links")["constrained_columns"]
        assert key == ["kind", "remote_id", "system"]
        assert [one["name"] for one in inspect(connection).get_indexes("links")] == ["ix_links_action_id"]
    engine.dispose()
