"""How notices of Calltouch are received."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import Final, Literal

from pydantic import Field, SecretStr

from connectors.calls.mapped import CallMap, CallWords
from connectors.calls.tracking import TrackingSettings

USUAL: Final = CallMap(
    call=("callid", "id", "uniqueid", "ctCallId"),
    event=("leadtype", "event", "type"),
    phone=("callerphone", "callernumber", "phone"),
    line=("phonenumber", "calledphone", "trackingnumber"),
    employee=("operatorphone", "destinationphone", "manager"),
    started=("timestamp", "calltime", "date", "startdate"),
    talk=("duration", "callduration", "talktime"),
    outcome=("status", "callstatus", "successful"),
    recording=("reclink", "recordlink", "callrecord", "recordurl"),
    tag=("calltags", "tagnames"),
    page=("url", "sessionurl", "entranceurl"),
    visit=("sessionid", "ctsession", "ctsessionid"),
)
"""Names that were seen in use. Which parameters go out, and under which names, is chosen in the cabinet."""

WORDS: Final = CallWords(
    events={"callstart": "started", "start": "started", "callend": "ended", "end": "ended", "call": "ended"},
    outcomes={"true": "talked", "false": "missed"},
)


class CalltouchSettings(TrackingSettings):
    """Notices at the beginning and the end of a call, by GET or POST, to `/hooks/<channel>/<secret>`.

    `map` names the parameters as they are called in the cabinet, in place of the usual names. With `senders` notices
    are taken from these addresses only; Calltouch sends from 92.118.66.0/23.
    """

    type: Literal["calltouch"] = "calltouch"
    secret: SecretStr = Field(min_length=1)
    map: CallMap = CallMap()
    senders: tuple[IPv4Network | IPv6Network, ...] = ()
