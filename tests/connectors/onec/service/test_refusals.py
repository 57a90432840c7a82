"""What a published service of 1C answers when something is wrong: which error it is, and what support is told."""

from __future__ import annotations

import json

import pytest

from connectors.answers import Reply, parse
from connectors.onec.cures import CLASH, NOT_FOUND
from connectors.onec.refusals import METHOD, NOT_PUBLISHED, judged
from provodka.errors import Ambiguous, AuthFailed, RateLimited, Rejected, Retryable

STACK = "{HTTPСервис.crm.Модуль(57)}: Ошибка при вызове метода контекста (Записать): "
MAINTENANCE = {
    "#exception": "{http://v8.1c.ru/8.2/virtual-resource-system}Exception",
    "exception": {
        "reason": 403,
        "descr": "HTTP: Forbidden\nОшибка при выполнении запроса GET к ресурсу /hs/crm/v1/changes:",
        "inner": {"descr": "Начало сеанса с информационной базой запрещено.\nВедутся технические работы"},
    },
}
CRASH = (
    "<!DOCTYPE HTML><html><head><title>1C:Enterprise 8 application error</title></head><body>"
    "<h2>1C:Enterprise 8 application error:</h2>Unrecoverable error<br><b>by reason: </b><br>{reason}</body></html>"
)
FAULT = (
    '<?xml version="1.0"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault>'
    "<faultcode>soap:Server</faultcode><faultstring>{text}</faultstring></soap:Fault></soap:Body></soap:Envelope>"
)


def answered(status: int, body: str | bytes | dict, *, write: bool = True) -> Reply:
    if isinstance(body, dict):
        body = json.dumps(body, ensure_ascii=False)
    raw = body.encode() if isinstance(body, str) else body
    return Reply(status, {}, raw, parse(raw), write)


def told(message: str, code: str = "validation", field: str = "") -> dict:
    return {"error": {"code": code, "message": message, "field": field}}


