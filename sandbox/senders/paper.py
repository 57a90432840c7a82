"""How the pages of the played services look: as all pages of the sandbox do."""

from __future__ import annotations

from flask import Response
from markupsafe import Markup

from sandbox import pages


def page(title: str, body: str, *, under: str = "", narrow: bool = False) -> Response:
    """`body` is HTML; `title`, and what stands `under` it, are texts."""
    shown = {"title": title, "body": Markup(body), "under": under, "narrow": narrow}  # noqa: S704  # its parts are escaped
    return pages.page("paper.html", shown)
