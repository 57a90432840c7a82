"""The API by which a VK community is asked: errors come with status 200, as VK sends them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any

import requests
from flask import Flask, Response, jsonify, request

from sandbox.senders.http import post
from sandbox.senders.vk_community import Community

Json = dict[str, Any]
LONGEST = 4096
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452")
GROUPS_FROM = 2_000_000_000


class VkApi:
    """`POST {prefix}/method/…`, the long poll, the uploads and the files. `echo` is told of what was sent."""

    def __init__(self, community: Community, echo: Callable[[Json], None]) -> None:
        self._at = community
        self._echo = echo
        self._methods: Mapping[str, Callable[[Mapping[str, str]], Any]] = {
            "messages.send": self._send,
            "messages.getConversations": self._conversations,
            "messages.getHistory": self._history,
            "users.get": self._users,
            "groups.getById": lambda _: {"groups": [{"id": self._at.group, "name": "Ромашка"}], "profiles": []},
            "groups.getTokenPermissions": lambda _: {
                "mask": 4096,
                "permissions": [{"name": "messages", "setting": 4096}],
            },
            "groups.getCallbackConfirmationCode": lambda _: {"code": self._at.confirmation},
            "groups.getCallbackServers": lambda _: {"count": len(self._at.servers), "items": self._at.servers},
            "groups.addCallbackServer": self._add_server,
            "groups.editCallbackServer": self._edit_server,
            "groups.getCallbackSettings": lambda _: {"api_version": "5.199", "events": self._at.events},
            "groups.setCallbackSettings": self._set_events,
            "groups.getLongPollServer": self._long_poll_server,
            "photos.getMessagesUploadServer": lambda _: {"upload_url": f"{self._at.base}/vk/upload/photo?act=do"},
            "photos.saveMessagesPhoto": lambda given: [{"id": 457239017, "owner_id": -7, "access_key": given["hash"]}],
            "docs.getMessagesUploadServer": lambda _: {"upload_url": f"{self._at.base}/vk/upload/file?act=do"},
            "docs.save": lambda given: {"type": "doc", "doc": {"id": 9, "owner_id": -7, "title": given.get("title")}},
            "leadForms.get": self._form,
            "leadForms.getLeads": self._list_leads,
        }

    def mount(self, app: Flask, prefix: str) -> None:
        app.add_url_rule(f"{prefix}/method/<name>", "vk_method", self._called, methods=["POST", "GET"])
        app.add_url_rule(f"{prefix}/longpoll", "vk_longpoll", self._long_poll)
        app.add_url_rule(f"{prefix}/upload/<kind>", "vk_upload", self._upload, methods=["POST"])
        app.add_url_rule(
            f"{prefix}/files/<name>", "vk_file", lambda name: Response(PNG + name.encode(), mimetype="image/jpeg")
        )
        app.before_request(self._note_base)

    def _note_base(self) -> None:
        self._at.base = request.host_url.rstrip("/")

    def _called(self, name: str) -> Response:
        given = {**request.args, **request.form}
        if given.get("access_token") != self._at.token:
            return _error(5, "User authorization failed: invalid access_token (4).", given)
        if not given.get("v"):
            return _error(8, "Invalid request: v (version) is required", given)
        if name not in self._methods:
            return _error(3, "Unknown method passed", given)
        answer = self._methods[name](given)
        return answer if isinstance(answer, Response) else jsonify({"response": answer})

    def _send(self, given: Mapping[str, str]) -> Response | int:
        peer, number = int(given["peer_id"]), int(given.get("random_id", "0"))
        if peer in self._at.blocked:
            return _error(900, "Can't send messages for users from blacklist", given)
        if peer not in self._at.allowed and peer < GROUPS_FROM:
            return _error(901, "Can't send messages for users without permission", given)
        text = given.get("message", "")
        if len(text) > LONGEST:
            return _error(914, "Message is too long", given)
        if not text and not given.get("attachment"):
            return _error(100, "One of the parameters specified was missing or invalid: message is empty", given)
        with self._at.moved:
            if number and (peer, number) in self._at.sent:
                return self._at.sent[peer, number]
            more = {"random_id": number, "attachment": given.get("attachment", "")}
            body = self._at.say(peer, text, more, out=True)
            self._at.sent[peer, number or -body["id"]] = body["id"]
        self._echo(body)
        return int(body["id"])

    def _conversations(self, given: Mapping[str, str]) -> Json:
        """Those of the last word first; a pinned one above them all."""
        talks = sorted(self._at.messages.items(), key=lambda item: (item[0] != self._at.pinned, -item[1][-1]["date"]))
        items = [{"conversation": {"peer": {"id": peer}}, "last_message": said[-1]} for peer, said in talks]
        return {"count": len(items), "items": _paged(items, given)}

    def _history(self, given: Mapping[str, str]) -> Json:
        said = self._at.messages.get(int(given["peer_id"]), [])
        return {"count": len(said), "items": _paged(said[::-1], given)}

    def _users(self, given: Mapping[str, str]) -> list[Json]:
        wanted = [int(one) for one in given["user_ids"].split(",")]
        known = [(one, self._at.people[one]) for one in wanted if one in self._at.people]
        return [{"id": one, "first_name": first, "last_name": last} for one, (first, last) in known]

    def _add_server(self, given: Mapping[str, str]) -> Json:
        server = {"id": len(self._at.servers) + 1, **_server(given), "status": self._confirmed(given)}
        self._at.servers.append(server)
        return {"server_id": server["id"]}

    def _edit_server(self, given: Mapping[str, str]) -> int:
        server = next(one for one in self._at.servers if one["id"] == int(given["server_id"]))
        server.update(_server(given), status=self._confirmed(given))
        return 1

    def _confirmed(self, given: Mapping[str, str]) -> str:
        """The address has to answer with the community's string."""
        asked = json.dumps({"type": "confirmation", "group_id": self._at.group, "secret": given["secret_key"]})
        try:
            answer = post(given["url"], asked.encode(), "application/json")
        except requests.RequestException:
            return "failed"
        return "ok" if answer.ok and answer.text == self._at.confirmation else "failed"

    def _set_events(self, given: Mapping[str, str]) -> int:
        about = ("group_id", "server_id", "api_version", "v", "access_token")
        self._at.events.update({name: int(value) for name, value in given.items() if name not in about})
        return 1

    def _long_poll_server(self, _given: Mapping[str, str]) -> Json:
        ts = self._at.first_ts + len(self._at.updates)
        return {"key": self._at.key, "server": f"{self._at.base}/vk/longpoll", "ts": str(ts)}

    def _long_poll(self) -> Response:
        at, given = self._at, request.args
        if given.get("key") != at.key:
            return jsonify({"failed": 2})
        with at.moved:
            ts = int(given["ts"])
            if ts < at.first_ts:
                return jsonify({"failed": 1, "ts": at.first_ts + len(at.updates)})  # a number here, a text elsewhere
            at.moved.wait_for(lambda: len(at.updates) > ts - at.first_ts, timeout=min(float(given["wait"]), 25.0))
            fresh = at.updates[ts - at.first_ts :]
            return jsonify({"ts": str(ts + len(fresh)), "updates": fresh})

    def _form(self, given: Mapping[str, str]) -> Json:
        return {
            "form_id": int(given["form_id"]),
            "group_id": self._at.group,
            "name": self._at.form_name,
            "questions": self._at.questions,
            "leads_count": len(self._at.leads),
            "url": "",
        }

    def _list_leads(self, given: Mapping[str, str]) -> Json:
        asked = [one for one in self._at.leads if one["form"] == int(given["form_id"])]
        start, size = int(given.get("next_page_token") or 0), int(given.get("limit", "10"))
        page = [{name: value for name, value in one.items() if name != "form"} for one in asked[start : start + size]]
        more = {"next_page_token": str(start + size)} if start + size < len(asked) else {}
        return {"leads": page, **more}

    def _upload(self, kind: str) -> Response:
        """As VK's file servers answer: the picture is a text that holds JSON."""
        file = request.files.get(kind)
        if file is None:
            return jsonify({"error": "no file"})
        self._at.files[file.filename or ""] = file.read()
        if kind == "photo":
            photo = json.dumps([{"photo": secrets.token_hex(4)}])
            return jsonify({"server": 126, "photo": photo, "hash": secrets.token_hex(8)})
        return jsonify({"file": secrets.token_hex(12)})


def _file(name: str) -> Response:
    return Response(PNG + name.encode(), mimetype="image/jpeg")


def _server(given: Mapping[str, str]) -> Json:
    return {name: given[name] for name in ("title", "secret_key", "url")}


def _paged(items: list[Json], given: Mapping[str, str]) -> list[Json]:
    start = int(given.get("offset", "0"))
    return items[start : start + int(given.get("count", "20"))]


def _error(code: int, words: str, given: Mapping[str, str]) -> Response:
    shown = [{"key": name, "value": value} for name, value in given.items() if name != "access_token"]
    return jsonify({"error": {"error_code": code, "error_msg": words, "request_params": shown}})
