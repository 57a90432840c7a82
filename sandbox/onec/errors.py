"""What a 1C base refuses, in 1C's own words; every road (OData, SOAP, HTTP services) dresses it in its own form."""

from __future__ import annotations


class OnecError(Exception):
    """A refusal of application code: a posting refused, a field not filled, a period closed."""


class NotFoundError(OnecError):
    """There is no such set, object or document."""


class KeyExistsError(OnecError):
    """An object with this key is there already."""


class LockedError(OnecError):
    """Somebody holds the object: the transaction waited and was rolled back. Worth repeating."""


class BadActError(OnecError):
    """An act of the accountant that makes no sense here; nothing was changed."""


LOCK_CONFLICT = (
    "Конфликт блокировок при выполнении транзакции:\nПревышено максимальное время ожидания предоставления блокировки"
)
STACK = (
    "{Документ.СчетНаОплатуПокупателю.МодульОбъекта(214)}: Ошибка при вызове метода контекста (Записать)\n"
    "по причине:\n{ОбщийМодуль.РасширениеПродаж.Модуль(57)}: Не заполнен вид договора"
)
