"""Files on cards, against the running sandbox and its files service."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
import requests as http

from provodka.crm import CardFile, CardKind, CardRef, NewFile, NewLead
from provodka.errors import Ambiguous, Rejected, Retryable
from provodka.operation import Done, Request
from provodka.payloads import Attachment

BODY = bytes(range(256)) * 1200  # three parts
SESSIONS = "/v1.0/sessions"


@pytest.fixture
def lead(crm, ask):
    [done] = crm.create_leads(ask(NewLead("Сайт", "Кровля", "Новый лид"), prefix="made"))
    return CardRef(CardKind.LEAD, done.remote_id)


@pytest.fixture
def keep(store):
    def file(name, body=BODY):
        sha256 = hashlib.sha256(body).hexdigest()
        store.blobs[sha256] = body
        return Attachment(name, "application/pdf", len(body), sha256)

    return file


def attachments(desk, lead):
    found = desk.api("GET", f"/leads/{lead.id}/notes") or {"_embedded": {"notes": []}}
    return [one["params"] for one in found["_embedded"]["notes"] if one["note_type"] == "attachment"]


def test_a_file_goes_up_in_parts_hangs_on_the_lead_and_shows_in_its_feed(crm, desk, lead, keep, ask):
    [done] = crm.attach_files(ask(NewFile(keep("смета.pdf"), lead)))
    [file] = crm.files(lead)
    assert file == CardFile(done.remote_id, "смета.pdf", len(BODY), file.url)
    assert http.get(file.url, timeout=30).content == BODY
    assert desk.calls("POST /v1.0/upload/<token>") == 3
    [note] = attachments(desk, lead)
    assert (note["file_uuid"], note["file_name"]) == (done.remote_id, "смета.pdf")


def test_a_card_without_files_has_none(crm, lead):
    assert crm.files(lead) == []


def test_each_file_has_an_outcome_of_its_own(crm, lead, keep, ask):
    lost = Attachment("старый.pdf", "application/pdf", 10, "0" * 64)
    good, gone, nothing = crm.attach_files(
        ask(NewFile(keep("a.pdf"), lead), NewFile(keep("b.pdf"), CardRef(CardKind.LEAD, "999")), NewFile(lost, lead))
    )
    assert isinstance(good, Done)
    assert isinstance(gone, Rejected)
    assert "удалили" in gone.hint
    assert isinstance(nothing, Rejected)
    assert "«старый.pdf»" in nothing.hint


@pytest.mark.parametrize("path", [SESSIONS, "/v1.0/upload"])
def test_a_break_while_uploading_is_no_doubt_about_the_card(crm, desk, lead, keep, ask, path):
    desk.control("faults", {"path": path, "kind": "cut_after", "method": "POST"})
    [outcome] = crm.attach_files(ask(NewFile(keep("a.pdf"), lead)))
    assert isinstance(outcome, Retryable)
    assert crm.files(lead) == []


@pytest.mark.parametrize(
    ("path", "method", "kind", "found"),
    [
        ("/leads/{id}/files", "PUT", "cut_after", True),
        ("/leads/{id}/files", "PUT", "cut_before", False),
        ("/leads/{id}/notes", "POST", "cut_before", True),
        ("/leads/{id}/notes", "GET", "status", True),
    ],
)
def test_a_file_whose_answer_was_lost_hangs_and_shows_once(crm, desk, lead, keep, ask, path, method, kind, found):
    requests = ask(NewFile(keep("a.pdf"), lead))
    desk.fault(path.format(id=lead.id), kind, method)
    [first] = crm.attach_files(requests)
    assert isinstance(first, Ambiguous)
    since = datetime.now(UTC) - timedelta(seconds=30)
    [again] = crm.attach_files([Request(one.key, one.params, since) for one in requests])
    assert again.found == found
    assert [file.id for file in crm.files(lead)] == [again.remote_id]
    assert len(attachments(desk, lead)) == 1


def test_an_account_without_a_files_service_says_so(crm, lead, keep, ask):
    kept = crm._room.directory.account()
    crm._room.directory._kept["account"] = (float("inf"), type(kept)(True, kept.zone, kept.task_types))
    [outcome] = crm.attach_files(ask(NewFile(keep("a.pdf"), lead)))
    assert isinstance(outcome, Rejected)
    assert "хранилища файлов" in outcome.hint
