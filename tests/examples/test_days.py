"""A day of a client, played through the real house and the sandbox; the board of the CRM tells what came of it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from sandbox.senders.letters import Attachment
from tests.end_to_end.company import until
from tests.end_to_end.crms import SECRET
from tests.examples.clients import EXAMPLES
from tests.examples.day import Client, opened

ALMAZ = "+79174001122"
PLAN = Attachment("план.pdf", b"%PDF-1.4", "application/pdf")


def board(client: Client) -> dict[str, Any]:
    """Each lead by its title: where it stands, whose it is, and what is to be done."""
    return {
        lead["name"]: (
            lead["status"],
            lead["responsible_email"],
            sorted(f"{task['responsible']}: {task['text']}" for task in lead["tasks"]),
        )
        for lead in client.leads()
    }


@pytest.mark.shows("S4-01", "S4-03", "S4-05", "S4-06", "S4-08")
def test_a_roof_is_sold(tmp_path: Path) -> None:
    waits = {"Лид не взят за минуту — следующему, потом РОПу": "1s 2s"}
    with opened(EXAMPLES / "4-roofing-amocrm/config.yaml", tmp_path, waits) as client:
        client.form(ALMAZ, name="Алмаз", comments="Крыша 120 м²").raise_for_status()
        until(lambda: any("две минуты стоит на первом этапе" in text for text in client.told()), "the head of sales")

        call = client.mango.call(ALMAZ[1:], "73472000011", "11", 95.0, started=_minutes_ago(3))
        assert {answer.status_code for answer in call} == {200}
        client.rest("call.finished")
        assert client.lead()["status"] == "ОП взял в работу"

        client.move(client.lead(), "Горячие")
        client.rest("lead.stage_changed")
        client.letter("Алмаз <almaz@example.ru>", "План", f"Мой телефон {ALMAZ}", attachments=[PLAN])
        client.rest("email.received")
        assert client.lead()["status"] == "Объёмы у Турала"

        moved_at = int(time.time())
        client.moved_by("aigul@krovlyafasad.ru", client.lead(), "КП готово")
        until(lambda: any("переводит инженер, не aigul" in text for text in client.told()), "the head of sales is told")
        client.rest("lead.stage_changed", 2)
        assert client.lead()["status"] == "Объёмы у Турала"
        until(
            lambda: int(time.time()) > moved_at,
            "the next second: amoCRM tells two moves of one second apart by nothing",
        )
        client.moved_by("tural@krovlyafasad.ru", client.lead(), "КП готово")
        client.rest("lead.stage_changed", 3)
        learn = "кто он (строитель, частник), где строит, сколько домов, какой этап стройки"
        assert board(client) == {
            "Алмаз": (
                "КП готово",
                "ruslan@krovlyafasad.ru",
                [
                    "Айгуль Сафина: Позвонить в ту же минуту: +7 917 400-11-22",
                    "Руслан Хасанов: Озвучить КП и закрыть в оплату: 0\u00a0₽",
                    "Руслан Хасанов: Получить проект, план кровли или рисунок с размерами",
                    f"Руслан Хасанов: Узнать: {learn}",
                    "Турал Мамедов: Посчитать объёмы: Алмаз, место не указано, домов: ?, этап: ?",
                ],
            )
        }
        form, recording, letter = (note["text"] for note in client.lead()["notes"] if "text" in note)
        assert (form, letter) == ("Заявка с главной: Крыша 120 м²", f"План\n\nМой телефон {ALMAZ}")
        assert recording.startswith("Запись разговора: ")
        assert [call["duration"] for call in client.lead()["calls"]] == [95]


OLEG, VERA = "+79160001122", "+79160003344"


@pytest.mark.shows("S2-08", "S2-11", "S2-13", "S2-21")
def test_leads_of_a_studio_are_sold(tmp_path: Path) -> None:
    with opened(EXAMPLES / "2-sales-bitrix24/config.yaml", tmp_path) as client:
        client.form(OLEG, name="Олег", comments="Нужен сайт").raise_for_status()
        client.rest("form.submitted")
        fields = {"Имя": "Вера", "Телефон": VERA, "Комментарий": "Контекст", "Оператор": "17"}
        key = {"Authorization": f"Bearer {SECRET}"}
        sent = requests.post(f"{client.url}/hooks/callcentre", json=fields, headers=key, timeout=30)
        assert (sent.status_code, sent.json()["id"].partition(":")[0]) == (201, "otvet")
        client.rest("form.submitted", 2)
        client.rest("lead.created", 2)

        oleg, _ = client.leads()
        client.move(oleg, "В работе")
        client.rest("lead.stage_changed")
        until(lambda: any("взял в работу «Олег»" in text for text in client.told()), "the head of sales is told")
        client.changed(oleg, sourceId="")
        until(lambda: any("«Олег» стёрли" in text for text in client.told()), "the head of sales is told of the source")
        client.changed(oleg, assignedById=6)
        until(
            lambda: any("пытался передать «Олег»" in text for text in client.told()),
            "and of the lead that changed hands",
        )
        client.letter("Вера <vera@example.ru>", "Бриф", f"Во вложении бриф. Мой телефон {VERA}", attachments=[PLAN])
        client.rest("email.received")
        client.move(oleg, "Квалификация")
        client.rest("lead.stage_changed", 2)

        assert board(client) == {
            "Олег": (
                "Квалификация",
                "kirill@studio.ru",
                ["Кирилл Белов: Посмотреть отзывы о компании «Олег»: с плохой репутацией не работаем"],
            ),
            "Вера": ("Новый", "daria@studio.ru", []),
        }
        assert [lead["source"] for lead in client.leads()] == ["WEB", "CALLCENTER"]
        assert [note["text"] for note in client.leads()[1]["notes"]] == [
            "Контекст",
            "Файл: план.pdf",
            "Письмо от клиента\nОт: Вера <vera@example.ru>\nКому: sandbox@example.test\nТема: Бриф\n\n"
            f"Во вложении бриф. Мой телефон {VERA}\n\nФайлы в карточке: план.pdf",
        ]


def _minutes_ago(minutes: int) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


IGOR = "Игорь <igor@zavod.ru>"


@pytest.mark.shows("S3-06", "S3-07", "S3-08", "S3-11", "S3-12", "S3-18", "S3-20")
def test_a_request_becomes_a_deal(tmp_path: Path) -> None:
    with opened(EXAMPLES / "3-sales-1c/config.yaml", tmp_path) as client:
        client.letter(IGOR, "Подшипники", "Нужны сорок штук")
        client.rest("lead.created")
        form = {"name": "Игорь", "email": "igor@zavod.ru", "Вопрос": "Есть ли скидка"}
        requests.post(f"{client.url}/hooks/feedback/{SECRET}", data=form, timeout=30).raise_for_status()
        client.rest("form.submitted")
        client.moved_by("alexey@tehsnab.ru", client.lead(), "В работе")
        client.rest("lead.stage_changed")
        client.moved_by("alexey@tehsnab.ru", client.lead(), "Годный")
        client.rest("lead.stage_changed", 2)
        client.moved_by("alexey@tehsnab.ru", client.lead(), "Анализ информации", "Сделки")
        until(lambda: any("вернулась в лиды" in text for text in client.told()), "the senior seller is told")
        client.rest("lead.stage_changed", 3)

        assert board(client) == {
            "Игорь": (
                "Годный",
                "alexey@tehsnab.ru",
                [
                    "Алексей Громов: Обработать новый запрос: Подшипники",
                    "Алексей Громов: Узнать контакты, компанию и что нужно",
                ],
            )
        }
        assert client.lead()["pipeline"] == "Лиды"
        assert [note["text"] for note in client.lead()["notes"]] == [
            "Письмо от клиента\nОт: Игорь <igor@zavod.ru>\nКому: sandbox@example.test\nТема: Подшипники\n\n"
            "Нужны сорок штук",
            "Запрос с сайта: Есть ли скидка",
        ]


MARINA = "+79270001122"


@pytest.mark.shows("S1-02", "S1-06", "S1-07", "S1-16")
def test_a_sign_is_ordered(tmp_path: Path) -> None:
    with opened(EXAMPLES / "1-brief-bitrix24/config.yaml", tmp_path) as client:
        call = client.mango.call(MARINA[1:], "78460001101", "31", 60.0, started=_minutes_ago(2))
        assert {answer.status_code for answer in call} == {200}
        client.rest("call.finished")
        deal = client.lead()
        assert (deal["pipeline"], deal["status"], deal["tags"]) == ("Со склада", "Обращение", ["звонок", "яндекс"])

        client.changed(deal, ufCrmKind=client.option("ufCrmKind", "Под заказ"))
        client.rest("lead.updated")
        assert client.lead()["pipeline"] == "Под заказ"
        client.changed(deal, stageId=client.stage("DEAL_STAGE_1", "Смета"))
        client.rest("lead.stage_changed")
        deal = client.lead()
        assert (deal["pipeline"], deal["status"], deal["responsible_email"]) == (
            "Под заказ",
            "Обращение",
            "sergey@vitrina.ru",
        )
        assert [task["text"].splitlines()[0] for task in deal["tasks"]] == [
            f"«{deal['name']}» вернулась: приложите техническое задание"  # he has no Telegram
        ]


@pytest.mark.shows("S0-34", "S0-42", "S0-43", "S0-44")
def test_a_request_is_qualified_by_its_questionnaire(tmp_path: Path) -> None:
    with opened(EXAMPLES / "0-integrator-amocrm/config.yaml", tmp_path) as client:
        client.form("+79160001122", name="Мария", email="maria@example.ru", comments="Нужна CRM").raise_for_status()
        client.rest("lead.created")
        ivan = "ivan.petrov@highfive.ru"
        client.moved_by(ivan, client.lead(), "Квалификация")
        client.rest("lead.stage_changed")
        lead = client.lead()
        (link,) = lead["fields"]["Анкета"]
        path = urlsplit(link).path
        assert path.startswith(f"/f/anketa/{lead['id']}-")
        assert "Чем занимается компания" in requests.get(f"{client.url}{path}", timeout=30).text
        answers = {"Сфера деятельности": "Цветы", "Бюджет": "100–300 тысяч", "prv_consent": "да"}
        requests.post(f"{client.url}{path}", data=answers, timeout=30).raise_for_status()
        client.rest("form.submitted", 2)
        client.moved_by(ivan, client.lead(), "КП отправлено")
        client.rest("lead.stage_changed", 2)
        lead = client.lead()
        fields = {
            name: values for name, values in lead["fields"].items() if name in ("Сфера деятельности", "Бюджет клиента")
        }
        assert fields == {"Сфера деятельности": ["Цветы"], "Бюджет клиента": ["100–300 тысяч"]}
        assert any("вернулась в квалификацию. Нет: Должность, компания" in text for text in client.told())
        assert board(client) == {
            "Мария": (
                "Квалификация",
                ivan,
                [
                    "Иван Петров: Проверить клиента в открытых источниках: Мария",
                    "Иван Петров: Связаться: +7 916 000-11-22",
                ],
            )
        }
