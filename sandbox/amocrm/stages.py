"""The digital pipeline: what a stage does when a lead enters it, is called in it or writes in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import urlencode

from sandbox.amocrm.changes import StageEntry
from sandbox.amocrm.oneshot import Shot
from sandbox.amocrm.payload import Pairs, plain
from sandbox.amocrm.store import Store


def stage_shots(store: Store, entries: Iterable[StageEntry], account: Pairs) -> Iterator[Shot]:
    """One form-encoded post for each hook of a stage on which something happened; sent once, never retried."""
    hooks = list(store.table("stage_hooks").values())
    for entry in entries if hooks else ():
        lead = entry.lead
        for hook in hooks:
            values = hook.values
            place = (values["pipeline_id"], values["status_id"], values["action"])
            if place == (lead.pipeline_id, lead.status_id, entry.action):
                old_status_id, old_pipeline_id = entry.was
                scalars = {
                    "id": lead.id,
                    "status_id": lead.status_id,
                    "pipeline_id": lead.pipeline_id,
                    "old_status_id": old_status_id,
                    "old_pipeline_id": old_pipeline_id,
                }
                pairs = [(f"leads[{entry.action}][0]{key}", value) for key, value in plain(scalars)]
                body = urlencode([*pairs, *account]).encode()
                headers = {"Content-Type": "application/x-www-form-urlencoded"}
                yield Shot(values["url"], body, headers, "stage")
