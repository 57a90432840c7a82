"""How this 1C misbehaves and where it differs from others: what `POST /_sandbox/switches` turns."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Switches(BaseModel):
    """A whole number counts down the calls that are hit; the rest holds until it is turned back."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    published: bool = True
    """Off, the web server knows no such publication: its own HTML 404."""
    maintenance: bool = False
    """Sessions are forbidden: 403 with the platform's JSON and a byte order mark."""
    no_license: bool = False
    """No free client licence: 500 with the platform's HTML."""
    no_session: int = Field(default=0, ge=0)
    """The pool of sessions is exhausted for the next calls: 406."""
    sessions: int = Field(default=0, ge=0)
    """Calls at once beyond this many are answered 406; 0 sets no limit."""
    cold_start: float = Field(default=0.0, ge=0)
    """Seconds that the first call waits when none came for `idle` seconds."""
    idle: float = Field(default=20.0, ge=0)
    html: int = Field(default=0, ge=0)
    """Calls answered with an HTML page and 200 with no work done."""
    html_after: int = Field(default=0, ge=0)
    """The same with the work done."""
    crash: int = Field(default=0, ge=0)
    """Calls answered with the platform's HTML and 500."""
    internal: int = Field(default=0, ge=0)
    """Calls answered 500 with 1C's own stack of text."""
    lock_conflicts: int = Field(default=0, ge=0)
    """Writes that meet a lock conflict."""
    stacks: int = Field(default=0, ge=0)
    """Writes that a handler refuses with the path of its module, as it comes out of 1C."""
    forbid: tuple[str, ...] = ()
    """Sets the user may not read or write (RLS): 401 with code 20, rows hidden with `allowedOnly=true`."""
    role: bool = True
    """Off, the user lacks the role УдаленныйДоступOData: 401 with a page whatever the password."""
    attaches: Literal["no", "plain", "deflated", "volumes"] = "no"
    """Whether an extension prints each posted invoice and attaches the PDF to it: as it is, packed, or on a disk."""
    unpublish: tuple[str, ...] = ()
    """Sets, or `Set.Attribute`, `Set.Section`, `Set.Section.Attribute` left out of the interface; `*` is all of it."""
    rename: dict[str, str] = {}
    """The same names as keys, with the name (the last part alone) that the interface shows."""
    if_match: bool = False
    """Whether `If-Match` is honoured; live bases ignored it."""
    own_key: bool = True
    """Whether a client's `Ref_Key` is taken."""
    duplicate_key: Literal["400", "500"] = "400"
    """How a used `Ref_Key` is refused: code 15, or -1 with the words of the database."""
    patch: bool = True
    """Off, PATCH is answered 405, as the standalone server does."""
    patch_hangs: float = Field(default=0.0, ge=0)
    """Seconds till the body of that 405 ends: who reads it to the end waits."""
    order: bool = True
    """Off, rows come in no certain order where none was asked for."""
    inlinecount_pages: bool = True
    """Off, `$inlinecount` makes `$top` and `$skip` ignored, as the documentation says."""
    plus_is_space: bool = False
    """Whether `+` in a query is a space; 1C takes it literally."""
