"""The `http` section of a config: which internal addresses rules may reach."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator

from provodka.settings import Finding, Mistakes, Strict

_HOST: Final = re.compile(r"[\w.-]+|[0-9a-f:.]*:[0-9a-f:.]*", re.IGNORECASE)


def _host(text: str) -> str:
    bare = text.strip().casefold().strip("[]")
    if not _HOST.fullmatch(bare):
        raise Mistakes(Finding((), f"«{text}» is no host", "write it as in the address: erp.local or 10.0.0.5"))
    return bare


class WebSettings(Strict):
    """`allow`: hosts and addresses, as they stand in the address, that may be internal or do without https."""

    allow: tuple[Annotated[str, AfterValidator(_host)], ...] = ()
