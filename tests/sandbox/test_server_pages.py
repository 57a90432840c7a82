"""The pages of the sandbox in a real browser: what a person sees and presses."""

import pytest
import requests

from sandbox.mail import MailServer
from sandbox.senders import Senders
from sandbox.telegram import TOKEN, Telegram

pytestmark = pytest.mark.browser


def test_a_person_talks_to_the_bot_on_the_telegram_page(opened):
    with Telegram() as telegram:
        page = opened(telegram.url)
        page.get_by_role("button", name="Начать чат").click()
        page.get_by_text("/start").wait_for()
        chat_id = telegram.messages(of_people=True)[0]["chat"]["id"]
        keyboard = {"inline_keyboard": [[{"text": "Взял", "callback_data": "take:1"}]]}
        lead = {"chat_id": chat_id, "text": "Лид <b>Крыша</b>", "parse_mode": "HTML", "reply_markup": keyboard}
        requests.post(f"{telegram.base_url}{TOKEN}/sendMessage", json=lead, timeout=30).raise_for_status()
        assert page.locator(".message b").inner_text() == "Крыша"
        page.get_by_role("button", name="Взял").click()
        page.get_by_label("Написать боту").fill("<img src=x onerror=alert(1)>")
        page.get_by_role("button", name="Отправить").click()
        page.get_by_text("<img src=x").wait_for()
        page.get_by_role("button", name="Поделиться номером").click()
        page.get_by_text("Контакт: 79160001122").wait_for()
        page.get_by_role("button", name="Переслать чужой контакт").click()
        page.get_by_text("Контакт: 79165550000").wait_for()
        page.get_by_label("Написать боту").fill("Вот крыша")
        page.locator("input[type=file]").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"jpeg"})
        page.get_by_text("Фото: Вот крыша").wait_for()
        plan = {"name": "план.pdf", "mimeType": "application/pdf", "buffer": b"%PDF"}
        page.locator("input[type=file]").set_input_files(plan)
        page.get_by_text("Файл: план.pdf").wait_for()
        page.get_by_role("button", name="Заблокировать бота").click()
        page.get_by_role("button", name="Разблокировать бота").wait_for()
        updates = requests.get(f"{telegram.base_url}{TOKEN}/getUpdates", timeout=30).json()["result"]
    kinds = [next(key for key in update if key != "update_id") for update in updates]
    assert kinds == ["message", "callback_query", *["message"] * 5, "my_chat_member"]
    assert updates[5]["message"]["photo"][-1]["file_size"] == len(b"jpeg")


def test_the_buttons_of_the_senders_page_send_and_tell_the_answer(opened):
    with MailServer() as mail, Senders(smtp=lambda: (mail.host, mail.smtp_port)) as senders:
        senders.point("form", url=f"{senders.url}/nobody")
        senders.point("tilda", url="http://127.0.0.1:9")
        page = opened(senders.url)
        page.get_by_label("Телефон").fill("8 999 123-45-67")
        page.get_by_role("button", name="Письмо").click()
        page.get_by_text("письмо принято почтовым сервером").wait_for()
        page.get_by_role("button", name="Форма сайта").click()
        page.get_by_text("ответ 404").wait_for()
        page.get_by_role("button", name="Заявка Tilda").click()
        page.get_by_text("Приёмник не отвечает").wait_for()
        (raw,) = mail.letters()
        assert raw
        page.get_by_role("button", name="Очистить песочницу").click()
        page.get_by_text("Песочница очищена").wait_for()
