"""Robokassa: the page of a link, ResultURL, and OpStateExt. Its passwords are `sandbox1` and `sandbox2`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import urlencode

import requests
from flask import Flask, Response, redirect, request

from sandbox.senders.http import FORM, PATIENCE, Signing, post
from sandbox.senders.paying import Bill, Paying
from sandbox.senders.service import Answers

NS = "http://merchant.roboxchange.com/WebService/"
STATES = {"new": 5, "held": 20, "paid": 100, "refused": 10, "refunded": 60}


class Robokassa(Paying):
    """A shop `sandbox`. It tells of success alone, with six zeros behind the kopecks; `by_get` is how it does."""

    name: ClassVar[str] = "robokassa"
    title: ClassVar[str] = "Robokassa"
    fields: ClassVar[Mapping[str, str]] = {"url": "ResultURL", "password2": "Пароль №2"}
    defaults: ClassVar[Mapping[str, str]] = {"url": "http://127.0.0.1:8080/hooks/robokassa", "password2": "sandbox2"}
    prefix: ClassVar[str] = "/robokassa"
    login = "sandbox"
    passwords = ("sandbox1", "sandbox2")
    algorithm = "md5"

    def reset(self) -> None:
        super().reset()
        self.by_get = False
        self.refused = 0

    def next_id(self) -> str:
        return str(2_000_000_001 + len(self.bills))

    def tell(self, bill: Bill, deed: str, given: Mapping[str, str]) -> Answers:
        """Until the receiver has said `OK<InvId>` the real one goes on; this one sends once."""
        if deed != "pay":
            return []
        number = bill.order if bill.order.isdecimal() else "1047055"
        return [self.notify(number, f"{bill.amount:.6f}", given, bill)]

    def notify(
        self, number: str, out_sum: str, given: Mapping[str, str], bill: Bill | None = None
    ) -> requests.Response:
        """The notice of a payment, whatever its sum."""
        shp: dict[str, str] = dict(bill.about.get("shp", {})) if bill else {}
        password = given.get("password2", self.passwords[1])
        if self.signing is Signing.WRONG:
            password = f"not {password}"
        fields = {
            "OutSum": out_sum,
            "InvId": number,
            "Fee": "",
            "EMail": bill.email if bill else "",
            "SignatureValue": self.sign(out_sum, number, password, shp=shp).upper(),
            "PaymentMethod": "BankCard",
            "IncCurrLabel": "BankCardPSR",
            **shp,
        }
        if bill is not None and bill.about.get("test"):
            fields["IsTest"] = "1"
        if self.signing is Signing.MISSING:
            del fields["SignatureValue"]
        if self.signing is Signing.TAMPERED:
            fields["OutSum"] = "1.00"
        if not self.by_get:
            return post(given["url"], urlencode(fields).encode(), FORM)
        with requests.Session() as session:
            session.trust_env = False
            return session.get(given["url"], params=fields, timeout=PATIENCE)

    def sign(self, *values: str, shp: Mapping[str, str] | None = None) -> str:
        """As the shop signs."""
        pairs = [f"{name}={value}" for name, value in sorted((shp or {}).items())]
        return hashlib.new(self.algorithm, ":".join([*values, *pairs]).encode()).hexdigest()

    def mount(self, app: Flask) -> None:
        super().mount(app)
        app.add_url_rule(f"{self.prefix}/Merchant/Index.aspx", "robokassa_link", self._opened)
        state = f"{self.prefix}/Merchant/WebService/Service.asmx/OpStateExt"
        app.add_url_rule(state, "robokassa_state", self._state)

    def _opened(self) -> Response:
        """Somebody has opened a link: the order is known from now on."""
        args = dict(request.args)
        shp = {name: value for name, value in args.items() if name.lower().startswith("shp_")}
        receipt = [args["Receipt"]] if args.get("Receipt") else []
        values = (args.get("MerchantLogin", ""), args.get("OutSum", ""), args.get("InvId", ""), *receipt)
        if args.get("SignatureValue", "").lower() != self.sign(*values, self.passwords[0], shp=shp):
            self.refused += 1
            return Response("Ошибка 29: неверный параметр SignatureValue", status=400, mimetype="text/plain")
        known = next((bill for bill in self.bills.values() if bill.order == args["InvId"]), None)
        if known is None:
            about = {"shp": shp, "test": args.get("IsTest") == "1", "receipt": args.get("Receipt", "")}
            known = self.new_bill(args["InvId"], Decimal(args["OutSum"]), args.get("Description", ""), **about)
            known.email = args.get("Email", "")
        answer = redirect(self.page_of(known))
        return Response(status=303, headers={"Location": answer.location or ""})

    def _state(self) -> Response:
        login, number = request.args.get("MerchantLogin", ""), request.args.get("InvoiceID", "")
        if login != self.login:
            return _xml("<Result><Code>2</Code></Result>")
        if request.args.get("Signature", "").lower() != self.sign(login, number, self.passwords[1]):
            return _xml("<Result><Code>1</Code><Description>Signature is wrong</Description></Result>")
        bill = next((one for one in self.bills.values() if one.order == number), None)
        if bill is None or bill.about.get("test"):
            return _xml("<Result><Code>3</Code><Description>Info not found</Description></Result>")
        info: dict[str, Any] = {"IncCurrLabel": "BankCardPSR", "OutCurrLabel": "RUR", "OutSum": f"{bill.amount:.6f}"}
        inner = "".join(f"<{name}>{value}</{name}>" for name, value in info.items())
        method = "<PaymentMethod><Code>BankCard</Code></PaymentMethod>"
        state = f"<State><Code>{STATES[bill.state]}</Code></State>"
        return _xml(f"<Result><Code>0</Code></Result>{state}<Info>{inner}{method}</Info>")


def _xml(inner: str) -> Response:
    body = (
        f'<?xml version="1.0" encoding="utf-8"?><OperationStateResponse xmlns="{NS}">{inner}</OperationStateResponse>'
    )
    return Response(body, mimetype="text/xml")
