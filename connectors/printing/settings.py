"""How printed forms look: the client's pictures and people, a part of the config."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, Field, ValidationInfo

from provodka.config import DIRECTORY, is_confined
from provodka.mistakes import Finding, Mistakes
from provodka.settings import Strict

_MOST_BYTES: Final = 2_000_000  # what is within each invoice, so that a photo of a stamp would make every one heavy
_KINDS: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


def _picture(path: Path, info: ValidationInfo) -> Path:
    found = Path((info.context or {}).get(DIRECTORY, Path.cwd())) / path
    if is_confined(info):
        return found
    try:
        with found.open("rb") as file:
            begin = file.read(8)
    except OSError as error:
        searched = "a path is relative to the folder of the config"
        raise Mistakes(Finding((), f"the picture {path} cannot be read: {error.strerror}", searched)) from None
    if not begin.startswith(_KINDS):
        raise Mistakes(Finding((), f"{path} is no picture", "save it as PNG (with a transparent background) or JPEG"))
    if found.stat().st_size > _MOST_BYTES:
        hint = "make it smaller: 600 pixels are enough for a stamp"
        raise Mistakes(Finding((), f"the picture {path} is larger than {_MOST_BYTES // 1_000_000} MB", hint))
    return found


Picture = Annotated[Path, AfterValidator(_picture)]


class Look(Strict):
    """How our own invoice looks. Pictures are PNG or JPEG files beside the config.

    `director` and `accountant` are names as they stand beside the signatures («Иванов И. И.»); `director_title` what
    stands before the first: «Руководитель», of an ИП «Предприниматель», where it is empty. A facsimile is the picture
    of a signature. `note` stands above the invoice (how long it holds, for example). `qr`: with the code for payment.
    """

    logo: Picture | None = None
    stamp: Picture | None = None
    director_facsimile: Picture | None = None
    accountant_facsimile: Picture | None = None
    director: str = Field("", max_length=100)
    director_title: str = Field("", max_length=60)
    accountant: str = Field("", max_length=100)
    note: str = Field("", max_length=1000)
    qr: bool = True
