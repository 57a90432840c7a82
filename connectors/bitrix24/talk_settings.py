"""Settings of a messenger channel in the portal's open lines (`crm: {type: bitrix24, talks: {…}}`)."""

from __future__ import annotations

from pydantic import Field

from provodka.settings import Strict


class TalkSettings(Strict):
    """A channel of our own. `connector` is its id on the portal, `title` what the staff see, `line` the open line that
    takes its talks (by name; without it the first one). `page` is shown where the portal would let people set the
    channel up; without it that is the portal itself."""

    connector: str = Field(default="provodka", max_length=50, pattern=r"^[a-z0-9_]+$")
    title: str = Field(default="Provodka", min_length=1)
    line: str = ""
    page: str = ""
