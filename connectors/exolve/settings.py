"""An application of MTS Exolve (`channels: sms: {type: exolve, …}`)."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, SecretStr

from connectors.addresses import check_base_url
from connectors.calls.fields import Names
from connectors.calls.mapped import CallMap, CallWords
from connectors.calls.settings import CallSettings
from connectors.settings import ApiSettings
from provodka.settings import Duration, Strict

USUAL: Final = CallMap(
    call=("call_id", "call_sid", "uid"),
    direction=("direction", "call_direction", "type"),
    caller=("number_a", "a_number", "source", "from"),
    callee=("number_b", "b_number", "destination", "to"),
    started=("date_start", "start_time", "call_start", "created_at", "date"),
    talk=("duration", "talk_duration"),
    outcome=("status", "call_status", "result"),
    recording=("record_url", "recording_url"),
)
"""`call_id` and `duration` (seconds) are documented, the other names are guesses: see `map`."""


class HistorySettings(Strict):
    """The history of calls is asked for every `poll`. `path` is its method, `list` where the answer has the calls;
    `map` and `words` say where a call has what, in place of the usual names."""

    path: str = Field("/statistics/call-history/v1/GetList", pattern=r"^/[\w/.-]+$")
    list: Names = ("calls", "call_history", "list")
    map: CallMap = CallMap()
    words: CallWords = CallWords()
    poll: Duration = Field(timedelta(minutes=2), ge=timedelta(seconds=1))


class ExolveSettings(CallSettings, ApiSettings):
    """`key` is the application's API key. `number` sends SMS and is shown in calls: a mobile number of Exolve, or a
    sender's name that the operators know (8-800 and city numbers cannot send).

    With `history` calls are read, too. `callback_id` is the id of the callback resource, where rules connect employees
    with clients; `voice` is who reads the texts of calls.
    """

    type: Literal["exolve"] = "exolve"
    key: SecretStr = Field(min_length=1)
    number: str = Field(min_length=3, max_length=15)
    history: HistorySettings | None = None
    callback_id: int | None = Field(None, ge=1)
    voice: int = Field(1, ge=0)
    api_url: Annotated[str, AfterValidator(check_base_url)] = "https://api.exolve.ru"
