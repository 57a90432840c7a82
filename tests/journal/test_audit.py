"""Who did what in the console, on both databases."""

from __future__ import annotations

from provodka.journal import Journal, audit
from provodka.journal.audit import REFUSED, SIGNED_IN, Deed
from tests.journal.conftest import Clock, steps_of


def done(journal: Journal, clock: Clock, login: str, what: str, about: str = "", address: str = "10.0.•.•#a") -> int:
    deed = Deed(clock(), login, what, about, {"reason": "клиент просил"}, address)
    return journal.write(lambda c: audit.put(c, deed))


def test_deeds_are_listed_newest_first_by_person_by_kind_and_page_by_page(journal: Journal, clock: Clock) -> None:
    for number in range(5):
        done(journal, clock, "olga" if number % 2 else "ivan", "resend" if number < 3 else "replay", str(number))
        clock.forward(seconds=number // 2)  # some of them at the same moment
    everything = journal.read(audit.listed)
    assert [one.about for one in everything] == ["4", "3", "2", "1", "0"]
    assert everything[0].told == {"reason": "клиент просил"}
    assert [one.about for one in journal.read(lambda c: audit.listed(c, login="olga"))] == ["3", "1"]
    assert [one.about for one in journal.read(lambda c: audit.listed(c, login="ivan", what="resend"))] == ["2", "0"]
    seen: list[str] = []
    last = None
    while page := journal.read(lambda c, last=last: audit.listed(c, before=last, limit=2)):
        seen += [one.about for one in page]
        last = (page[-1].at, page[-1].id)
    assert seen == ["4", "3", "2", "1", "0"]


def test_a_success_forgets_the_refusals_of_its_login_but_not_those_of_its_address(
    journal: Journal, clock: Clock
) -> None:
    start = clock()
    done(journal, clock, "olga", REFUSED)
    clock.forward(seconds=1)
    number = done(journal, clock, "olga", REFUSED)
    assert len(journal.read(lambda c: audit.refusals_of(c, "olga", start))) == 2
    journal.write(lambda c: audit.succeed(c, number))
    assert journal.read(lambda c: audit.refusals_of(c, "olga", start)) == []
    assert journal.read(lambda c: audit.refusals_from(c, "10.0.•.•#a", start)) == [start]
    assert [one.what for one in journal.read(audit.listed)] == [SIGNED_IN, REFUSED]


def test_the_audit_is_found_by_its_indexes(journal: Journal, clock: Clock) -> None:
    def asked(connection: object) -> None:
        audit.listed(connection, before=(clock(), 7))  # type: ignore[arg-type]
        audit.listed(connection, login="olga")  # type: ignore[arg-type]
        audit.listed(connection, what="resend")  # type: ignore[arg-type]
        audit.refusals_of(connection, "olga", clock())  # type: ignore[arg-type]
        audit.refusals_from(connection, "10.0.•.•#a", clock())  # type: ignore[arg-type]

    steps = steps_of(journal, asked, "audit", 5)
    assert [one for one in steps if one.startswith("SCAN") and "USING INDEX" not in one] == []
    assert [one for one in steps if "TEMP B-TREE" in one] == []
