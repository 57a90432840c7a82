"""The site that 1C exchanges with: checkauth, init, query, success, file, import and info.

Whatever is wrong is told in Russian behind `failure`, with 200: 1C shows that text to its user.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final
from zoneinfo import ZoneInfo

from connectors.onec.commerceml.archive import bare_name
from connectors.onec.commerceml.node import UnreadableFileError
from connectors.onec.commerceml.outgoing import Shelf
from connectors.onec.commerceml.session import COOKIE, Sessions, id_of
from connectors.onec.commerceml.settings import CommerceMLSettings
from connectors.onec.commerceml.taking import Taken, Taking, event_of
from connectors.onec.commerceml.uploads import Uploads
from connectors.onec.commerceml.writer import dictionary, orders_file
from provodka.channel import Delivery, Part, PartsReader, Received, Reply
from provodka.event import Event
from provodka.payloads import AccountingHint
from provodka.stores import ConnectorStore

_ORDERS: Final = ("sale", "crm")  # newer modules say `crm` and mean orders as well
_GOODS: Final = ("catalog", "reference")
_GOODS_MODES: Final = ("file", "import", "deactivate", "complete")
_NOT_KEPT: Final = "Каталог товаров здесь не хранится: выгрузку товаров в 1С можно отключить."
_WRONG_LOGIN: Final = "Неверный логин или пароль: верные заданы в настройках обмена, accounting.user и password."
_NO_SESSION: Final = "Сеанс не начат или истёк: начните обмен заново."
_COMPARE: Final = "Сверьте логин и пароль обмена в настройках 1С с accounting.user и accounting.password"
_BEGIN_ANEW: Final = "Обычно 1С начинает обмен заново сама; если нет, запустите его в 1С вручную"


@dataclass(frozen=True, slots=True)
class Call:
    """One request within a session."""

    delivery: Delivery
    parts: PartsReader
    token: str

    @property
    def session(self) -> str:
        return id_of(self.token)

    @property
    def file_name(self) -> str:
        """The bare name that 1C gives. Raises UnreadableFileError where there is none."""
        given = bare_name(self.delivery.query.get("filename", ""))
        name = "".join(letter for letter in given if letter.isprintable()).strip()
        if not name:
            raise UnreadableFileError("Не указано имя файла (filename).")
        return name[:120]


class SiteExchange:
    """`provodka.channel.Receiver` for one 1C. `name` is the system in the mirror, too."""

    def __init__(self, name: str, settings: CommerceMLSettings, store: ConnectorStore) -> None:
        self.name = name
        self._settings = settings
        self._store = store
        self._sessions = Sessions(name, settings)
        self._modes: dict[str, Callable[[Call], Received]] = {
            "init": self._init,
            "query": self._query,
            "success": self._success,
            "file": self._file,
            "import": self._import,
            "info": lambda _: Received(reply=_xml(dictionary(), "windows-1251")),
        }

    def receive(self, delivery: Delivery, parts: PartsReader) -> Received:
        """Never refuses by a status: 1C would show its user no more than the number."""
        type_, mode = (delivery.query.get(one, "").strip().lower() for one in ("type", "mode"))
        if type_ not in (*_ORDERS, *_GOODS):
            return self._failure(f"Неизвестный вид обмена type={type_[:40]}: нужен обмен заказами (sale).")
        if mode == "checkauth":
            return self._checkauth(delivery)
        token = self._sessions.of(delivery)
        if not token:
            return self._failure(_NO_SESSION, refused="no session of ours", cure=_BEGIN_ANEW)
        if type_ in _GOODS and mode in _GOODS_MODES:
            return self._lines("success", _NOT_KEPT)
        known = self._modes.get(mode)
        if known is None or (type_ in _GOODS and mode != "init"):
            return self._failure(f"Команда mode={mode[:40]} для type={type_} не поддерживается.")
        try:
            return known(Call(delivery, parts, token))
        except UnreadableFileError as error:
            return self._failure(str(error))

    # how each mode is answered

    def _checkauth(self, delivery: Delivery) -> Received:
        if not self._sessions.admits(delivery):
            return self._failure(_WRONG_LOGIN, refused="the login is not ours", cure=_COMPARE)
        token, at = self._sessions.begin(delivery.received_at), int(delivery.received_at.timestamp())
        return self._lines("success", COOKIE, token, f"sessid={token}", f"timestamp={at}")

    def _init(self, call: Call) -> Received:
        lines = [f"zip={'yes' if self._settings.zip else 'no'}", f"file_limit={self._settings.file_limit}"]
        if "version" in call.delivery.query:
            lines += [f"sessid={call.token}", f"version={self._settings.version}"]
        return self._lines(*lines)

    def _query(self, call: Call) -> Received:
        """What is given is noted, so that only that is confirmed: more may be laid out before 1C says `success`."""
        at = call.delivery.received_at
        orders = self._shelf(call).pending()
        given = json.dumps({one.id: one.version for one in orders})
        noted = (Part(f"given:{call.session}", f"{at.timestamp():017.6f}", given),) if orders else ()
        body = orders_file(orders, self._settings, at)
        return Received(parts=noted, reply=_xml(body, self._settings.encoding))

    def _success(self, call: Call) -> Received:
        given = call.parts(f"given:{call.session}")
        if not given:
            return self._lines("success")
        taken = self._shelf(call).confirm(json.loads(given[-1].body))
        hint = AccountingHint(tuple(f"sale:{one.request.sale}" for one in taken))
        mark = f"taken:{call.session}:{given[-1].id}"
        return self._lines("success", events=(event_of(self.name, call.delivery, hint, mark),))

    def _file(self, call: Call) -> Received:
        last = len(call.delivery.body) < self._settings.file_limit  # 1C fills every piece but the last
        return self._taken(self._taking(call).piece(call.file_name, last=last))

    def _import(self, call: Call) -> Received:
        return self._taken(self._taking(call).import_(call.file_name))

    # what they share

    def _taking(self, call: Call) -> Taking:
        uploads = Uploads(call.parts, call.session)
        return Taking(self.name, call.session, uploads, call.delivery, ZoneInfo(self._settings.timezone))

    def _taken(self, taken: Taken) -> Received:
        lines = ("failure", taken.failure) if taken.failure else ("success",)
        return self._lines(*lines, events=taken.events, parts=taken.parts)

    def _shelf(self, call: Call) -> Shelf:
        return Shelf(self.name, self._store, lambda: call.delivery.received_at)

    def _failure(self, text: str, refused: str = "", cure: str = "") -> Received:
        return replace(self._lines("failure", text), refused=refused, cure=cure)

    def _lines(self, *lines: str, events: tuple[Event, ...] = (), parts: tuple[Part, ...] = ()) -> Received:
        code = self._settings.encoding
        # words of the request among them must not make lines of their own
        body = "".join(f"{' '.join(line.split())}\n" for line in lines).encode(code, "replace")
        return Received(events, parts, Reply(body=body, content_type=f"text/plain; charset={code}"))


def receiver(name: str, settings: CommerceMLSettings, store: ConnectorStore) -> SiteExchange:
    """The receiver that 1C calls."""
    return SiteExchange(name, settings, store)


def _xml(body: bytes, encoding: str) -> Reply:
    return Reply(body=body, content_type=f"text/xml; charset={encoding}")
