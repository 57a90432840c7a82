"""A client and a webhook receiver for the tests of the amoCRM emulator."""

from __future__ import annotations

import threading
from urllib.parse import parse_qsl

import requests
from flask import Flask, request

from sandbox.base import Emulator

MAIN, NEW, TALKS, WON, LOST = 5000001, 50000002, 50000003, 142, 143
ANNA, IVAN, ROP, GONE = 7000001, 7000002, 7000003, 7000004


class Api:
    """Calls an account as a client would."""

    def __init__(self, crm, token="sandbox"):
        self.crm = crm
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path, **params):
        return self.session.get(f"{self.crm.url}/api/v4{path}", params=params, timeout=30)

    def post(self, path, body):
        return self.session.post(f"{self.crm.url}/api/v4{path}", json=body, timeout=30)

    def patch(self, path, body):
        return self.session.patch(f"{self.crm.url}/api/v4{path}", json=body, timeout=30)

    def delete(self, path, body=None):
        return self.session.delete(f"{self.crm.url}/api/v4{path}", json=body, timeout=30)

    def control(self, path, body=None, method="POST"):
        answer = requests.request(method, f"{self.crm.url}/_sandbox/{path}", json=body, timeout=30)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def stats(self):
        return self.control("stats", method="GET")

    def dump(self):
        return self.control("dump", method="GET")["leads"]

    def add(self, path, *items):
        """Create and give back the ids."""
        answer = self.post(path, list(items))
        assert answer.status_code == 200, answer.text
        body = answer.json()
        rows = body if isinstance(body, list) else next(iter(body["_embedded"].values()))
        return [row["id"] for row in rows]

    def problems(self, answer):
        """`{(request id, path): code}` of a refused write."""
        assert answer.status_code == 400, answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"
        rows = answer.json()["validation-errors"]
        return {(row["request_id"], error["path"]): error["code"] for row in rows for error in row["errors"]}


def phone(number, kind="MOB"):
    return {"field_code": "PHONE", "values": [{"value": number, "enum_code": kind}]}


def email(address):
    return {"field_code": "EMAIL", "values": [{"value": address}]}


class Receiver(Emulator):
    """Somebody who subscribed: keeps what is posted, answers with the next of `statuses`."""

    def __init__(self):
        super().__init__("receiver", Flask("receiver"))
        self.forms, self.statuses = [], []
        self.queries = []
        self.arrived = threading.Condition()
        self.app.add_url_rule("/hook", view_func=self.take, methods=["GET", "POST"])

    def take(self):
        with self.arrived:
            self.forms.append(dict(parse_qsl(request.get_data(as_text=True), keep_blank_values=True)))
            self.queries.append(request.args.to_dict())
            self.arrived.notify_all()
            return "", self.statuses.pop(0) if self.statuses else 200

    def wait(self, count, seconds=30):
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.forms) >= count, seconds), self.forms
            return list(self.forms)
