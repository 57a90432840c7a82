"""What the settings of every messenger have in common."""

from __future__ import annotations

from pydantic import Field

from connectors.enclosed import FilesFolder
from connectors.settings import ApiSettings
from provodka.settings import Size


class TalkSettings(ApiSettings):
    """`files` is the folder that rules attach from, beside the config. What people send is fetched up to
    `file_limit`."""

    files: FilesFolder | None = None
    file_limit: Size = Field(50 * 1024 * 1024, gt=0)
