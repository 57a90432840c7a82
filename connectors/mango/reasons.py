"""What MANGO's codes mean, in words. It asks to treat a code that is not listed as its class."""

from __future__ import annotations

from typing import Final

_CODES: Final = {
    "1100": "звонок завершён",
    "1110": "звонивший положил трубку",
    "1111": "не ответили",
    "1120": "вызываемый положил трубку",
    "1121": "занято",
    "1122": "вызов отклонён",
    "1123": "вызов отклонён",
    "1124": "вызов отклонён",
    "1131": "абонент недоступен",
    "1170": "завершён по схеме обработки",
}
_CLASSES: Final = {
    "117": "завершён по схеме обработки",
    "1": "звонок завершён",
    "2": "не оплачено или ограничено тарифом",
    "31": "ошибка в параметрах вызова",
    "33": "номер не найден",
    "43": "SMS не отправлена",
    "4": "вызов не удался",
    "5": "ошибка на стороне АТС",
}
SUCCESS: Final = "1"  # how the codes begin of what is no error


def is_success(code: str) -> bool:
    """Whether the code is of the class that is no error; also the ends of calls are."""
    return code.startswith(SUCCESS)


def reason(code: str) -> str:
    """`1121 занято`; the code alone where not even its class is known, nothing for no code."""
    words = _CODES.get(code) or next((words for start, words in _CLASSES.items() if code.startswith(start)), "")
    return f"{code} {words}".strip()
