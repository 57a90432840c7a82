"""How many open leads each of the staff has, by the mirror.

The mirror holds every lead, whoever made or moved it, so that counting costs no call: amoCRM would have to be read page
by page, and Bitrix24 asked once for each person and stage.
"""

from __future__ import annotations

from collections.abc import Sequence

from connectors.crm.account import Account
from connectors.crm.mirror import LEAD, LEADS_FILLED, place_mark
from connectors.crm.names import Names, plain
from provodka.crm import LeadState


def open_lead_counts(account: Account, names: Names, logins: Sequence[str]) -> dict[str, int] | None:
    """By login; those whom the account does not know are absent. None until the mirror holds all leads."""
    if not account.cursor(LEADS_FILLED):
        return None
    users = {plain(name): user.id for user in names.users() for name in (user.login, user.name)}
    ids = {login: users[plain(login)] for login in logins if plain(login) in users}
    places = [
        (pipeline.id, stage.id)
        for pipeline in names.pipelines()
        for stage in pipeline.stages
        if stage.state is LeadState.OPEN and not stage.incoming
    ]
    marks = {login: [place_mark(user, *place) for place in places] for login, user in ids.items()}
    found = account.store.find_snapshots(account.name, LEAD, [mark for some in marks.values() for mark in some])
    return {login: sum(len(found.get(mark, ())) for mark in some) for login, some in marks.items()}
