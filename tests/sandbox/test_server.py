"""The sandbox as a whole: one start, one stop, one reset."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from imapclient import IMAPClient

from sandbox import Sandbox
from sandbox.mail import ADDRESS, PASSWORD
from sandbox.senders import letter, send_letter
from sandbox.telegram import TOKEN
from tests.cli.ports import free_port

ROOT = Path(__file__).parents[2]


@pytest.fixture
def sandbox():
    with Sandbox(base_port=0) as running:
        yield running


def inbox(imap_port):
    with IMAPClient("127.0.0.1", port=imap_port, ssl=False, timeout=30) as imap:
        imap.login(ADDRESS, PASSWORD)
        chosen = imap.select_folder("INBOX")
        return chosen[b"EXISTS"], chosen[b"UIDVALIDITY"], chosen[b"UIDNEXT"]


def test_every_part_answers_on_its_own_free_port(sandbox):
    account = requests.get(
        f"{sandbox.amocrm.url}/api/v4/account", headers={"Authorization": "Bearer sandbox"}, timeout=30
    )
    assert account.status_code == 200
    assert requests.get(f"{sandbox.telegram.base_url}{TOKEN}/getMe", timeout=30).json()["ok"]
    send_letter("127.0.0.1", sandbox.mail.smtp_port, letter(text="Привет"))
    assert inbox(sandbox.mail.imap_port)[0] == 1
    for part in (sandbox.amocrm, sandbox.bitrix24, sandbox.onec, sandbox.telegram, sandbox.senders):
        page = requests.get(part.url, timeout=30)
        assert page.headers["Content-Type"].startswith("text/html")
        assert re.search("[А-Яа-я]", page.content.decode())


def test_the_addresses_tell_where_and_how_to_enter(sandbox):
    told = "\n".join(f"{name} {address}" for name, address in sandbox.addresses())
    urls = [part.url for part in (sandbox.amocrm, sandbox.bitrix24, sandbox.onec, sandbox.telegram, sandbox.senders)]
    for needed in (*urls, f"{sandbox.onec.url}/base/odata/standard.odata", TOKEN, ADDRESS):
        assert needed in told
    assert f":{sandbox.mail.imap_port} " in told
    assert f":{sandbox.mail.smtp_port}" in told


def test_the_letter_button_reaches_the_mailbox(sandbox):
    told = requests.post(
        f"{sandbox.senders.url}/_sandbox/send/mail/write", json={"client": {"name": "Мария"}}, timeout=30
    )
    assert told.json() == {"answers": []}
    assert sandbox.mail.count() == 1


def test_a_reset_at_the_senders_resets_everything(sandbox):
    sandbox.telegram.say(5, "привет")
    sandbox.onec.base.write("Catalog_Контрагенты", {"Description": "Ромашка"})
    sandbox.mail.append(letter(text="Привет"))
    lead = [{"name": "Лишний лид"}]
    bearer = {"Authorization": "Bearer sandbox"}
    leads = f"{sandbox.amocrm.url}/api/v4/leads"
    requests.post(leads, json=lead, headers=bearer, timeout=30).raise_for_status()
    requests.post(f"{sandbox.amocrm.url}/_sandbox/faults", json={"status": 503}, timeout=30).raise_for_status()
    requests.post(f"{sandbox.senders.url}/_sandbox/reset", timeout=30).raise_for_status()
    assert sandbox.telegram.objects()["chats"] == 0
    assert sandbox.mail.count() == 0
    after = requests.get(leads, headers=bearer, timeout=30)
    assert "Лишний лид" not in after.content.decode("unicode_escape")
    assert after.status_code in (200, 204)
    assert sandbox.onec.objects()["counterparty"] == 0


def test_state_is_kept_over_a_restart(tmp_path):
    bearer = {"Authorization": "Bearer sandbox"}
    with Sandbox(0, state_dir=tmp_path / "state") as first:
        first.mail.append(letter(text="Привет"))
        created = requests.post(
            f"{first.amocrm.url}/api/v4/leads", json=[{"name": "Крыша"}], headers=bearer, timeout=30
        ).json()
        before = inbox(first.mail.imap_port)
    lead_id = created["_embedded"]["leads"][0]["id"]
    with Sandbox(0, state_dir=tmp_path / "state") as second:
        lead = requests.get(f"{second.amocrm.url}/api/v4/leads/{lead_id}", headers=bearer, timeout=30)
        assert lead.json()["name"] == "Крыша"
        assert inbox(second.mail.imap_port) == before


def test_if_one_port_is_taken_nothing_stays_open():
    base = free_port()
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", base + 6))
        squatter.listen()
        with pytest.raises(OSError, match="in use"):
            Sandbox(base).start()
    for offset in (1, 4, 5, 7):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", base + offset), timeout=1).close()


def test_the_command_serves_on_the_designed_ports_until_it_is_told_to_stop():
    base = free_port()
    command = [sys.executable, "-m", "sandbox", "--port", str(base), "--onec", "ut"]
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ}, stderr=subprocess.PIPE, text=True) as process:
        try:
            lines = [process.stderr.readline() for _ in range(5)]
            assert f"http://127.0.0.1:{base + 1} " in lines[0]
            onec = requests.get(f"http://127.0.0.1:{base + 3}/_sandbox/stats", timeout=30).json()
            assert onec["configuration"] == "ut"
            assert requests.get(f"http://127.0.0.1:{base + 4}/bot{TOKEN}/getMe", timeout=30).json()["ok"]
            assert inbox(base + 5)[0] == 0
            assert requests.get(f"http://127.0.0.1:{base + 7}/_sandbox/stats", timeout=30).json()["name"] == "senders"
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0
        finally:
            process.kill()


def test_the_command_says_which_port_is_taken():
    base = free_port()
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", base + 4))
        squatter.listen()
        command = [sys.executable, "-m", "sandbox", "--port", str(base)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert str(base + 4) in done.stderr
    assert "Traceback" not in done.stderr


def test_stopping_twice_and_starting_again_is_harmless():
    sandbox = Sandbox(0)
    sandbox.start()
    sandbox.stop()
    sandbox.stop()
    with sandbox:
        assert requests.get(f"{sandbox.telegram.base_url}{TOKEN}/getMe", timeout=30).json()["ok"]
