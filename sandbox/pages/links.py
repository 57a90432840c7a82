"""Addresses that others have written, as the pages may link to them."""

from __future__ import annotations

from urllib.parse import urlsplit


def safe_link(link: str) -> str:
    """The link if a browser may follow it, else nothing."""
    try:
        scheme = urlsplit(link).scheme
    except ValueError:
        return ""
    return link if scheme in ("http", "https") else ""
