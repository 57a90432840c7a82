"""`provodka onec compare`: what 1C and the CRM tell otherwise."""

from __future__ import annotations

from dataclasses import asdict

from cli.config import Config
from cli.house import House
from cli.show import Exit, View, table
from provodka.errors import ConnectorError
from provodka.event import utc_now
from worker.comparison import Compared, Difference, compare


def compare_sides(config: Config, view: View, *, dry_run: bool) -> int:
    """Read everything of 1C anew and compare it with the CRM, as is done by night; 1 where something differs.

    With `dry_run` 1C is believed as it was read last, and no rule hears of a difference.
    """
    house = House(config)
    try:
        if house.accounting is None or house.crm is None or house.nightly is None:
            view.problem("the config lacks accounting or crm", "there are no two sides to be compared")
            return Exit.USAGE
        found = list(compare(house.accounting, house.crm, utc_now())) if dry_run else house.nightly.run()
    except ConnectorError as error:
        view.problem(error.reason, error.hint)
        return Exit.PROBLEM
    finally:
        house.close()
    return _shown(found, view)


def _shown(found: list[Compared], view: View) -> int:
    differences = [one for compared in found for one in compared.differences]
    if view.as_json:
        view.json({"sales": len(found), "differences": [asdict(one) for one in differences]})
    else:
        if differences:
            view.print(table(("lead", "what", "1C", "CRM", "right"), map(_row, differences)))
        view.print(f"{len(found)} sales compared, {len(differences)} differences")
    return Exit.PROBLEM if differences else Exit.FINE


def _row(one: Difference) -> tuple[str, ...]:
    return one.lead, one.name, one.books, one.crm, "1C" if one.winner == "1c" else "CRM"
