"""How the calls of a UIS or CoMagic account are received, asked for and made."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, SecretStr, field_validator

from connectors.addresses import check_base_url
from connectors.calls.settings import CallSettings
from connectors.settings import ApiSettings
from provodka import identity
from provodka.settings import Duration, Timezone


class Moment(StrEnum):
    """What a notification of UIS may tell of. `ended` and `lost` are its last words on a call."""

    INCOMING = "incoming"
    OUTGOING = "outgoing"
    RINGING = "ringing"
    TALK_STARTED = "talk_started"
    TALK_ENDED = "talk_ended"
    LOST = "lost"
    ENDED = "ended"
    RECORDED = "recorded"
    OTHER = "other"


_MNEMONICS: Final = {
    Moment.INCOMING: "in_call_session incoming_call in_call",
    Moment.OUTGOING: "out_call_session outgoing_call out_call",
    Moment.RINGING: "waiting_answer waiting_call wait_answer call_waiting",
    Moment.TALK_STARTED: "talk_started started_talk start_talk call_connected",
    Moment.TALK_ENDED: "talk_finished finished_talk finish_talk",
    Moment.LOST: "lost_call call_lost lost_call_session",
    Moment.ENDED: "finished_call call_finished finish_call call_session_finished",
    Moment.RECORDED: "record_call call_record finished_record record_ready call_recording_finished",
}
MOMENTS: Final = {name: moment for moment, names in _MNEMONICS.items() for name in names.split()}
"""Mnemonics that are known without being named in the settings; which an account has is told nowhere (unverified)."""


class UisSettings(CallSettings, ApiSettings):
    """UIS or CoMagic. The secret stands at the end of the notifications' address (`…/hooks/<channel>/<secret>`) or in
    their body as `"secret"`.

    `moments` tells what a notification's mnemonic means, beside MOMENTS. `token` is a permanent key of a user of the
    APIs: with it the statistics are read every `poll`, and with `from_number`, a number of ours, calls are made.
    `timezone` is the account's time zone, where it is not the client's. `unknown_code` is what the interactive handling
    of a call gets about somebody who is not known, or whose responsible has no number: the branch of the scenario.
    `record_url` is the address of a recording of which only the statistics tell.
    """

    type: Literal["uis"] = "uis"
    secret: SecretStr = Field(min_length=1)
    moments: dict[str, Moment] = Field(default_factory=dict)
    timezone: Timezone | None = None
    unknown_code: int = Field(1, ge=0)
    token: SecretStr | None = Field(None, min_length=1)
    from_number: str = ""
    poll: Duration = Field(timedelta(minutes=5), ge=timedelta(seconds=30))
    data_url: Annotated[str, AfterValidator(check_base_url)] = "https://dataapi.uiscom.ru/v2.0"
    call_url: Annotated[str, AfterValidator(check_base_url)] = "https://callapi.uiscom.ru/v4.0"
    record_url: str = "https://app.uiscom.ru/system/media/talk/{call}/{record}/"

    @field_validator("from_number")
    @classmethod
    def _number_in_e164(cls, number: str) -> str:
        if number and not (phone := identity.phone(number)):
            raise ValueError(f"{number!r} is not a telephone number")
        return phone if number else ""

    @field_validator("record_url")
    @classmethod
    def _names_known_places(cls, template: str) -> str:
        try:
            template.format(call="", record="")
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError("knows only {call} and {record}") from error
        return template

    def moment(self, mnemonic: str) -> Moment | None:
        """What the mnemonic of a notification means; None where nobody has said it."""
        return self.moments.get(mnemonic) or MOMENTS.get(mnemonic.casefold())
