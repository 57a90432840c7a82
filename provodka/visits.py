"""What payloads of several kinds have in common: where a visit came from, and files."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Utm:
    """Where the visit came from: the five classic marks and the click ids (`yclid`, `_ym_uid`, …)."""

    source: str = ""
    medium: str = ""
    campaign: str = ""
    content: str = ""
    term: str = ""
    clicks: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file. The bytes lie in the journal's blob of `sha256`, which is empty when they are over the size limit."""

    name: str
    content_type: str
    size: int
    sha256: str = ""
