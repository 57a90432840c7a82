"""A mail provider with one mailbox: IMAP by pymap, SMTP by aiosmtpd, both in one thread with its own event loop."""

from __future__ import annotations

import asyncio
import logging
import ssl
from argparse import Namespace
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path
from threading import Thread
from typing import Any, Self, TypeVar

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from proxyprotocol.sock import SocketInfo, SocketInfoLocal
from pymap.backend.dict import Config, Login
from pymap.backend.dict.filter import FilterSet
from pymap.concurrent import Subsystem
from pymap.config import BackendCapability
from pymap.imap import IMAPServer
from pymap.parsing.message import AppendMessage
from pymap.user import UserMetadata
from pysasl.hashing import Cleartext

from sandbox.mailbox import INBOX, FolderSet, LetterStore

ADDRESS = "sandbox@example.test"
PASSWORD = "sandbox"  # noqa: S105  # the sandbox's published password
PATIENCE = 10.0
MAX_LETTER = 64 * 1024 * 1024

log = logging.getLogger(__name__)
T = TypeVar("T")


class _Config(Config):
    @property
    def backend_capability(self) -> BackendCapability:
        return BackendCapability(idle=True, object_id=True, multi_append=True, custom=[b"SPECIAL-USE"])

    @property
    def greeting(self) -> bytes:
        return b"sandbox.example.test ready"


def _config() -> _Config:
    return _Config(
        Namespace(passlib_cfg=None, proxy_protocol=None),
        host=None,
        port=0,
        ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
        tls_enabled=False,
        hash_context=Cleartext(),
        cpu_subsystem=Subsystem.for_asyncio(),
        demo_data=False,
        demo_user=ADDRESS,
        demo_password=PASSWORD,
    )


class _Wire:
    """A connection's writer that sends whole answers, and that can be made silent: the socket then stays open.

    pymap writes one line in many pieces; sent one by one, they reach a client as a line without its end.
    """

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._unsent = bytearray()
        self.silent = False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # stands for every other attribute of the writer
        return getattr(self._writer, name)

    def write(self, data: bytes) -> None:
        self._unsent += data

    async def drain(self) -> None:
        """Send what was written; pymap calls it at the end of every answer."""
        answer, self._unsent = bytes(self._unsent), bytearray()
        if not self.silent:
            self._writer.write(answer)
        await self._writer.drain()

    def hush(self) -> None:
        self.silent = True

    def cut(self) -> None:
        self._writer.transport.abort()


