"""What amoCRM's refusals mean: for the whole account, or for single items of a batch."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from connectors.base import mask
from connectors.http import Reply
from provodka.errors import AuthFailed, ConnectorError, RateLimited, Rejected

BLOCKED_SECONDS: Final = 900.0
LONGEST_TEXT: Final = 400
CONTACT_GONE: Final = "contact_gone"
STALE_IDS: Final = {"NotSupportedChoice"}

NO_ENTRY: Final = "amoCRM не принял токен: интеграция отключена или токен отозван. Выдайте доступ заново."
UNPAID: Final = "Аккаунт amoCRM не оплачен или тариф не позволяет это. После оплаты работа продолжится сама."
MOVED: Final = "Аккаунт amoCRM переехал на другой адрес: исправьте crm.url."
BLOCKED: Final = (
    "amoCRM заблокировал запросы с этого адреса после превышений лимита. Напишите в поддержку amoCRM: "
    "укажите IP-адрес сервера, поддомен и ID аккаунта."
)
IP_LIST: Final = "В amoCRM включён список разрешённых IP-адресов: добавьте в него адрес этого сервера."
BUSINESS: Final = (
    "amoCRM не принял изменение этой карточки: её удалили или объединили с другой, "
    "либо её состояние этого не допускает."
)
NO_RIGHTS: Final = "У пользователя, от имени которого выдан токен amoCRM, нет прав на это действие."
NO_ADDING: Final = "amoCRM не даёт создавать сделки: истекла подписка или у владельца токена нет прав (ошибка 244)."
CUSTOMERS_OFF: Final = "В amoCRM выключены «Покупатели», или у владельца токена нет прав на них."
NO_CUSTOMERS: Final = {"288", "425", "426"}

# (what the path of a validation error contains, the cure)
_CURES: Final = (
    ("responsible_user_id", "Ответственного нет в amoCRM или он отключён: проверьте staff."),
    ("loss_reason_id", "Причины отказа нет в amoCRM: её удалили или переименовали."),
    ("custom_fields_values", "Поле или вариант списка удалён либо переименован в amoCRM, или значение не того типа."),
    ("status_id", "Этапа нет в этой воронке amoCRM: проверьте pipeline и stage."),
    ("pipeline_id", "Воронки нет в amoCRM: проверьте pipeline."),
    ("_embedded.contacts", "Контакт удалён или объединён в amoCRM."),
    ("task_type_id", "Типа задачи нет в amoCRM: проверьте type."),
    ("entity_id", "Карточка, о которой идёт речь, удалена в amoCRM или объединена с другой."),
    ("tags", "amoCRM не принял теги."),
)
_LEGACY_CODE: Final = re.compile(r"[Кк]од ошибки (\d+)")


def classify(reply: Reply) -> ConnectorError | None:
    """Answers that concern the whole account, whatever the request was; None leaves it to the status."""
    if reply.status < 300:
        return None
    data = reply.data if isinstance(reply.data, dict) else {}
    detail, status = str(data.get("detail", "")), reply.status
    if status < 400:
        return AuthFailed(f"redirected to {reply.headers.get('location', '?')}", hint=MOVED, status=status)
    if status == 401:
        return AuthFailed(reply.words, hint=NO_ENTRY, status=status)
    if status == 402 or (status == 400 and detail == "Payment Required"):
        return AuthFailed(reply.words, hint=UNPAID, status=status)
    if status == 403 and not data:
        return RateLimited("blocked", hint=BLOCKED, status=status, code="blocked", wait=BLOCKED_SECONDS)
    legacy = _LEGACY_CODE.search(detail)
    if legacy and legacy[1] in NO_CUSTOMERS:
        return Rejected(reply.words, hint=CUSTOMERS_OFF, status=status, code=legacy[1])
    if status == 403:
        if str(data.get("status")) == "113":
            return AuthFailed(reply.words, hint=IP_LIST, status=status, code="113")
        return Rejected(reply.words, hint=NO_RIGHTS, status=status)
    if status == 400 and legacy and legacy[1] == "244":
        return AuthFailed(reply.words, hint=NO_ADDING, status=status, code="244")
    return None


@dataclass(frozen=True, slots=True)
class Refusals:
    """Who of a refused batch was named: by `request_id`, or by the id of the entity. `whole` stands for the rest."""

    whole: Rejected
    by_request: dict[str, Rejected] = field(default_factory=dict)
    by_entity: dict[str, Rejected] = field(default_factory=dict)


def read_refusals(reply: Reply) -> Refusals:
    """The three shapes of a 400: `validation-errors`, `errors` as a map by entity id, `errors` as a list."""
    data = reply.data if isinstance(reply.data, dict) else {}
    whole = Rejected(reply.words, status=reply.status)
    by_request: dict[str, Rejected] = {}
    for row in _rows(data.get("validation-errors")):
        by_request[str(row.get("request_id"))] = _validation(row, reply.status)
    errors = data.get("errors")
    if isinstance(errors, dict):
        refused = {str(i): Rejected(_short(text), hint=BUSINESS, status=400) for i, text in errors.items()}
        return Refusals(whole, by_request, refused)
    for row in _rows(errors):
        if "request_id" in row:
            text = _short(row.get("detail") or row.get("title"))
            by_request[str(row["request_id"])] = Rejected(text, status=400, code=str(row.get("status", "")))
    return Refusals(whole, by_request)


def refusal(reply: Reply, cure: str = "") -> Rejected:
    """The refusal of a single change; `cure` is the hint where the answer itself leads to none."""
    found = read_refusals(reply)
    error = next(iter((*found.by_request.values(), *found.by_entity.values())), found.whole)
    return Rejected(error.reason, hint=error.hint or cure, status=error.status, code=error.code)


def _validation(row: dict[str, Any], status: int) -> Rejected:
    errors = _rows(row.get("errors"))
    text = "; ".join(f"{e.get('path')}: {e.get('detail')} ({e.get('code')})" for e in errors)
    paths = [str(e.get("path")) for e in errors]
    code = str(errors[0].get("code", "")) if errors else ""
    if any(re.fullmatch(r"_embedded\.contacts\.\d+(\.id)?", path) for path in paths):
        code = CONTACT_GONE
    cure = next((cure for part, cure in _CURES if any(part in path for path in paths)), "")
    return Rejected(_short(text), hint=cure, status=status, code=code)


def _rows(raw: object) -> list[dict[str, Any]]:
    return [row for row in raw if isinstance(row, dict)] if isinstance(raw, list) else []


def _short(text: object) -> str:
    return mask(str(text))[:LONGEST_TEXT]
