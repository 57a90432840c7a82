"""Beeline's cloud exchange: events in XML to whoever has subscribed, and the REST of its portal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from xml.sax.saxutils import escape

import requests
from flask import Flask, Response, jsonify, request

from sandbox.senders.http import Signing, post
from sandbox.senders.recordings import tone
from sandbox.senders.service import Answers, Client, Service, utc_now

STAFF = {"9230000510": ("Иванов", "101"), "9230000511": ("Смирнова", "102")}
HOST = "mpbx.sip.beeline.ru"
LOCAL, REMOTE = "localRelease", "remoteRelease"

Json = dict[str, Any]


class Beeline(Service):
    """Events go to the address of the last subscription that has not ended, else to that of the page. Every call made
    here is also in the statistics, and every talk has a recording."""

    name: ClassVar[str] = "beeline"
    title: ClassVar[str] = "Билайн: облачная АТС"
    buttons: ClassVar[Mapping[str, str]] = {
        "call": "Звонок, на который ответили",
        "missed": "Пропущенный звонок",
        "outgoing": "Исходящий звонок",
        "untold": "Звонок, о котором событий не было",
        "wrong": "Событие с чужим секретом",
    }
    fields: ClassVar[Mapping[str, str]] = {"url": "Адрес событий, с секретом"}
    defaults: ClassVar[Mapping[str, str]] = {"url": "http://127.0.0.1:8080/hooks/beeline/sandbox"}
    prefix: ClassVar[str] = "/beeline"

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        super().__init__(now)
        self.key = "sandbox"
        self.reset()

    def reset(self) -> None:
        self.calls: list[Json] = []
        self.ordered: list[Json] = []
        self.subscriptions: dict[str, Json] = {}
        self.subscribed = 0
        self._last = 1000

    def stats(self) -> Json:
        """`subscribed` counts all subscriptions, `subscriptions` those that there are now."""
        alive = len(self._alive())
        return {
            "calls": len(self.calls),
            "ordered": len(self.ordered),
            "subscribed": self.subscribed,
            "subscriptions": alive,
        }

    def call(self, client: Client, given: Mapping[str, str]) -> Answers:
        """Rings both employees at once; the first of them answers, and the exchange takes the call from the other."""
        call = self._new(client, "INBOUND", talk=123)
        first, second = STAFF
        return [
            self._tell(call, given, "CallReceivedEvent", first, 0),
            self._tell(call, given, "CallReceivedEvent", second, 0),
            self._tell(call, given, "CallAnsweredEvent", first, 14, answered=14),
            self._tell(call, given, "CallReleasedEvent", second, 14, released=LOCAL),
            self._tell(call, given, "CallReleasedEvent", first, 137, answered=14, released=REMOTE),
        ]

    def missed(self, client: Client, given: Mapping[str, str]) -> Answers:
        """One employee after the other is rung, until the client gives up."""
        call = self._new(client, "INBOUND", talk=0)
        first, second = STAFF
        return [
            self._tell(call, given, "CallReceivedEvent", first, 0),
            self._tell(call, given, "CallReleasedEvent", first, 20, released=LOCAL),
            self._tell(call, given, "CallReceivedEvent", second, 20),
            self._tell(call, given, "CallReleasedEvent", second, 34, released=REMOTE),
        ]

    def outgoing(self, client: Client, given: Mapping[str, str]) -> Answers:
        call = self._new(client, "OUTBOUND", talk=45)
        first = next(iter(STAFF))
        return [
            self._tell(call, given, "CallOriginatedEvent", first, 0),
            self._tell(call, given, "CallAnsweredEvent", first, 9, answered=9),
            self._tell(call, given, "CallReleasedEvent", first, 54, answered=9, released=LOCAL),
        ]

    def untold(self, client: Client, given: Mapping[str, str]) -> Answers:
        del given
        self._new(client, "INBOUND", talk=30)
        return []

    def wrong(self, client: Client, given: Mapping[str, str]) -> Answers:
        call = self._new(client, "INBOUND", talk=0)
        return [self._tell(call, {**given, "signing": Signing.WRONG}, "CallReceivedEvent", next(iter(STAFF)), 0)]

    def mount(self, app: Flask) -> None:
        routes: tuple[tuple[str, str, Callable[..., Any]], ...] = (
            ("PUT", "subscription", self._subscribe),
            ("GET", "subscription", self._subscription),
            ("DELETE", "subscription", self._unsubscribe),
            ("GET", "abonents", lambda: jsonify([_abonent(one) for one in STAFF])),
            ("GET", "v2/statistics", self._statistics),
            ("GET", "records", self._records),
            ("GET", "v2/records/<number>/download", self._download),
            ("POST", "abonents/<pattern>/call", self._order),
        )
        for method, path, view in routes:
            name = f"beeline-{method}-{path}"
            app.add_url_rule(f"/beeline/{path}", name, self._opened(view), methods=[method])

    def _new(self, client: Client, direction: str, talk: int) -> Json:
        self._last += 1
        call = {"id": self._last, "phone": client.digits, "direction": direction, "talk": talk, "at": self.now()}
        self.calls.append(call)
        return call

    def _tell(
        self,
        call: Json,
        given: Mapping[str, str],
        kind: str,
        employee: str,
        seconds: int,
        *,
        answered: int = 0,
        released: str = "",
    ) -> requests.Response:
        times = {"startTime": seconds if kind in ("CallReceivedEvent", "CallOriginatedEvent") else 0}
        times |= {"answerTime": answered} if answered else {}
        times |= {"releaseTime": seconds} if released else {}
        told = {name: str(_milliseconds(call["at"] + timedelta(seconds=after))) for name, after in times.items()}
        texts = {**told, **({"releasingParty": released} if released else {})}
        leg = f"callhalf-{call['id']}{list(STAFF).index(employee)}:0"
        outgoing = call["direction"] == "OUTBOUND"
        body = xsi_event(kind, leg, f"{call['id']}:1", employee, call["phone"], outgoing=outgoing, texts=texts)
        alive = self._alive()
        url = alive[-1]["url"] if alive else given["url"]
        if given.get("signing") == Signing.WRONG:
            url = f"{url.rpartition('/')[0]}/another-secret"
        return post(url, body, "application/xml")

    def _opened(self, view: Callable[..., Any]) -> Callable[..., Any]:
        def answer(**path: str) -> Any:  # noqa: ANN401 -- whatever Flask takes
            if request.headers.get("X-MPBX-API-AUTH-TOKEN") != self.key:
                return _refused("Unauthorized", "the token is not valid", 401)
            return view(**path)

        return answer

    def _subscribe(self) -> Response:
        self.subscribed += 1
        number = f"sub-{self.subscribed}"
        asked = request.get_json(force=True)
        until = self.now() + timedelta(seconds=asked["expires"])
        self.subscriptions[number] = {**asked, "until": until}
        return jsonify({"subscriptionId": number, "expires": asked["expires"]})

    def _subscription(self) -> Any:  # noqa: ANN401 -- whatever Flask takes
        number = request.args["subscriptionId"]
        found = self.subscriptions.get(number)
        if found is None or found["until"] <= self.now():
            return _refused("NotFound", "no such subscription", 404)
        return jsonify({"subscriptionId": number, "targetType": "GROUP", "expires": str(found["expires"])})

    def _unsubscribe(self) -> Any:  # noqa: ANN401 -- whatever Flask takes
        if self.subscriptions.pop(request.args["subscriptionId"], None) is None:
            return _refused("NotFound", "no such subscription", 404)
        return jsonify({})

    def _alive(self) -> list[Json]:
        return [one for one in self.subscriptions.values() if one["until"] > self.now()]

    def _statistics(self) -> Response:
        page, size = int(request.args["page"]), int(request.args["pageSize"])
        rows = [row for call in self._within() for row in _rows(call)]
        return jsonify(rows[page * size : (page + 1) * size])

    def _records(self) -> Response:
        after = int(request.args.get("id", 0))
        rows = [_record(call) for call in self._within() if call["talk"] and call["id"] > after]
        return jsonify(rows[:100])

    def _download(self, number: str) -> Any:  # noqa: ANN401 -- whatever Flask takes
        if not any(str(call["id"]) == number and call["talk"] for call in self.calls):
            return _refused("NotFound", "no such record", 404)
        return Response(tone(), mimetype="audio/mpeg")

    def _order(self, pattern: str) -> Any:  # noqa: ANN401 -- whatever Flask takes
        if pattern.partition("@")[0] not in STAFF:
            return _refused("AbonentNotFound", "no such abonent", 404)
        self.ordered.append({"abonent": pattern, "phone": request.args["phoneNumber"]})
        return jsonify(f"callhalf-{len(self.ordered)}:9")

    def _within(self) -> list[Json]:
        first, last = (datetime.strptime(request.args[name], "%Y-%m-%dT%H:%M:%SZ") for name in ("dateFrom", "dateTo"))  # noqa: DTZ007
        return [call for call in self.calls if first.replace(tzinfo=UTC) <= call["at"] <= last.replace(tzinfo=UTC)]


def xsi_event(
    kind: str,
    leg: str,
    tracking: str,
    employee: str,
    phone: str,
    *,
    outgoing: bool = False,
    texts: Mapping[str, str] | None = None,
    call_type: str = "Network",
) -> bytes:
    """An event of one leg, as BroadWorks writes it. `texts` are further elements of the call."""
    more = "".join(f"<xsi:{name}>{escape(text)}</xsi:{name}>" for name, text in (texts or {}).items())
    address = f'<xsi:address countryCode="7">tel:+{escape(phone)}</xsi:address>' if phone else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<xsi:Event xmlns:xsi="http://schema.broadsoft.com/xsi" xmlns:xsi1="http://www.w3.org/2001/XMLSchema-instance"'
        ' xsi1:type="xsi:SubscriptionEvent"><xsi:eventID>9f0c2c1e-1</xsi:eventID>'
        "<xsi:sequenceNumber>1</xsi:sequenceNumber><xsi:subscriptionId>sub-1</xsi:subscriptionId>"
        f"<xsi:targetId>{employee}@{HOST}</xsi:targetId>"
        f'<xsi:eventData xsi1:type="xsi:{kind}"><xsi:call><xsi:callId>{escape(leg)}</xsi:callId>'
        f"<xsi:extTrackingId>{escape(tracking)}</xsi:extTrackingId>"
        f"<xsi:personality>{'Originator' if outgoing else 'Terminator'}</xsi:personality>"
        f"<xsi:remoteParty>{address}<xsi:callType>{call_type}</xsi:callType></xsi:remoteParty>{more}"
        "</xsi:call></xsi:eventData></xsi:Event>"
    ).encode()


def _abonent(user: str) -> Json:
    name, extension = STAFF[user]
    return {"userId": f"{user}@{HOST}", "lastName": name, "phone": user, "extension": extension}


def _rows(call: Json) -> list[Json]:
    """One for each employee who was rung: the first of them talked, if anybody did."""
    inbound = call["direction"] == "INBOUND"
    users = list(STAFF) if inbound else list(STAFF)[:1]
    rows = []
    for user in users:
        talked = call["talk"] if user == users[0] else 0
        rows.append(
            {
                "startDate": _milliseconds(call["at"]),
                "abonent": _abonent(user),
                "direction": call["direction"],
                "status": ("RECIEVED" if inbound else "PLACED") if talked else "MISSED",
                "duration": talked * 1000,
                "phone_from" if inbound else "phone_to": call["phone"],
            }
        )
    return rows


def _record(call: Json) -> Json:
    return {
        "id": str(call["id"]),
        "externalId": f"ext-{call['id']}",
        "phone": call["phone"],
        "direction": call["direction"],
        "date": _milliseconds(call["at"] + timedelta(seconds=14)),
        "duration": call["talk"] * 1000,
        "fileSize": 4044,
        "abonent": _abonent(next(iter(STAFF))),
    }


def _refused(code: str, description: str, status: int) -> tuple[Response, int]:
    return jsonify({"errorCode": code, "description": description}), status


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
