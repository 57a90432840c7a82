"""Errors of the interface: an HTTP status, the interface's own code, and a text in Russian."""

from __future__ import annotations

from sandbox.onec.errors import KeyExistsError, OnecError

INTERNAL = "Произошла внутренняя ошибка OData сервиса"
UNIQUE = "Запись не уникальна: нарушено условие уникальности"


class ODataError(Exception):
    """`code` is the interface's; -1 stands for whatever application code raised."""

    def __init__(self, status: int, code: int, text: str, lang: str = "ru") -> None:
        super().__init__(text)
        self.status, self.code, self.text, self.lang = status, code, text, lang


def bad_value(value: object, edm: str) -> ODataError:
    """Code 1: a value that is nothing of its type."""
    return ODataError(400, 1, f"Не удалось разобрать строку '{value}' как значение типа {edm}!")


def bad_option(name: str) -> ODataError:
    """Code 14: a query option that cannot be parsed."""
    return ODataError(400, 14, f"Ошибка при разборе опции запроса {name}")


def no_segment(name: str) -> ODataError:
    """Code 6: a step of a path that leads nowhere."""
    return ODataError(400, 6, f"Сегмент пути {name} не найден!")


def no_property(name: str) -> ODataError:
    """Code 10."""
    return ODataError(400, 10, f'Свойство "{name}" не найдено!')


def no_set(name: str) -> ODataError:
    """Code 8: not published, or no such object."""
    return ODataError(404, 8, f'Тип сущности "{name}" не найден!')


def no_instance(name: str) -> ODataError:
    """Code 9."""
    return ODataError(404, 9, f'Экземпляр сущности "{name}" не найден по переданному ключу.')


def no_method(name: str) -> ODataError:
    """Code 19: this verb may not be used here."""
    return ODataError(405, 19, f"Метод {name} не может быть применен к этому ресурсу")


def internal() -> ODataError:
    """What the service answers to a body it cannot read."""
    return ODataError(500, -1, INTERNAL, "ru-RU")


def refused(error: OnecError, duplicate: str) -> ODataError:
    """What application code refused; `duplicate` says how this base answers to a used key."""
    if isinstance(error, KeyExistsError):
        return ODataError(400, 15, str(error)) if duplicate == "400" else ODataError(500, -1, UNIQUE, "ru-RU")
    return ODataError(500, -1, str(error), "ru-RU")
