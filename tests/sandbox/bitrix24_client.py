"""A client for the tests of the Bitrix24 emulator."""

from __future__ import annotations

import requests

ROBOT, ANNA, IVAN, ROP, GONE = 1, 5, 6, 7, 8


class Rest:
    """Calls a portal as a client would, by an inbound webhook or by a token of the application."""

    def __init__(self, portal, hook="1/sandbox", token=None):
        self.portal = portal
        self.session = requests.Session()
        self.hook, self.token = hook, token

    def address(self, method):
        return f"{self.portal.url}/rest/{'' if self.token else self.hook + '/'}{method}"

    def raw(self, method, params=None, **more):
        body = {**(params or {}), **({"auth": self.token} if self.token else {})}
        return self.session.post(self.address(method), json=body, timeout=30, **more)

    def call(self, method, **params):
        """The result of a call that must succeed."""
        answer = self.raw(method, params)
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    def page(self, method, **params):
        """The whole answer of a call that must succeed."""
        answer = self.raw(method, params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, method, **params):
        """`(status, code, text)` of a call that must fail."""
        answer = self.raw(method, params)
        body = answer.json()
        return answer.status_code, body["error"], body["error_description"]

    def form(self, method, body, verb="POST"):
        """A call as PHP would encode it."""
        if verb == "GET":
            return self.session.get(f"{self.address(method)}?{body}", timeout=30)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.session.post(self.address(method), data=body.encode(), headers=headers, timeout=30)

    def control(self, path, body=None, method="POST"):
        answer = requests.request(method, f"{self.portal.url}/_sandbox/{path}", json=body, timeout=30)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def stats(self):
        return self.control("stats", method="GET")

    def dump(self):
        return self.control("dump", method="GET")

    def as_app(self, user_id=ROBOT):
        """The same portal by a user's token of the application."""
        return Rest(self.portal, token=self.control(f"oauth?user_id={user_id}", method="GET")["access_token"])

    def as_user(self, user_id, **rights):
        """The same portal by a webhook of somebody else."""
        if rights:
            self.control("users", {"user_id": user_id, **rights})
        self.control("inbound", {"user_id": user_id, "secret": f"of{user_id}"})
        return Rest(self.portal, hook=f"{user_id}/of{user_id}")


def phone(number, kind="WORK"):
    return {"VALUE": number, "VALUE_TYPE": kind}
