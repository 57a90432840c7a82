"""`/_sandbox/...` for what only people and the account itself do: letters, chat answers, hooks of stages, the bin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from flask import Response, jsonify
from pydantic import BaseModel, ConfigDict
from werkzeug.exceptions import BadRequest, NotFound

from sandbox.amocrm import api_talks, incoming
from sandbox.amocrm.api_amojo import CHANNEL
from sandbox.amocrm.bodies import read_body
from sandbox.amocrm.call import Call
from sandbox.amocrm.model import Json, User
from sandbox.amocrm.records import Record

if TYPE_CHECKING:
    from sandbox.amocrm.app import AmoCrm


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Channel(_Body):
    hook_url: str | None


class _Words(_Body):
    talk_id: int
    text: str
    user: str | None = None
    picture: str = ""


class _Letter(_Body):
    address: str
    name: str = ""
    subject: str = ""
    text: str = ""


class _Place(_Body):
    entity: Literal["leads", "contacts", "companies", "customers"]
    id: int
    back: bool = False


class _StageHook(_Body):
    url: str
    pipeline_id: int
    status_id: int
    action: Literal["status", "call_in", "chat"] = "status"


class People:
    """The routes of one emulator; a body that does not fit is answered 400."""

    def __init__(self, crm: AmoCrm) -> None:
        self.crm = crm

    def channel(self) -> Response:
        """`GET channel`: what the vendor gives the owner of a chat channel, and where its hook goes."""
        seed = self.crm.store.seed
        held = {"id": seed.channel_id, "secret": seed.channel_secret, "amojo_id": seed.amojo_id}
        return jsonify({**held, "scope_id": f"{seed.channel_id}_{seed.amojo_id}", **self.crm.store.setting(CHANNEL)})

    def set_channel(self) -> Response:
        """`POST channel {"hook_url": "http://…/:scope_id"}`: where a manager's messages are posted."""
        wish = read_body(_Channel)
        with self.crm.store.lock:
            self.crm.store.set_setting(CHANNEL, {**self.crm.store.setting(CHANNEL), "hook_url": wish.hook_url})
        return self.channel()

    def say(self) -> Response:
        """`POST chats/say {"talk_id", "text", "user": "<e-mail>", "picture": "<url>"}`: a manager answers a client."""
        wish = read_body(_Words)
        user = self._user(wish.user)

        def work(call: Call) -> str:
            talk = call.store.talks.get(wish.talk_id)
            if talk is None:
                raise NotFound(f"there is no talk {wish.talk_id}")
            message, shot = api_talks.say(call, call.store.chats[talk.chat_id], user, wish.text, wish.picture)
            if shot is not None:
                self.crm.shots.post(shot)
            return message.id

        return jsonify({"message_id": self.crm.act(user, work)})

    def letter(self) -> Response:
        """`POST mail {"address", "name", "subject", "text"}`: a letter becomes an incoming lead of the kind mail."""
        wish = read_body(_Letter)
        name = wish.name or wish.address
        email = {"field_code": "EMAIL", "values": [{"value": wish.address}]}
        metadata = {
            "from": {"email": wish.address, "name": name},
            "subject": wish.subject,
            "content_summary": wish.text,
        }

        def work(call: Call) -> Json:
            number = len(call.store.incoming)
            item: Json = {
                "source_uid": f"mail-{call.now}-{number}",
                "source_name": "Почта",
                "metadata": metadata,
                "_embedded": {
                    "leads": [{"name": wish.subject or f"Письмо от {name}", "created_by": 0}],
                    "contacts": [{"name": name, "created_by": 0, "custom_fields_values": [email]}],
                },
            }
            rows: Json = incoming.take_incoming(call, "mail", [("0", item)])["_embedded"]["unsorted"][0]
            return rows

        return jsonify(self.crm.act(self.crm.store.token_user(), work))

    def remove(self) -> Response:
        """`POST delete {"entity", "id", "back": false}`: a person deletes a card, or brings it back."""
        wish = read_body(_Place)

        def work(call: Call) -> None:
            card = call.store.table(wish.entity).get(wish.id)
            if card is None or card.is_deleted != wish.back:
                raise NotFound(f"there is no such card: {wish.entity} {wish.id}")
            card.is_deleted = not wish.back
            card.updated_at, card.updated_by = call.now, call.user_id
            call.store.save(card)
            call.changes.card_removed(card, call.user_id, back=wish.back)

        self.crm.act(self.crm.store.token_user(), work)
        return jsonify({"deleted": not wish.back})

    def stage_hooks(self) -> Response:
        """`POST stage_hooks {"url", "pipeline_id", "status_id", "action"}`: the digital pipeline's one post."""
        wish = read_body(_StageHook)
        store = self.crm.store
        with store.lock:
            pipeline = store.pipelines.get(wish.pipeline_id)
            if pipeline is None or wish.status_id not in pipeline.statuses:
                raise BadRequest(f"there is no stage {wish.status_id} in pipeline {wish.pipeline_id}")
            now = int(self.crm.clock())
            row = Record(store.new_id("stage_hooks"), wish.model_dump(), 0, now, now)
            store.add("stage_hooks", row)
        return jsonify({"id": row.id, **row.values})

    def oneshots(self) -> Response:
        """`GET oneshots`: the last posts of stages and of the channel, the oldest first."""
        return jsonify([shot.as_json() for shot in list(self.crm.shots.log)])

    def bots(self) -> Response:
        """`GET bots`: what was run."""
        with self.crm.store.lock:
            return jsonify([{"id": row.id, **row.values} for row in self.crm.store.bots.values()])

    def _user(self, email: str | None) -> User:
        store = self.crm.store
        found = next((user for user in store.users.values() if user.email == email), None)
        if email is not None and found is None:
            raise BadRequest(f"there is no user {email}")
        return found or store.token_user()


def add_people_routes(crm: AmoCrm) -> None:
    """Register the routes."""
    people = People(crm)
    for method, path, view in (
        ("GET", "channel", people.channel),
        ("POST", "channel", people.set_channel),
        ("POST", "chats/say", people.say),
        ("POST", "mail", people.letter),
        ("POST", "delete", people.remove),
        ("POST", "stage_hooks", people.stage_hooks),
        ("GET", "oneshots", people.oneshots),
        ("GET", "bots", people.bots),
    ):
        crm.app.add_url_rule(f"/_sandbox/{path}", f"sandbox_{method}_{path}", view, methods=[method])