@pytest.mark.parametrize(
    ("status", "body", "error", "hint"),
    [
        (422, told("ИНН содержит ошибку в контрольном разряде", field="counterparty.inn"), Rejected, "ИНН покупателя"),
        (422, told("Контрагентов с ИНН 7701999111 и КПП 770101001 несколько: 2"), Rejected, "объединить"),
        (422, told("КПП 123 записан неверно"), Rejected, "у филиала он свой"),
        (422, told("Номенклатура не найдена: Лицензия (артикул L-1)"), Rejected, "products.create"),
        (422, told("Сумма строк 99.99 не равна сумме счёта 100.00"), Rejected, "округление"),
        (422, told("Валюты USD в базе нет"), Rejected, "currency"),
        (422, told("Строка 1: ставка НДС «18» не распознана"), Rejected, "ставку НДС"),
        (422, told("Организация с ИНН 7801999002 не найдена"), Rejected, "organization.inn"),
        (422, told("Документ 00БП-000217 отменить нельзя: по нему есть оплата"), Rejected, "только бухгалтер"),
        (422, told("Так нельзя"), Rejected, "1С отказала"),
        (409, told("Под этим номером уже записан документ с другим содержанием"), Rejected, "другой документ"),
        (404, told("Документ 1 не найден", NOT_FOUND), Rejected, "Такого объекта в 1С нет"),
        (404, "<html><body>Not Found</body></html>", AuthFailed, "опубликуйте сервис"),
        (404, "", AuthFailed, "опубликуйте сервис"),
        (405, "", Rejected, "разрешите PUT"),
        (501, "<html>Not Implemented</html>", Rejected, "разрешите PUT"),
        (401, "<html><body>401 - Unauthorized</body></html>", AuthFailed, "имя или пароль"),
        (401, {"error": {"code": "20", "message": "Недостаточно прав для чтения"}}, AuthFailed, "нет прав"),
        (403, "<html><body>403 Forbidden</body></html>", AuthFailed, "Доступ к сервису"),
        (403, MAINTENANCE, RateLimited, "на обслуживание"),
        (403, "\ufeff" + json.dumps(MAINTENANCE), RateLimited, "на обслуживание"),
        (406, "", RateLimited, "Свободных сеансов"),
        (500, CRASH.format(reason="Не обнаружено свободной лицензии!"), RateLimited, "закончились лицензии"),
        (500, STACK + "Конфликт блокировок при выполнении транзакции:\nПревышено максимальное", Retryable, "заняты"),
        (500, STACK + "Объект изменен или удален другим пользователем", Retryable, "открыт в 1С"),
        (500, STACK + "Дата запрета изменения данных: 30.06.2026", Rejected, "Период в 1С закрыт"),
        (500, STACK + "Недостаточно прав для записи", AuthFailed, "нет прав"),
        (500, STACK + 'Не заполнено поле "Склад"', Rejected, "обязательного поля"),
        (500, FAULT.format(text='Ошибка: Не заполнено поле "Организация"'), Rejected, "нашу организацию"),
        (500, FAULT.format(text="Ошибка преобразования данных XDTO:\nПроверка свойства"), Rejected, "опубликуйте"),
        (500, CRASH.format(reason="No space left on device"), Ambiguous, "место на диске"),
        (502, "<html>Bad Gateway</html>", Ambiguous, "Сервер 1С упал"),
        (200, "<html><body>Вход в сервис</body></html>", Ambiguous, "веб-страница"),
        (200, {"error": "Период закрыт: 30.06.2026"}, Rejected, "Период в 1С закрыт"),
        (200, FAULT.format(text="Период закрыт"), Rejected, "Период в 1С закрыт"),
    ],
)
def test_each_answer_is_the_error_that_it_means_with_a_cure_in_russian(status, body, error, hint):
    found = judged(answered(status, body))
    assert type(found) is error, found
    assert hint in found.hint
    assert found.status == status


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (404, told("Документ 1 не найден", NOT_FOUND), NOT_FOUND),
        (404, told("Печатная форма ещё не сформирована", "not_ready"), NOT_FOUND),
        (500, FAULT.format(text="{WebСервис.Модуль(1)}: Печатная форма ещё не сформирована"), NOT_FOUND),
        (404, "<html>404</html>", NOT_PUBLISHED),
        (405, "", METHOD),
        (409, told("Уже есть"), CLASH),
        (500, FAULT.format(text="Под этим номером уже записан документ с другим содержанием"), CLASH),
    ],
)
def test_what_the_road_decides_by_has_a_code(status, body, code):
    assert judged(answered(status, body)).code == code


def test_a_read_that_broke_is_simply_done_again():
    for body in (CRASH.format(reason="No space left on device"), "<html>Bad Gateway</html>"):
        assert type(judged(answered(500, body, write=False))) is Retryable
    assert type(judged(answered(200, "<html>Вход</html>", write=False))) is Retryable


def test_what_is_called_after_a_licence_does_not_wait_for_one():
    for name in ("Лицензия 1С", "Монопольный режим", "Резервное копирование", "Валюта"):
        for status, body in ((422, told(f"Номенклатура не найдена: {name}")), (500, f"Не найден товар {name}")):
            assert type(judged(answered(status, body))) is Rejected


def test_words_are_shown_without_modules_places_and_without_phones():
    found = judged(answered(500, STACK + "Телефон +7 495 000-11-22 занят\nв другой карточке"))
    assert found.reason == "Телефон +7495•••1122 занят в другой карточке"


def test_words_of_windows_are_read_too():
    assert "закрыт" in judged(answered(500, "Период закрыт".encode("cp1251"))).reason


def test_a_field_is_named_beside_the_words():
    found = judged(answered(422, told("Неверно", field="lines.0.sku")))
    assert found.reason == "Неверно (lines.0.sku)"


def test_success_is_no_error():
    for body in ({"status": "created", "ref": "1"}, b"%PDF-1.4 <faultstring>x</faultstring>", ""):
        assert judged(answered(200, body)) is None
