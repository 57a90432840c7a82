"""The disk: storages, folders, and files that come as base64 or by an upload address."""

from __future__ import annotations

from sandbox.bitrix24 import files
from sandbox.bitrix24.api_users import full_name
from sandbox.bitrix24.call import Call, Page
from sandbox.bitrix24.errors import Json, RestError
from sandbox.bitrix24.lists import classic_list, picked, simple_columns
from sandbox.bitrix24.params import text, whole, yes
from sandbox.bitrix24.registry import Methods

methods = Methods("disk")
FIRST_STORAGE, FIRST_ROOT = 1330, 8903
COMMON = 0


def _storage(call: Call, user_id: int) -> Json:
    """The storage of a person, or the company's (0)."""
    user = call.store.get("users", user_id)
    return {
        "ID": FIRST_STORAGE + user_id,
        "NAME": full_name(user) if user else "Общий диск",
        "CODE": None if user else "shared_files",
        "MODULE_ID": "disk",
        "ENTITY_TYPE": "user" if user else "common",
        "ENTITY_ID": str(user_id) if user else "shared_files_s1",
        "ROOT_OBJECT_ID": FIRST_ROOT + user_id,
    }


def _storages(call: Call) -> list[Json]:
    return [_storage(call, one) for one in (COMMON, *call.store.table("users"))]


@methods("disk.storage.getlist")
def storages(call: Call) -> Page:
    types = {"ID": "integer", "NAME": "string", "ENTITY_TYPE": "string", "ENTITY_ID": "string"}
    return classic_list(call, _storages(call), simple_columns(types), lambda row, select: picked(_shown(row), select))


def _shown(row: Json) -> Json:
    return {**row, "ID": str(row["ID"]), "ROOT_OBJECT_ID": str(row["ROOT_OBJECT_ID"])}


def _missing(number: int) -> RestError:
    return RestError("ERROR_NOT_FOUND", f"Could not find entity with id `{number}`")


def _folder(call: Call, number: int) -> Json:
    """A folder by its number: a storage's root or one made inside."""
    for storage in _storages(call):
        if storage["ROOT_OBJECT_ID"] == number:
            return {
                "id": number,
                "name": storage["NAME"],
                "parent": None,
                "storage": storage["ID"],
                "created": call.now,
            }
    row = call.store.get("folders", number)
    if row is None:
        raise _missing(number)
    return row


def _root(call: Call) -> Json:
    for storage in _storages(call):
        if storage["ID"] == call.whole("id"):
            return _folder(call, storage["ROOT_OBJECT_ID"])
    raise _missing(call.whole("id"))


@methods("disk.storage.get")
def storage_get(call: Call) -> Json:
    found = next((row for row in _storages(call) if row["ID"] == call.whole("id")), None)
    if found is None:
        raise _missing(call.whole("id"))
    return _shown(found)


@methods("disk.storage.getchildren")
def storage_children(call: Call) -> Page:
    return _children(call, _root(call))


@methods("disk.folder.getchildren")
def folder_children(call: Call) -> Page:
    return _children(call, _folder(call, call.whole("id")))


def _children(call: Call, folder: Json) -> Page:
    inside = [_folder_shown(call, row) for row in call.store.table("folders").values() if row["parent"] == folder["id"]]
    held = [row for row in call.store.table("files").values() if row.get("folder") == folder["id"]]
    found = sorted(inside + [file_shown(call, row) for row in held], key=lambda row: int(row["ID"]))
    types = {"ID": "integer", "NAME": "string", "TYPE": "string"}
    return classic_list(call, found, simple_columns(types), lambda row, _: {**row, "ID": str(row["ID"])})


@methods("disk.folder.get")
def folder_get(call: Call) -> Json:
    return _folder_shown(call, _folder(call, call.whole("id")))


@methods("disk.folder.addsubfolder")
def folder_add(call: Call) -> Json:
    return _add_folder(call, _folder(call, call.whole("id")))


@methods("disk.storage.addfolder")
def storage_folder(call: Call) -> Json:
    return _add_folder(call, _root(call))


