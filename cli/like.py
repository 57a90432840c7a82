"""`provodka sandbox --like`: the structure of a live account as the seed of its twin."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, get_args

import yaml
from rich.console import Console

from cli.config import Config
from connectors.registry import CRMS
from provodka.errors import ConnectorError
from provodka.journal import Journal
from provodka.readiness import patient
from sandbox.amocrm.fields import LISTS, TYPES
from sandbox.bitrix24.seed_file import FieldRow

Section = dict[str, Any]

ENUMERATION: Final = "enumeration"
TAUGHT: Final = frozenset(get_args(FieldRow.model_fields["type"].annotation))
HEAD: Final = "# The structure of a live account: no people but the staff, no leads. A seed of the sandbox.\n"


def write_seed(config: Config, path: Path, out: Console) -> int:
    """Write the seed file of a twin, saying what the sandbox cannot hold; 2 without a CRM, 1 without its answer."""
    if config.crm is None:
        return _refuse(out, f"{config.path}: there is no crm in the config", 2)
    try:
        sections, left_out = twin(config)
    except ConnectorError as error:
        return _refuse(out, f"crm: {error.reason}" + (f" ({error.hint})" if error.hint else ""), 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(sections, allow_unicode=True, sort_keys=False, width=120)
    path.write_text(HEAD + text, encoding="utf-8")
    for sentence in left_out:
        out.print(f"left out: {sentence}", markup=False, highlight=False, soft_wrap=True)
    out.print(f"the seed is in {path}", markup=False, highlight=False, soft_wrap=True)
    return 0


def twin(config: Config) -> tuple[dict[str, Section], list[str]]:
    """A seed file's content like the account of the config, and sentences about what the sandbox cannot hold."""
    settings = config.crm
    journal = Journal(config.journal_url)
    crm = CRMS[settings.type].open(settings, journal.store)
    try:
        (section,) = patient(lambda: [crm.setup().structure()])
    finally:
        crm.close()
        journal.close()
    left_out: list[str] = []
    if settings.type == "amocrm":
        section["pipelines"] = list(_with_stages(section["pipelines"], left_out))
        section["fields"] = {
            owner: list(_held(fields, TYPES, LISTS, owner, left_out)) for owner, fields in section["fields"].items()
        }
    else:
        section["funnels"] = list(_with_stages(section["funnels"], left_out))
        section["fields"] = list(_held(section["fields"], TAUGHT, (ENUMERATION,), "", left_out))
    return {settings.type: section}, left_out


def _refuse(out: Console, words: str, code: int) -> int:
    out.print(f"✗ {words}", markup=False, highlight=False, soft_wrap=True)
    return code


def _with_stages(pipelines: Iterable[Section], left_out: list[str]) -> Iterable[Section]:
    for one in pipelines:
        if one["stages"]:
            yield one
        else:
            left_out.append(f"pipeline «{one['name']}»: it has no stages of its own")


def _held(
    fields: Iterable[Section], types: Iterable[str], lists: Iterable[str], owner: str, left_out: list[str]
) -> Iterable[Section]:
    for one in fields:
        name = f"field «{one.get('title') or one['name']}» of {owner or one['entity']}"
        if one["type"] not in types:
            left_out.append(f"{name}: the sandbox has no fields of the type {one['type']}")
        elif one["type"] in lists and not one.get("options"):
            left_out.append(f"{name}: it is a list without options")
        else:
            yield one
