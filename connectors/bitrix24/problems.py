"""What Bitrix24's refusals mean. Its code comes first, then its words where the code is empty, then the status."""

from __future__ import annotations

import html
import re
from typing import Any, Final

from connectors.answers import Reply
from connectors.base import mask
from provodka.errors import Ambiguous, AuthFailed, ConnectorError, RateLimited, Rejected, Retryable

LONGEST_TEXT: Final = 400
TOO_FAST_SECONDS: Final = 1.0  # two calls drain in it; no answer ever says how long to wait
OVERLOAD_SECONDS: Final = 900.0
PAYMENT_SECONDS: Final = 900.0
METHOD_SECONDS: Final = 60.0  # a bucket of the vendor's count: sooner nothing can have left it

NOT_FOUND: Final = "not_found"
METHOD_BLOCKED: Final = "OPERATION_TIME_LIMIT"
EXPIRED: Final = frozenset({"EXPIRED_TOKEN", "INVALID_TOKEN"})
SCOPE_LACKING: Final = "INSUFFICIENT_SCOPE"
WRONG_AUTH: Final = "WRONG_AUTH_TYPE"

NO_ENTRY: Final = (
    "Битрикс24 не принял токен вебхука: вебхук удалён, изменён или написан с ошибкой. Создайте входящий вебхук заново "
    "(Разработчикам → Другое → Входящий вебхук) и поставьте его в crm.url."
)
DISMISSED: Final = (
    "Сотрудник, от имени которого создан вебхук или приложение, уволен или отключён. Создайте вебхук от имени "
    "действующего сотрудника (лучше отдельного, для интеграции)."
)
NO_SCOPE: Final = "У вебхука или приложения нет нужных прав: отметьте crm, task, user и telephony в его настройках."
NO_RIGHT: Final = "У вебхука или приложения Битрикс24 нет права «{right}»: отметьте его в настройках."
NO_PLAN: Final = "REST в Битрикс24 работает только на платном тарифе с подпиской. После оплаты работа продолжится сама."
NO_RIGHTS: Final = "У сотрудника, от имени которого создан вебхук, нет прав на это в Битрикс24."
DELETED: Final = "Портал Битрикс24 удалён или закрыт. Проверьте crm.url."
MOVED: Final = "Портал Битрикс24 переименован: поставьте в crm.url новый адрес {where} (код вебхука остаётся прежним)."
OVERLOAD: Final = "Битрикс24 заблокировал REST портала из-за перегрузки: напишите в поддержку Битрикс24."
CONFIRM: Final = "Метод ждёт подтверждения администратора в Битрикс24: откройте уведомление на портале и разрешите."
APP_ONLY: Final = "Этот метод работает только для приложения: нужен раздел oauth."
GONE: Final = "Карточки нет в Битрикс24: её удалили, объединили, или на неё нет прав."
REQUIRED: Final = "Битрикс24 не принял поля карточки: заполните обязательные поля или проверьте их значения в правиле."

_STOPS: Final[dict[str, str]] = {
    "INVALID_CREDENTIALS": NO_ENTRY,
    "NO_AUTH_FOUND": NO_ENTRY,
    "INVALID_TOKEN": NO_ENTRY,
    "EXPIRED_TOKEN": NO_ENTRY,
    "APPLICATION_NOT_FOUND": NO_ENTRY,
    "ERROR_OAUTH": NO_ENTRY,
    "NOT_INSTALLED": NO_ENTRY,
    "AUTHORIZATION_ERROR": DISMISSED,
    "USER_ACCESS_ERROR": DISMISSED,
    "ALLOWED_ONLY_INTRANET_USER": DISMISSED,
    SCOPE_LACKING: NO_SCOPE,
    "PORTAL_DELETED": DELETED,
    "PAYMENT_REQUIRED": NO_PLAN,
    "METHOD_CONFIRM_WAITING": CONFIRM,
    "METHOD_CONFIRM_DENIED": CONFIRM,
}
_WAITS: Final[dict[str, tuple[float | None, str]]] = {
    "QUERY_LIMIT_EXCEEDED": (TOO_FAST_SECONDS, ""),
    METHOD_BLOCKED: (None, ""),  # concerns one method, so it must not hold the account: the client tells for how long
    "OVERLOAD_LIMIT": (OVERLOAD_SECONDS, OVERLOAD),
}
_UNCLEAR: Final = frozenset({"INTERNAL_SERVER_ERROR", "ERROR_UNEXPECTED_ANSWER", "WRONG_ENCODING"})
_MISSING: Final = frozenset({"NOT_FOUND", "OWNER_NOT_FOUND", "ERROR_NOT_FOUND"})
_TAG: Final = re.compile(r"<[^>]*>")


