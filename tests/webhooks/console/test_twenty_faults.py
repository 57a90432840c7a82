"""The faults that support meets, planted for real: the first page that a search leads to has the cause and the cure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import pytest

from sandbox.server import Sandbox
from tests.webhooks.console.desk import PASSWORD, Desk, Visitor, on
from tests.webhooks.console.faulty import Firm, phone

GUIDE = Path(__file__).parents[3] / "docs/ru/support.md"


@dataclass(frozen=True)
class Fault:
    """`typed` is what support types; `cause` and `cure` have to stand on the page that it leads to, in this order.
    `of_guide` is how the guide says the cause, where names of this client stand in it."""

    name: str
    typed: str
    cause: str
    cure: str
    of_guide: str = ""


FAULTS = (
    Fault("token", phone(1), "amoCRM не принимает ключ доступа: он истёк или отозван", "Создайте новый в настройках",
          "не принимает ключ доступа: он истёк или отозван"),
    Fault("stage", phone(2), "В amoCRM нет в воронке «Кровля» этапа «Переговоры»", "Верните прежнее имя (amoCRM)",
          "В amoCRM нет в воронке"),
    Fault("responsible", phone(3), "Сотрудника, которого назначает правило, в CRM нет, или он отключён",
          "Включите сотрудника (amoCRM) и нажмите «Отправить снова»"),
    Fault("field", phone(4), "В amoCRM нет поля «Комментарий»", "исправьте имя в правиле «Анкета»", "нет поля"),
    Fault("option", phone(44), "У поля «Источник» в CRM нет варианта «Радио»", "исправьте имя в правиле «Материал»",
          "нет варианта"),
    Fault("secret", phone(5), "Канал «landing»: присланное не принято. В адресе нет секрета, или он не тот",
          "Сверьте секрет (ключ, подпись) «landing»", "присланное не принято"),
    Fault("double", phone(6), "Человек заведён в CRM не один раз: контакты 21000001, 21000002",
          "Объедините эти контакты в CRM", "Человек заведён в CRM не один раз"),
    Fault("mailbox", "maria@example.ru", "Канал «mail» (Почтовый ящик) не работает. Не пускает: пароль или ключ не тот",
          "принимают только пароль приложения", "Не пускает: пароль или ключ не тот"),
    Fault("1c-away", phone(8), "Нет связи: 1С не отвечает", "Проверьте, включён ли сервер"),
    Fault("1c-twice", phone(9), "В 1С несколько контрагентов с ИНН 7701999111", "Объедините их или укажите КПП",
          "В 1С несколько контрагентов с ИНН"),
    Fault("limit", phone(10), "amoCRM просит подождать: запросов больше, чем разрешено", "очередь пойдёт сама",
          "просит подождать: запросов больше, чем разрешено"),
    Fault("lost-answer", phone(11), "Ответ потерялся: запрос ушёл, но неизвестно, выполнен ли он",
          "сделано ли это, и отметьте на странице события"),
    Fault("condition", phone(12),
          "Правило «Реклама» не сработало, потому что utm.source: нужно: yandex; здесь: google",
          "исправьте его условие", "не сработало, потому что"),
    Fault("stumbled", phone(13), "Правило «Опрос» споткнулось: в его тексте или условии ошибка", "Исправьте правило",
          "споткнулось: в его тексте или условии ошибка"),
    Fault("once", phone(14), "Правило «Каталог» подошло, но недавно уже сработало для этого человека",
          "Так велит once_within этого правила", "подошло, но недавно уже сработало для этого человека"),
    Fault("timer", phone(15), "Правило «Напоминание» ждёт своего часа", "Ничего не делайте", "ждёт своего часа"),
    Fault("brake", phone(16), "Правило «Рассылка» остановило само себя", "отпустите его, не того — отмените",
          "остановило само себя"),
    Fault("unreadable", "Неизвестный", "Канал «site» прислал то, чего не прочесть", "Проверьте настройку отправки",
          "прислал то, чего не прочесть"),
    Fault("silent", phone(18), "С канала «phone» ещё ничего не приходило", "Проверьте в кабинете сервиса адрес",
          "ещё ничего не приходило"),
    Fault("deleted", phone(19), "Карточки, о которой речь, нет (amoCRM)", "Удалили по ошибке — восстановите её",
          "Карточки, о которой речь, нет"),
    Fault("blocked", "Зинаида", "Человек заблокировал бота или ещё не писал ему", "напишите ему другим каналом"),
    Fault("bot-token", phone(20), "Telegram не принимает ключ доступа", "действующий у @BotFather",
          "не принимает ключ доступа"),
    Fault("other-sum", phone(21), "Оплачено не столько, сколько просили: пришло 4000.00, ждали 5000.00",
          "Сверьте сумму с клиентом", "Оплачено не столько, сколько просили"),
    Fault("stray-money", phone(18), "Пришла оплата 1500.00, но она не по нашей ссылке", "Найдите сделку по сумме",
          "но она не по нашей ссылке"),
    Fault("open-lead", phone(22), "Нового лида нет, потому что у человека уже открыт лид №", "всё в нём"),
    Fault("unpaid", phone(23), "Тариф (amoCRM) не оплачен", "После оплаты работа продолжится сама", "не оплачен"),
)  # fmt: skip


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    with Sandbox(base_port=0) as sandbox:
        firm = Firm(tmp_path_factory.mktemp("firm"), sandbox)
        try:
            firm.plant()
            yield firm
        finally:
            firm.close()


@pytest.fixture(scope="module")
def support(firm: Firm) -> Visitor:
    visitor = firm.visitor()
    assert visitor.post("/sign-in", login="viewer", password=PASSWORD).ok
    return visitor


def told(visitor: Visitor, typed: str) -> str:
    """The main part of the page that a search leads to, as text."""
    main = visitor.get("/", q=typed).text.partition("<main")[2]
    return re.sub(r"\s+", " ", unescape(re.sub("<[^>]+>", " ", main)))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_first_page_of_a_search_has_the_cause_and_the_cure(support: Visitor, fault: Fault) -> None:
    page = told(support, fault.typed)
    assert fault.cause in page, page
    assert fault.cure in page[page.index(fault.cause) :]
    assert page.index(fault.cause) < page.find("Всё по порядку") or "Не найдено" in page, "it stands on top"


@pytest.mark.parametrize(
    "typed", [phone(2), phone(9), phone(11), phone(12), phone(13), phone(16), phone(22), "Зинаида"]
)
def test_the_page_of_the_event_begins_with_the_same_words(support: Visitor, typed: str) -> None:
    fault = next(fault for fault in FAULTS if fault.typed == typed)
    story = support.get("/", q=typed).text.partition("Что случилось")[2]
    link = re.search(r'href="/console(/events/\w+)"', story)
    assert link
    page = unescape(support.get(link[1]).text.partition('class="road"')[2])
    assert fault.cause in page.partition("Что сделано")[0]


def test_a_journal_that_is_away_says_so_and_what_to_do(tmp_path: Path) -> None:
    journal = on(tmp_path)
    desk = Desk(journal)
    visitor = desk.sign_in()
    journal.database.close()
    for file in tmp_path.glob("journal.sqlite*"):
        file.unlink()
    try:
        answer = visitor.get("/", q=phone(1))
        assert answer.status_code == 503
        assert "Журнал недоступен" in answer.text
        assert "на диске кончилось место" in answer.text
        assert "освободите место или поднимите базу" in answer.text
    finally:
        desk.close()


def test_the_guide_of_support_knows_every_fault() -> None:
    guide = GUIDE.read_text("utf-8")
    assert len(FAULTS) >= 20
    assert [fault.name for fault in FAULTS if (fault.of_guide or fault.cause) not in guide] == []