class MailServer:
    """One mailbox, `sandbox@example.test`, served by IMAP and filled by SMTP; port 0 takes any free one.

    Letters to any address land in INBOX. SMTP takes mail with and without AUTH. All methods may be called from any
    thread between `start` and `stop`. `max_connections` closes further IMAP connections with BYE.
    """

    def __init__(
        self, imap_port: int = 0, smtp_port: int = 0, host: str = "127.0.0.1", state_path: Path | None = None
    ) -> None:
        self.host, self.imap_port, self.smtp_port = host, imap_port, smtp_port
        self.max_connections: int | None = None
        self._state_path = state_path
        self._refusals: list[str] = []
        self._wires: dict[_Wire, asyncio.Task[None]] = {}
        self._thread: Thread | None = None
        self._loop: asyncio.AbstractEventLoop
        self._stopping: asyncio.Event
        self._store: LetterStore
        self._folders: FolderSet
        self._login: Login

    def start(self) -> Self:
        """Open both ports; an error, such as a port in use, is raised here."""
        ready: Future[None] = Future()
        self._thread = Thread(target=lambda: asyncio.run(self._serve(ready)), name="sandbox-mail", daemon=True)
        self._thread.start()
        try:
            ready.result(PATIENCE)
        except BaseException:
            self._thread = None
            raise
        return self

    def stop(self) -> None:
        """Close ports, connections and the store; harmless when not started."""
        if self._thread is None:
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(PATIENCE)
        self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def append(self, raw: bytes, folder: str = INBOX, received_at: datetime | None = None) -> int:
        """Put a letter straight into a folder, which is made if it is missing; gives the letter's UID."""
        return self._call(self._append(raw, folder, received_at))

    def remove(self, uid: int, folder: str = INBOX) -> None:
        """Expunge one letter, as another mail program would: between a client's SEARCH and its FETCH, say."""
        self._call(self._remove(uid, folder))

    def count(self, folder: str = INBOX) -> int:
        return len(self.letters(folder))

    def letters(self, folder: str = INBOX) -> list[bytes]:
        """The raw letters of a folder, oldest first."""
        return self._call(self._letters(folder))

    def change_password(self, new: str) -> None:
        """From now on IMAP and SMTP take only this password; open connections stay."""
        self._call(self._set_password(new))

    def new_uidvalidity(self) -> None:
        """Give INBOX another UIDVALIDITY and its letters new UIDs from 1; drops connections, as a restored server."""
        self._call(self._renumber())

    def drop_connections(self) -> None:
        """Close every live IMAP connection without a word."""
        self._call(self._each(_Wire.cut))

    def mute_connections(self) -> None:
        """Live IMAP connections stay open but never answer again: the way IDLE dies behind a NAT."""
        self._call(self._each(_Wire.hush))

    def connections(self) -> int:
        return len(self._wires)

    def refuse(self, reply: str = "451 4.3.0 Try again later", times: int = 1) -> None:
        """Answer the next letters sent by SMTP with this line instead of taking them."""
        self._refusals.extend([reply] * times)

    def reset(self) -> None:
        """Empty every folder (UIDs go on), restore the password, forget refusals."""
        self._refusals.clear()
        self.max_connections = None
        self._call(self._set_password(PASSWORD))
        self._call(self._clear())

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        if self._thread is None:
            work.close()
            raise RuntimeError("the mail server is not running")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    async def _serve(self, ready: Future[None]) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self._store = LetterStore(self._state_path)
        servers: list[asyncio.Server] = []
        try:
            await self._open_mailbox()
            servers.append(await asyncio.start_server(self._imap, self.host, self.imap_port, limit=MAX_LETTER))
            servers.append(await self._loop.create_server(self._smtp, self.host, self.smtp_port))
            self.imap_port, self.smtp_port = (server.sockets[0].getsockname()[1] for server in servers)
        except Exception as error:  # noqa: BLE001  # handed to the thread that waits in start()
            ready.set_exception(error)
        else:
            ready.set_result(None)
            await self._stopping.wait()
        finally:
            for server in servers:
                server.close()
            await self._close_connections()
            self._store.close()

    async def _open_mailbox(self) -> None:
        config = _config()
        self._login = Login(config)
        await self._set_password(PASSWORD)
        self._folders = await FolderSet.load(self._store)
        config.set_cache[ADDRESS] = (self._folders, FilterSet())

    async def _close_connections(self) -> None:
        tasks = list(self._wires.values())
        await self._each(_Wire.cut)
        if tasks:
            await asyncio.wait(tasks, timeout=1)

    async def _imap(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or (self.max_connections is not None and len(self._wires) >= self.max_connections):
            writer.write(b"* BYE [UNAVAILABLE] Too many connections\r\n")
            writer.close()
            return
        wire = _Wire(writer)
        self._wires[wire] = task
        info: SocketInfo = SocketInfoLocal(writer)
        try:
            await IMAPServer(self._login, self._login.config)(reader, wire, info)  # type: ignore[arg-type]
        except Exception:
            log.exception("IMAP connection failed")
        finally:
            del self._wires[wire]
            writer.close()

    def _smtp(self) -> SMTP:
        return SMTP(
            self,
            hostname="sandbox.example.test",
            ident="sandbox",
            data_size_limit=MAX_LETTER,
            enable_SMTPUTF8=True,
            auth_require_tls=False,
            authenticator=self._authenticate,
            loop=self._loop,
        )

    def _authenticate(self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: Any) -> AuthResult:  # noqa: ANN401
        known = self._login.users_dict[ADDRESS].password or ""
        good = isinstance(data, LoginPassword) and data == LoginPassword(ADDRESS.encode(), known.encode())
        return AuthResult(success=good, handled=False)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """aiosmtpd's hook: a letter has arrived."""
        if self._refusals:
            return self._refusals.pop(0)
        body = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        sender = (envelope.mail_from or "").strip("<>")  # a bounce has "<>"
        received = [f"Return-Path: <{sender}>", f"Delivered-To: {envelope.rcpt_tos[0]}"]
        uid = await self._append("\r\n".join([*received, ""]).encode() + body, INBOX, None)
        return f"250 2.0.0 Ok: queued as {uid}"

    async def _append(self, raw: bytes, folder: str, received_at: datetime | None) -> int:
        if folder != INBOX and folder not in self._folders._set:
            await self._folders.add_mailbox(folder)
        mailbox = await self._folders.get_mailbox(folder)
        return (await mailbox.append(AppendMessage(raw, received_at), recent=True)).uid

    async def _remove(self, uid: int, folder: str) -> None:
        await (await self._folders.get_mailbox(folder)).delete([uid])

    async def _letters(self, folder: str) -> list[bytes]:
        return [letter.literal for _, letter in self._store.letters(folder)]

    async def _set_password(self, new: str) -> None:
        self._login.users_dict[ADDRESS] = UserMetadata(self._login.config, ADDRESS, password=new)

    async def _renumber(self) -> None:
        await self._close_connections()
        await self._folders.renumber_inbox()

    async def _clear(self) -> None:
        await self._folders.clear()

    async def _each(self, act: Callable[[_Wire], None]) -> None:
        for wire in list(self._wires):
            act(wire)