def classify(reply: Reply) -> ConnectorError | None:
    """The error that an answer stands for; None for a success, and for what only its status can tell."""
    if 300 <= reply.status < 400:
        where = mask(reply.headers.get("location", "?").partition("/rest/")[0])
        return AuthFailed(f"redirected to {where}", hint=MOVED.format(where=where), status=reply.status)
    if not isinstance(reply.data, dict) or "error" not in reply.data:
        return None
    return refusal(reply.data, reply.status, write=reply.write)


def refusal(data: dict[str, Any], status: int | None, *, write: bool) -> ConnectorError:
    """What `{"error", "error_description"}` means, be it a whole answer or one command of a batch."""
    code, words = _read(data)
    known = code.upper()
    reason = f"{code}: {words}" if code and words and words != code else words or code or "refused without a word"
    if known in _WAITS:
        wait, hint = _WAITS[known]
        return RateLimited(reason, hint=hint, status=status, code=known, wait=wait)
    if known in _STOPS:
        return AuthFailed(reason, hint=_STOPS[known], status=status, code=known)
    if known == "ACCESS_DENIED" and "commercial" in words.lower():
        return AuthFailed(reason, hint=NO_PLAN, status=status, code=known)
    if known == WRONG_AUTH or "application context" in words.lower():
        return Rejected(reason, hint=APP_ONLY, status=status, code=WRONG_AUTH)
    if known == "INVALID_REQUEST" and "https" in words.lower():
        return AuthFailed(reason, hint="Поставьте в crm.url адрес с https.", status=status, code=known)
    if known in _UNCLEAR or (not code and (status or 0) >= 500):
        return (Ambiguous if write else Retryable)(reason, status=status, code=known)
    return _rejected(reason, words, known, status)


def _rejected(reason: str, words: str, code: str, status: int | None) -> Rejected:
    said = words.lower().rstrip(".")
    if code in _MISSING or said in {"not found", "id is not defined or invalid"}:
        return Rejected(reason, hint=GONE, status=status, code=NOT_FOUND)
    if code in {"ACCESS_DENIED", "ACCESS_ERROR"} or said.startswith("access denied"):
        return Rejected(reason, hint=NO_RIGHTS, status=status, code="ACCESS_DENIED")
    if code == "ERROR_CORE" or code.startswith("CRM_FIELD_ERROR"):
        return Rejected(reason, hint=REQUIRED, status=status, code=code)
    return Rejected(reason, status=status, code=code)


def _read(data: dict[str, Any]) -> tuple[str, str]:
    """Code and words. The code may be a text, empty, a number, a sentence, or the object of REST 3.0."""
    error = data.get("error")
    if isinstance(error, dict):
        return str(error.get("code") or ""), _plain(error.get("message"))
    code = "" if error is None else str(error).strip()
    words = _plain(data.get("error_description"))
    if " " in code:
        return "", _plain(f"{code}. {words}" if words else code)
    return code, words


def _plain(text: object) -> str:
    """Words without the HTML that task errors carry."""
    bare = _TAG.sub(" ", html.unescape(str(text or "")))
    return mask(" ".join(bare.split()))[:LONGEST_TEXT]
