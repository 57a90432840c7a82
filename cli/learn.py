"""`provodka learn`: a sample body of a sender becomes the settings of a channel `form`, and proves itself."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cli.show import Exit, View, one_line
from connectors.bodies import MAX_BODY
from connectors.form.learning import Learned, Taken, learn
from connectors.marks import MARKS
from provodka.channel import UnreadableError
from provodka.event import utc_now
from provodka.payloads import FormSubmitted
from support.masking import Mask, ShownPerson


@dataclass(frozen=True, slots=True)
class ShownLesson:
    """What `--json` prints. `channel` is the YAML block as a mapping, `yaml` the same as a text to be pasted; `result`
    is what the receiver makes of the sample by that block. Personal data is masked."""

    file: str
    kind: str
    taken: tuple[Taken, ...]
    unsure: tuple[str, ...]
    left: tuple[str, ...]
    channel: dict[str, Any]
    yaml: str
    result: ShownResult


@dataclass(frozen=True, slots=True)
class ShownResult:
    """The event that the sample is."""

    type: str
    person: ShownPerson
    form: str
    page: str
    comment: str
    utm: dict[str, str]
    fields: tuple[str, ...]


def lesson(file: Path, channel: str, title: str, view: View) -> int:
    """Show the proposal; 2 where the file cannot be read, 1 where it is no body of a form."""
    try:
        size = file.stat().st_size
        body = file.read_bytes() if size <= MAX_BODY else b""
    except OSError as error:
        view.problem(f"{file} cannot be read: {error.strerror}", "name the file that holds the body as it was sent")
        return Exit.USAGE
    if size > MAX_BODY:
        view.problem(f"{file} has {size} bytes, no form has more than {MAX_BODY}", "save the body of one form alone")
        return Exit.PROBLEM
    try:
        learned = learn(body.strip(), utc_now(), title)
    except UnreadableError as error:
        view.problem(f"{file}: {error}", "save the body as it was sent: JSON, XML or name=value&…")
        return Exit.PROBLEM
    shown = _shown(file, channel, learned, view)
    if view.as_json:
        view.json(shown)
    else:
        _draw(shown, view)
    return Exit.FINE


def _shown(file: Path, channel: str, learned: Learned, view: View) -> ShownLesson:
    mask = Mask(secrets.token_bytes(32), opened=view.opened, names=[learned.event.person.name])
    settings: dict[str, Any] = {"type": "form", "secret": f"${{{_variable(channel)}}}"}
    settings |= {name: dict(part) for name, part in (("map", learned.map), ("defaults", learned.defaults)) if part}
    block = {"channels": {channel: settings}}
    taken = tuple(Taken(t.target, t.path, _sample(t, mask), t.why, t.sure) for t in learned.taken)
    return ShownLesson(
        str(file), learned.kind, taken, learned.unsure, learned.left, block, _written(block), _result(learned, mask)
    )


def _written(block: dict[str, Any]) -> str:
    return yaml.safe_dump(block, allow_unicode=True, sort_keys=False, width=120)


def _result(learned: Learned, mask: Mask) -> ShownResult:
    payload = learned.event.payload
    assert isinstance(payload, FormSubmitted)  # noqa: S101 -- a sample that a robot filled in is no sample
    utm = {mark: getattr(payload.utm, mark) for mark in MARKS} | payload.utm.clicks
    form = payload.form
    return ShownResult(
        type=learned.event.type.value,
        person=mask.person(learned.event.person),
        form=form.name,
        page=form.page,
        comment=mask.text(form.comment),
        utm={name: text for name, text in utm.items() if text},
        fields=tuple(form.fields),
    )


def _sample(taken: Taken, mask: Mask) -> str:
    if taken.target in ("name", "surname") and not mask.opened:
        return f"{taken.sample[:1]}•••"
    (shown,) = mask.value({taken.target: one_line(taken.sample, 60)}).values()
    return str(shown)


def _variable(channel: str) -> str:
    """`callback-2` as `CALLBACK_2_SECRET`; a name in Cyrillic as FORM_SECRET."""
    plain = "".join(sign if sign.isascii() and sign.isalnum() else "_" for sign in channel).strip("_").upper()
    return f"{plain or 'FORM'}_SECRET"


def _draw(shown: ShownLesson, view: View) -> None:
    view.print(f"{shown.file}: {shown.kind}, {len(shown.taken)} fields understood")
    for one in shown.taken:
        mark = "✓" if one.sure else "?"
        view.print(f"  {mark} {one.target:13} {one.path} = {one.sample or '(empty)'}   {one.why}")
    if shown.left:
        view.print(f"  · form.fields   {one_line(', '.join(shown.left), 300)}")
    for line in shown.unsure:
        view.print(f"  ! {line}")
    view.print("", "# paste into config.yaml; the secret into .env", shown.yaml)
    result = shown.result
    view.print(f"proved: the receiver makes {result.type} of the sample by these settings")
    view.print(f"  person: {result.person or 'nobody'}", f"  form: {result.form or '(no name)'}")
    if result.utm:
        view.print(f"  source: {', '.join(f'{name}={text}' for name, text in result.utm.items())}")
