"""`http`: ask any service on the net."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from provodka.operation import Outcome
from provodka.settings import Duration, Size, Strict
from provodka.web import WebCall
from rules.actions.base import Action, Decided, Decision, Delivery, LeadUse, Outside, Planning
from rules.actions.desk import pack, submit, told
from rules.actions.hosts import CHOSEN, has_fixed_host, host_problems

_LONGEST: Final = 120.0  # seconds
_CHOICE: Final = "key (send our key along), safe (twice is harmless) or person (ask)"


class HttpParams(Strict):
    """`repeat` says what is done when the answer was lost; a GET may always be sent again. `expect`: any 2xx, unless
    statuses are named. The host must be written out, unless `allow_any_host`."""

    url: str = Field(min_length=1)
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    headers: dict[str, str] = Field(default_factory=dict)
    json_body: Any = Field(default=None, alias="json")
    form: dict[str, str] = Field(default_factory=dict)
    body: str = ""
    expect: tuple[int, ...] = ()
    repeat: Literal["key", "safe", "person"] | None = None
    key_header: str = Field("Idempotency-Key", min_length=1)
    timeout: Duration = Field("20s", validate_default=True)
    most: Size = 1024 * 1024
    allow_any_host: bool = False

    @field_validator("expect")
    @classmethod
    def _statuses(cls, expect: tuple[int, ...]) -> tuple[int, ...]:
        if wrong := [status for status in expect if not 200 <= status < 600]:
            raise ValueError(f"{wrong[0]} is no status of an answer")
        return expect

    @field_validator("timeout")
    @classmethod
    def _patience(cls, timeout: Duration) -> Duration:
        if not 0 < timeout.total_seconds() <= _LONGEST:
            raise ValueError(f"wait at most {_LONGEST:.0f} s, the others of the lane wait too")
        return timeout

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        given = [name for name, value in (("json", self.json_body), ("form", self.form), ("body", self.body)) if value]
        if len(given) > 1:
            raise ValueError(f"has {' and '.join(given)}: a request has one body")
        if self.method == "GET" and given:
            raise ValueError(f"a GET has no {given[0]}: put it into the url, or take another method")
        if self.repeat is None and self.method != "GET":
            raise ValueError(f"say what to do when the answer was lost: repeat: {_CHOICE}")
        if not self.allow_any_host and not has_fixed_host(self.url):
            raise ValueError(CHOSEN)
        return self


class HttpAction(Action[HttpParams]):
    """What the config took from outside is hidden in all that is kept. Values of the result: status."""

    name = "http"
    params = HttpParams
    templates = frozenset({"url", "headers", "json", "form", "body"})
    lead = LeadUse.NONE

    def plan(self, planning: Planning[HttpParams]) -> dict[str, Any]:
        given, params, hide = planning.rendered, planning.params, planning.veil.hide
        return {
            "method": params.method,
            "url": hide(given["url"].strip()),
            "headers": {name: hide(" ".join(text.split())) for name, text in given["headers"].items()},
            "json": hide(given["json"]),
            "form": hide(given["form"]),
            "body": hide(given["body"]),
            "expect": list(params.expect),
            "repeat": params.repeat or "safe",
            "key_header": params.key_header,
            "timeout": params.timeout.total_seconds(),
            "most": params.most,
        }

    def doubles(self, earlier: HttpParams, later: HttpParams) -> bool:
        return earlier == later and later.method != "GET"

    beside = host_problems

    def decide(self, items: Sequence[Delivery], outside: Outside) -> list[Decision]:  # noqa: ARG002 -- nothing to read
        return [{"call": pack(_call(item)), "repeat": item.params["repeat"], "told": {}} for item in items]

    def send(self, ready: Sequence[Decided], outside: Outside) -> list[Outcome]:
        web = outside.web
        ways = {"key": web.call_with_key, "safe": web.call_again, "person": web.call_once}
        outcomes: dict[str, Outcome] = {}
        for repeat, write in ways.items():
            outcomes |= submit(write, WebCall, "call", [d for d in ready if d.frozen["repeat"] == repeat])
        return [told(outcomes[d.item.key], d.frozen["told"]) for d in ready]


def _call(item: Delivery) -> WebCall:
    params = item.params
    return WebCall(
        method=params["method"],
        url=params["url"],
        headers=dict(params["headers"]),
        json=params["json"],
        form=dict(params["form"]),
        body=params["body"],
        expect=tuple(params["expect"]),
        timeout=params["timeout"],
        most=params["most"],
        key_header=params["key_header"],
    )
