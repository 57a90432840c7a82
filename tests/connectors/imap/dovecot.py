"""A real Dovecot on loopback with mailboxes of its own, run by whoever runs the tests."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from imapclient import IMAPClient

UNPACKED = os.environ.get("PROVODKA_DOVECOT", "")
BINARY = f"{UNPACKED}/usr/sbin/dovecot" if UNPACKED else shutil.which("dovecot") or ""
PASSWORD, TOKEN = "x", "good-token"

_CONFIG = """
base_dir = {home}/run
state_dir = {home}/run
log_path = {home}/log
instance_name = {name}
listen = 127.0.0.1
protocols = imap
ssl = no
import_environment = LD_LIBRARY_PATH
disable_plaintext_auth = no
auth_failure_delay = 0
auth_mechanisms = plain login xoauth2
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 0
{libexec}
mail_location = maildir:{home}/mail/%u:LAYOUT=fs
mail_uid = {uid}
mail_gid = {gid}
mailbox_list_index = no
mail_plugins = quota
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
  process_min_avail = 1
  service_count = 0
}}
protocol imap {{
  mail_plugins = quota imap_quota
  mail_max_userip_connections = 3
}}
plugin {{
  quota = maildir:mailbox
  quota_rule = *:storage=200M
}}
passdb {{
  driver = static
  args = password={password}
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {home}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Отправленные {{
    auto = subscribe
    special_use = \\Sent
  }}
  mailbox "Нежелательная почта" {{
    auto = subscribe
    special_use = \\Junk
  }}
}}
"""


@dataclass(frozen=True)
class Dovecot:
    """Any name is a mailbox, by the password `x` or the token `good-token`."""

    port: int
    home: Path
    host: str = "127.0.0.1"

    @contextmanager
    def client(self, user: str) -> Iterator[IMAPClient]:
        """As another mail program."""
        with IMAPClient(self.host, port=self.port, ssl=False, timeout=30) as client:
            client.login(user, PASSWORD)
            yield client

    def append(self, user: str, raw: bytes, folder: str = "INBOX") -> None:
        with self.client(user) as client:
            client.append(folder, raw)


@contextmanager
def running() -> Iterator[Dovecot]:
    """Started, and stopped at the end with all its processes. It reads no mail as root: root lends it to nobody, who
    may not look into root's folder for temporary files."""
    home = Path(tempfile.mkdtemp(prefix="dovecot-", dir="/tmp"))
    try:
        with _started(home) as server:
            yield server
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _started(home: Path) -> Iterator[Dovecot]:
    am_root = os.getuid() == 0
    me = pwd.getpwnam("nobody") if am_root else pwd.getpwuid(os.getuid())
    for folder in (home / "mail", home / "run"):
        folder.mkdir(parents=True)
        os.chown(folder, me.pw_uid, me.pw_gid)
    home.chmod(0o755)
    (home / "mail").chmod(0o777)
    with _tokens() as tokens, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        (home / "oauth2.conf").write_text(
            f"introspection_mode = get\nintrospection_url = http://127.0.0.1:{tokens}/?token=\n"
            "username_attribute = email\nactive_attribute = active\nactive_value = true\n"
            f"tokeninfo_url = http://127.0.0.1:{tokens}/?token=\n"
        )
        libexec = f"libexec_dir = {UNPACKED}/usr/lib/dovecot\nmail_plugin_dir = {UNPACKED}/usr/lib/dovecot/modules"
        config = home / "dovecot.conf"
        config.write_text(
            _CONFIG.format(
                home=home,
                name=home.name,
                port=port,
                password=PASSWORD,
                user=me.pw_name,
                group=grp.getgrgid(me.pw_gid).gr_name,
                uid=me.pw_uid,
                gid=me.pw_gid,
                libexec=libexec if UNPACKED else "",
            )
        )
        libraries = ":".join(f"{UNPACKED}{one}" for one in ("/usr/lib/dovecot", "/usr/lib/x86_64-linux-gnu", "/lib"))
        environ = {**os.environ, **({"LD_LIBRARY_PATH": libraries} if UNPACKED else {})}
        with (home / "out").open("wb") as out:
            reader = str(Path(BINARY).parent.parent / "bin" / "doveconf")  # Dovecot looks for it in /usr/bin alone
            command = [reader, "-c", str(config), "-f", "service=master", "-m", "master", "-e", BINARY, "-F"]
            command += ["-c", str(config)]
            child = subprocess.Popen(command, env=environ, stdout=out, stderr=out)
        try:
            _wait_for(port, home, child)
            yield Dovecot(port, home)
        finally:
            child.send_signal(signal.SIGTERM)
            child.wait(30)


def _wait_for(port: int, home: Path, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and child.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as wire:
                if wire.recv(10).startswith(b"* OK"):
                    return
        except OSError:
            time.sleep(0.05)
    said = [path.read_text(errors="replace") for path in (home / "out", home / "log") if path.exists()]
    raise AssertionError("Dovecot did not start: " + "".join(said))


@contextmanager
def _tokens() -> Iterator[int]:
    """Answers Dovecot whose a token is, as a provider does."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            good = parse_qs(urlsplit(self.path).query).get("token") == [TOKEN]
            body = b'{"email": "tokens@example.org", "active": "true"}' if good else b'{"error": "invalid_token"}'
            self.send_response(200 if good else 401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Not into the tests' output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(30)
