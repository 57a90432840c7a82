"""What the settings of every channel of telephony have in common."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field, field_validator

from provodka import identity
from provodka.settings import Duration, Size, Strict


class CallSettings(Strict):
    """`lines` names the company's numbers (`"+74950003344": yandex`): a call to such a line carries the name as
    `call.line_name`, and as `utm.source` unless something better is known.

    An incoming talk shorter than `min_talk` seconds counts as missed: a voice menu or an answering robot "answers" too.
    A call whose end was never told is taken for ended `lost_after` its last notice. Recordings longer than
    `recording_limit` are not fetched.
    """

    lines: dict[str, str] = Field(default_factory=dict)
    min_talk: int = Field(0, ge=0)
    lost_after: Duration = Field(timedelta(hours=3))
    recording_limit: Size = Field(50 * 1024 * 1024)

    @field_validator("lines")
    @classmethod
    def _lines_in_e164(cls, lines: dict[str, str]) -> dict[str, str]:
        known = {}
        for number, name in lines.items():
            if not (phone := identity.phone(number)):
                raise ValueError(f"{number!r} is not a telephone number")
            known[phone] = name
        return known
