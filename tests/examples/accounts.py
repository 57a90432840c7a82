"""The CRM account of each example, as its file crm.yaml describes it, in an emulator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.registry import CRMS
from provodka.crm import CrmAccount
from provodka.journal import Journal
from provodka.yaml_marks import read_document
from sandbox.amocrm import AmoCrm
from sandbox.amocrm.seed_file import read_section as amocrm_section
from sandbox.base import Emulator
from sandbox.bitrix24 import Bitrix24
from sandbox.bitrix24.seed_file import read_section as bitrix24_section
from sandbox.seed_file import read_seed_file

SECTIONS = {"amocrm": amocrm_section, "bitrix24": bitrix24_section}
SECRET = "sandbox"


@contextmanager
def account(config: Path, folder: Path) -> Iterator[tuple[Emulator, CrmAccount]]:
    """The emulator of an example's CRM and our account in it; the journal lies in `folder`."""
    ((kind, seed),) = read_seed_file(config.with_name("crm.yaml"), SECTIONS).items()
    emulator: Emulator = AmoCrm(state_path=None, seed=seed) if kind == "amocrm" else Bitrix24(None, seed=seed)
    with emulator:
        emulator.app.test_client().post("/_sandbox/limit", json={"per_second": None})
        journal = Journal(f"sqlite:///{folder}/journal.sqlite")
        settings = read_document(config).data["crm"] | entry(kind, emulator.url)
        crm = CRMS[kind].open(CRMS[kind].model().model_validate(settings), journal.store)
        try:
            yield emulator, crm
        finally:
            crm.close()
            journal.close()


def entry(kind: str, url: str) -> dict[str, object]:
    """What of the section `crm` lets us into the emulator."""
    pace = {"per_second": 1000, "burst": 1000}
    if kind == "amocrm":
        return {"url": url, "token": SECRET, **pace}
    return {"url": f"{url}/rest/1/{SECRET}/", **pace}
