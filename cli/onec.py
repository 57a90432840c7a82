"""The commands about 1C: `provodka onec probe` before the start, `provodka onec compare` for both sides."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from cli.app import DEFAULT, AsJson, ConfigFile, DryRun, app, clear_words, done, opened, out
from cli.show import View
from connectors.onec.odata.base import Base
from connectors.onec.odata.client import Client
from connectors.onec.odata.probe import Findings, contents, look
from connectors.onec.odata.settings import ODataSettings, Publication
from provodka.errors import ConnectorError
from provodka.event import utc_now
from provodka.journal import Journal
from provodka.readiness import Remark, Weight
from provodka.settings import Mistakes
from provodka.yaml_marks import written

onec_app = typer.Typer(help="Look at a base of 1C.", no_args_is_help=True)
app.add_typer(onec_app, name="onec")


@onec_app.command()
def probe(
    config: ConfigFile = DEFAULT,
    url: Annotated[str, typer.Option(help="Address of the publication, instead of the config.")] = "",
    user: Annotated[str, typer.Option(help="With --url: who enters.")] = "",
    password: Annotated[
        str, typer.Option(help="With --url: the password; may be empty.", envvar="PROVODKA_ONEC_PASSWORD")
    ] = "",
    profile: Annotated[str, typer.Option(help="Look for the names of this one: bp, ut, unf, erp.")] = "",
    as_json: AsJson = False,
) -> None:
    """Read $metadata, say which profile fits, and name what is not published or called otherwise (exit code 1)."""
    settings = _given(url, user, password, profile) if url else _configured(config, as_json=as_json)
    with TemporaryDirectory() as folder:
        journal = Journal(f"sqlite:///{folder}/probe.sqlite")
        client = Client(settings, journal.store)
        try:
            name = settings.profile if profile or not url else ""
            found = look(client, name, settings.names if name else None)
            rest: Sequence[Remark] = ()
            if found.is_whole and isinstance(settings, ODataSettings):
                rest = list(contents(Base(settings, journal.store, client, utc_now)))
        except ConnectorError as error:
            _tell(error.reason, error.hint, as_json=as_json)
            done(1)
        finally:
            client.close()
            journal.close()
    done(_shown(settings.url, found, rest, as_json=as_json))


@onec_app.command()
def compare(config: ConfigFile = DEFAULT, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Compare sums, lines, payments and shipments of 1C with the CRM, as by night (exit code 1: they differ)."""
    from cli.sides import compare_sides

    read = opened(config, as_json=as_json)
    view = View.standard(as_json=as_json, opened=False, zone=read.calendar.timezone)
    with clear_words():
        done(compare_sides(read, view, dry_run=dry_run))


def _configured(path: Path, *, as_json: bool) -> Publication:
    settings = opened(path, as_json=as_json).accounting
    if not isinstance(settings, Publication):
        _tell("the config has no accounting of type odata", "or give --url and --user", as_json=as_json)
        done(2)
    return settings


def _given(url: str, user: str, password: str, profile: str) -> Publication:
    given = {"url": url, "user": user, "password": password, "profile": profile or "bp"}
    try:
        return Publication.model_validate(given)
    except ValidationError as error:
        for one in error.errors(include_url=False, include_input=False):
            raised = one.get("ctx", {}).get("error")
            texts = [f.text for f in raised.findings] if isinstance(raised, Mistakes) else [str(one["msg"])]
            out.print(f"--{'.'.join(str(step) for step in one['loc'])}: {'; '.join(texts)}", markup=False)
        done(2)


def _shown(url: str, found: Findings, rest: Sequence[Remark], *, as_json: bool) -> int:
    """0 where nothing stands in the way, 1 where something does."""
    code = 0 if found.is_whole and not any(one.weight is Weight.ACCOUNT for one in rest) else 1
    if as_json:
        out.print_json(json.dumps(_data(url, found, rest), ensure_ascii=False))
        return code
    fits = ", ".join(f"{name} {share:.0%}" for name, share in found.fits.items())
    _line(f"{url}: {found.sets} sets are published; of the names of each profile are there: {fits}")
    if found.profile and found.best != found.profile and found.fits[found.best] > found.fits[found.profile]:
        _line(f"the profile {found.best} fits better than {found.profile}", "yellow")
    for trouble in found.troubles:
        _told(trouble.text, trouble.cure, light=trouble.light)
    for remark in rest:
        _told(remark.text, remark.cure, light=remark.weight is not Weight.ACCOUNT)
    heavy = sum(not one.light for one in found.troubles) + sum(one.weight is Weight.ACCOUNT for one in rest)
    if code:
        of = f" with the profile {found.profile}" if found.profile else ""
        _line(f"{heavy} problem{'' if heavy == 1 else 's'}{of}", "bold red")
    else:
        _line(f"the profile {found.profile} fits: everything that is needed is there", "green")
    return code


def _told(text: str, cure: str, *, light: bool) -> None:
    _line(f"{'note: ' if light else ''}{text}", "dim" if light else "")
    _line(f"    {cure}", "dim" if light else "")


def _line(text: str, style: str = "") -> None:
    out.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def _tell(text: str, hint: str, *, as_json: bool) -> None:
    if as_json:
        out.print_json(json.dumps({"error": text, "hint": hint}, ensure_ascii=False))
    else:
        _line(text, "bold red")
        _line(f"    {hint}")


def _data(url: str, found: Findings, rest: Sequence[Remark]) -> dict[str, Any]:
    troubles = [
        {"name": one.name, "text": one.text, "hint": one.cure, "profile": written(one.place), "needed": not one.light}
        for one in found.troubles
    ]
    remarks = [
        {"name": written(one.path), "text": one.text, "hint": one.cure, "needed": one.weight is Weight.ACCOUNT}
        for one in rest
    ]
    return {
        "url": url,
        "sets": found.sets,
        "profile": found.profile,
        "fits": {name: round(share, 4) for name, share in found.fits.items()},
        "problems": [*troubles, *remarks],
    }
