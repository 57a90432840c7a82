"""The files service: parts, versions, the bin, and files that hang on cards."""

from pathlib import Path

import pytest
import requests

from sandbox.amocrm import AmoCrm, Limit
from tests.sandbox.amocrm_client import ANNA, Api

CONTENT = bytes(range(256)) * 800  # two parts


class Drive:
    def __init__(self, api):
        self.session = api.session
        self.url = api.get("/account", **{"with": "drive_url"}).json()["drive_url"]

    def call(self, method, path, **more):
        return self.session.request(method, f"{self.url}/v1.0{path}", timeout=30, **more)

    def upload(self, name="kp.pdf", content=CONTENT, kind="application/pdf", **more):
        wish = {"file_name": name, "file_size": len(content), "content_type": kind, **more}
        opened = self.call("POST", "/sessions", json=wish).json()
        place, size = opened["upload_url"], opened["max_part_size"]
        for start in range(0, len(content), size):
            answer = self.session.post(place, data=content[start : start + size], timeout=30)
            place = answer.json().get("next_url")
        return answer


@pytest.fixture
def drive(api):
    return Drive(api)


def test_a_file_is_uploaded_in_parts_and_downloaded_as_it_was(drive):
    wish = {"file_name": "kp.pdf", "file_size": len(CONTENT), "content_type": "application/pdf"}
    opened = drive.call("POST", "/sessions", json=wish).json()
    assert (opened["max_file_size"], opened["max_part_size"]) == (314572800, 131072)
    first = drive.session.post(opened["upload_url"], data=CONTENT[:131072], timeout=30)
    assert (first.status_code, first.json()["session_id"]) == (202, opened["session_id"])
    assert drive.session.post(opened["upload_url"], data=b"x", timeout=30).status_code == 404
    last = drive.session.post(first.json()["next_url"], data=CONTENT[131072:], timeout=30)
    assert last.status_code == 200
    file = last.json()
    assert (file["type"], file["size"], file["name"]) == ("document", len(CONTENT), "kp.pdf")
    assert file["metadata"] == {"extension": "pdf", "mime_type": "application/pdf"}
    got = requests.get(file["_links"]["download"]["href"], timeout=30)
    assert (got.content, got.headers["Content-Type"]) == (CONTENT, "application/pdf")


@pytest.mark.parametrize("wish", [{}, {"file_name": "x"}, {"file_name": "x", "file_size": 400_000_000}])
def test_a_session_needs_a_name_and_a_size_within_the_limit(drive, wish):
    assert drive.call("POST", "/sessions", json=wish).status_code == 400


def test_a_part_too_large_and_more_than_announced_are_refused(drive):
    opened = drive.call("POST", "/sessions", json={"file_name": "x", "file_size": 200_000}).json()
    assert drive.session.post(opened["upload_url"], data=b"x" * 131073, timeout=30).status_code == 413
    small = drive.call("POST", "/sessions", json={"file_name": "x", "file_size": 3}).json()
    assert drive.session.post(small["upload_url"], data=b"xxxx", timeout=30).status_code == 400


def test_nobody_uploads_without_a_token(crm, drive):
    assert requests.post(f"{drive.url}/v1.0/sessions", json={}, timeout=30).status_code == 401


def test_a_new_version_stands_beside_the_old_one(drive):
    first = drive.upload(content=b"one").json()
    second = drive.upload(content=b"two", file_uuid=first["uuid"]).json()
    assert (second["uuid"], second["has_multiple_versions"]) == (first["uuid"], True)
    versions = drive.call("GET", f"/files/{first['uuid']}/versions").json()["_embedded"]["versions"]
    assert [requests.get(one["_links"]["download"]["href"], timeout=30).content for one in versions] == [b"two", b"one"]
    again = drive.call("PATCH", f"/files/{first['uuid']}", json={"version_uuid": versions[1]["uuid"]}).json()
    assert requests.get(again["_links"]["download"]["href"], timeout=30).content == b"one"


def test_files_are_listed_renamed_binned_and_brought_back(drive):
    uuid = drive.upload().json()["uuid"]
    assert drive.call("PATCH", f"/files/{uuid}", json={"name": "offer.pdf"}).json()["name"] == "offer.pdf"
    (row,) = drive.call("GET", "/files", params={"filter[name]": "offer.pdf"}).json()["_embedded"]["files"]
    assert row["uuid"] == uuid
    assert drive.call("DELETE", "/files", json=[{"uuid": uuid}]).status_code == 204
    assert drive.call("GET", "/files").status_code == 204
    assert drive.call("GET", f"/files/{uuid}").json()["is_trashed"] is True
    assert drive.call("POST", "/files/restore", json=[{"uuid": uuid}]).status_code == 200
    assert drive.call("GET", "/files").status_code == 200


def test_a_file_hangs_on_a_card_until_it_is_taken_off(api, drive):
    (lead,) = api.add("/leads", {"name": "Крыша"})
    uuid = drive.upload().json()["uuid"]
    path = f"{api.crm.url}/api/v4/leads/{lead}/files"
    assert api.session.put(path, json=[{"file_uuid": uuid}], timeout=30).status_code == 200
    assert api.session.put(path, json=[{"file_uuid": "nobody"}], timeout=30).status_code == 400
    (row,) = api.get(f"/leads/{lead}/files").json()["_embedded"]["files"]
    assert row == {"file_uuid": uuid, "id": 1}
    held = api.get(f"/files/{uuid}/links").json()
    assert held["file_uuid"] == uuid
    assert [(one["entity_type"], one["entity_id"]) for one in held["entities"]] == [("leads", lead)]
    assert api.delete(f"/leads/{lead}/files", [{"file_uuid": uuid}]).status_code == 204
    assert api.get(f"/leads/{lead}/files").status_code == 204


def test_who_has_no_access_to_files_is_refused(crm, api):
    crm.store.users[ANNA].rights = {"files_access": False}
    anna = Api(crm, api.control("oauth?user=anna@krovlya.ru", method="GET")["access_token"])
    assert Drive(anna).call("GET", "/files").status_code == 403
    anna.session.close()


def test_files_survive_a_restart(tmp_path: Path):
    state = tmp_path / "amo.db"
    with AmoCrm(state, limit=Limit(per_second=None)) as crm:
        api = Api(crm)
        file = Drive(api).upload(content=b"\xff\x00").json()
        api.session.close()
    with AmoCrm(state, limit=Limit(per_second=None)) as crm:
        api = Api(crm)
        again = Drive(api).call("GET", f"/files/{file['uuid']}").json()
        assert requests.get(again["_links"]["download"]["href"], timeout=30).content == b"\xff\x00"
        api.session.close()