def _add_folder(call: Call, parent: Json) -> Json:
    name = text(call.map("data").get("NAME"))
    if not name:
        raise RestError("DISK_BASE_SERVICE_22001", "NAME is required")
    known = call.store.table("folders").values()
    if any(row["parent"] == parent["id"] and row["name"] == name for row in known):
        raise RestError("DISK_OBJ_22000", "Файл или папка с таким именем уже есть")
    number = call.store.new_id("files")
    row = {"id": number, "name": name, "parent": parent["id"], "storage": parent["storage"], "created": call.now}
    call.store.put("folders", number, row)
    return _folder_shown(call, row)


def _folder_shown(call: Call, row: Json) -> Json:
    parent = {"PARENT_ID": None if row["parent"] is None else str(row["parent"])}
    times = dict.fromkeys(("CREATE_TIME", "UPDATE_TIME"), call.shown(row["created"]))
    return {
        "ID": row["id"],
        "NAME": row["name"],
        "CODE": None,
        "STORAGE_ID": str(row["storage"]),
        "TYPE": "folder",
        **parent,
        **times,
    }


@methods("disk.folder.uploadfile")
def folder_upload(call: Call) -> Json:
    return _upload(call, _folder(call, call.whole("id")))


@methods("disk.storage.uploadfile")
def storage_upload(call: Call) -> Json:
    return _upload(call, _root(call))


def _upload(call: Call, folder: Json) -> Json:
    """With `fileContent` the file itself, without it the address to post the file to."""
    if call.any("fileContent") is None:
        return {"field": "file", "uploadUrl": f"{call.base}/rest/upload.json?token=disk%7C{folder['id']}"}
    pair = files.read_pair(call.any("fileContent"))
    name = text(call.map("data").get("NAME"))
    if not name:
        raise RestError("DISK_BASE_SERVICE_22001", "NAME is required")
    if pair is None:
        raise RestError("ERROR_COULD_NOT_SAVE_FILE", "Could not save file.")
    return file_shown(call, save(call, folder, name, pair[1], unique=yes(call.any("generateUniqueName"))))


def save(call: Call, folder: Json, name: str, content: str | bytes, *, unique: bool) -> Json:
    """Store a file in a folder; a name that is taken gets a number where `unique` says so."""
    taken = {row["name"] for row in call.store.table("files").values() if row.get("folder") == folder["id"]}
    if name in taken and not unique:
        raise RestError("DISK_OBJ_22000", "Файл или папка с таким именем уже есть")
    stem, dot, ending = name.rpartition(".")
    place = 1
    free = name
    while free in taken:
        free = f"{stem or ending} ({place}){dot}{ending if stem else ''}"
        place += 1
    return files.store_file(call, free, content, folder=folder["id"], storage=folder["storage"])


def upload(call: Call, folder_id: int, name: str, content: bytes) -> Json:
    """What a POST to the upload address does."""
    return file_shown(call, save(call, _folder(call, folder_id), name, content, unique=True))


def file_shown(call: Call, row: Json) -> Json:
    return {
        "ID": row["id"],
        "NAME": row["name"],
        "CODE": None,
        "STORAGE_ID": str(row.get("storage", "")),
        "TYPE": "file",
        "PARENT_ID": str(row.get("folder", "")),
        "DELETED_TYPE": 0,
        "GLOBAL_CONTENT_VERSION": 1,
        "FILE_ID": 23866 + row["id"],
        "SIZE": str(row["size"]),
        "CREATE_TIME": call.shown(row["created"]),
        "UPDATE_TIME": call.shown(row["created"]),
        "DELETE_TIME": None,
        "CREATED_BY": str(row["author"]),
        "UPDATED_BY": str(row["author"]),
        "DELETED_BY": None,
        "DOWNLOAD_URL": files.link(call, row["id"]),
        "DETAIL_URL": f"{call.base}/company/personal/user/{row['author']}/disk/file/{row['name']}",
    }


def _file(call: Call) -> Json:
    row = call.store.get("files", call.whole("id"))
    if row is None:
        raise _missing(call.whole("id"))
    return row


@methods("disk.file.get")
def file_get(call: Call) -> Json:
    return file_shown(call, _file(call))


@methods("disk.file.getExternalLink")
def file_link(call: Call) -> str:
    return files.link(call, whole(_file(call)["id"]))


@methods("disk.file.delete")
def file_delete(call: Call) -> bool:
    call.store.drop("files", _file(call)["id"])
    return True
