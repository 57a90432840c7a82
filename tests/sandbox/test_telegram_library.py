"""A bot written with python-telegram-bot lives against the sandbox as it does against Telegram."""

import asyncio
import json
import threading

import pytest
from cheroot import wsgi
from flask import Flask, request
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.error import BadRequest
from telegram.ext import Application, CallbackQueryHandler, CommandHandler, MessageHandler, filters

from sandbox.telegram import TOKEN, Telegram

PERSON = 700100200
SECRET = "tg_Example-Secret_1"


@pytest.fixture
def telegram():
    with Telegram() as emulator:
        yield emulator


class Shop:
    """A bot that greets, keeps files and contacts, and asks whether to call."""

    def __init__(self, telegram, **builder):
        self.kept = []
        build = Application.builder().token(TOKEN).base_url(telegram.base_url)
        build = build.base_file_url(f"{telegram.url}/file/bot")
        for name, value in builder.items():
            build = getattr(build, name)(value)
        self.app = build.build()
        self.app.add_handler(CommandHandler("start", self.start))
        self.app.add_handler(MessageHandler(filters.PHOTO | filters.Document.ALL, self.file))
        self.app.add_handler(MessageHandler(filters.CONTACT | filters.LOCATION, self.shared))
        self.app.add_handler(CallbackQueryHandler(self.pressed))
        self.app.add_handler(MessageHandler(filters.UpdateType.EDITED_MESSAGE, self.edited))

    async def start(self, update, context):
        keys = InlineKeyboardMarkup([[InlineKeyboardButton("Да", callback_data="call:yes")]])
        await update.message.reply_text(f"Вы пришли из {context.args[0]}. Позвонить?", reply_markup=keys)

    async def file(self, update, _):
        message = update.message
        file = await (message.photo[-1] if message.photo else message.document).get_file()
        body = bytes(await file.download_as_bytearray())
        self.kept.append(body)
        await message.reply_document(body, caption="Получили", filename="копия.bin")

    async def shared(self, update, _):
        contact = update.message.contact
        self.kept.append(contact.phone_number if contact else update.message.location.latitude)

    async def pressed(self, update, _):
        await update.callback_query.answer()
        await update.callback_query.edit_message_text("Звоним")

    async def edited(self, update, _):
        self.kept.append(update.edited_message.text)


async def until(true, seconds=30):
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)


async def served(telegram, shop):
    """One customer's visit: each answer is awaited before the next thing is done."""
    telegram.say(PERSON, "/start utm_vk_spring")
    await until(telegram.messages)
    [greeting] = telegram.messages()
    assert greeting["text"] == "Вы пришли из utm_vk_spring. Позвонить?"
    telegram.press(PERSON, greeting["message_id"], "call:yes")
    await until(lambda: telegram.messages()[0]["text"] == "Звоним")
    telegram.send_photo(PERSON, b"jpeg of a roof", "Вот крыша")
    await until(lambda: len(telegram.messages()) == 2)
    telegram.send_document(PERSON, "план.pdf", b"%PDF plan")
    await until(lambda: len(telegram.messages()) == 3)
    telegram.share_contact(PERSON, "79160001122")
    telegram.share_location(PERSON, 55.75, 37.61)
    telegram.say(PERSON, "в субботу")
    said = telegram.messages(PERSON, of_people=True)[-1]["message_id"]
    telegram.edit(PERSON, said, "в воскресенье")
    await until(lambda: len(shop.kept) == 5)
    assert shop.kept == [b"jpeg of a roof", b"%PDF plan", "79160001122", 55.75, "в воскресенье"]
    assert [message["caption"] for message in telegram.messages()[1:]] == ["Получили"] * 2


def test_an_application_that_polls_serves_a_customer(telegram):
    async def run():
        shop = Shop(telegram)
        async with shop.app:
            await shop.app.start()
            await shop.app.updater.start_polling(poll_interval=0, timeout=1)
            await served(telegram, shop)
            await shop.app.updater.stop()
            await shop.app.stop()

    asyncio.run(run())


def test_an_application_behind_a_webhook_serves_a_customer(telegram):
    async def run():
        loop = asyncio.get_running_loop()
        shop = Shop(telegram, updater=None)
        flask = Flask("shop")

        @flask.post("/hook")
        def hook():
            assert request.headers["X-Telegram-Bot-Api-Secret-Token"] == SECRET
            update = Update.de_json(request.get_json(), shop.app.bot)
            asyncio.run_coroutine_threadsafe(shop.app.update_queue.put(update), loop).result(5)
            return ""

        server = wsgi.Server(("127.0.0.1", 0), flask.wsgi_app)
        server.shutdown_timeout = 1
        server.prepare()
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        async with shop.app:
            await shop.app.start()
            url = f"http://127.0.0.1:{server.bind_addr[1]}/hook"
            assert await shop.app.bot.set_webhook(url, secret_token=SECRET)
            assert (await shop.app.bot.get_webhook_info()).url == url
            await served(telegram, shop)
            assert await shop.app.bot.delete_webhook()
            await shop.app.stop()
        await asyncio.to_thread(server.stop)

    asyncio.run(run())
    assert telegram.objects()["pending_updates"] == 0


def test_files_of_the_bot_keep_the_limits_of_telegram(telegram):
    async def run():
        shop = Shop(telegram)
        async with shop.app:
            bot = shop.app.bot
            with pytest.raises(BadRequest, match="caption is too long"):
                await bot.send_document(PERSON, b"x", caption="ы" * 1025)
            with pytest.raises(BadRequest, match="non-empty"):
                await bot.send_document(PERSON, b"")
            sent = await bot.send_photo(PERSON, b"jpeg", caption="ы" * 1024)
            again = await bot.send_photo(PERSON, sent.photo[-1].file_id)
            assert again.photo[-1].file_size == sent.photo[-1].file_size == 4
            telegram.send_document(PERSON, "фильм.mp4", b"0" * (20 * 1024 * 1024 + 1))
            film = telegram.messages(PERSON, of_people=True)[-1]["document"]["file_id"]
            with pytest.raises(BadRequest, match="is too big"):
                await bot.get_file(film)

    asyncio.run(run())


def test_the_page_can_send_a_picture_and_a_file(telegram):
    client = telegram.app.test_client()
    for act, more in (("send_photo", {"caption": "Крыша"}), ("send_document", {"name": "план.pdf"})):
        given = {"chat_id": PERSON, "content": "anBlZw==", **more}
        answer = client.post(f"/_sandbox/do/{act}", data=json.dumps(given), content_type="application/json")
        assert answer.get_json()["update_id"]
    photo, document = telegram.messages(of_people=True)
    assert (photo["caption"], photo["photo"][-1]["file_size"]) == ("Крыша", 4)
    assert document["document"]["file_name"] == "план.pdf"
    bad = {"chat_id": PERSON, "content": "not base64!"}
    assert client.post("/_sandbox/do/send_photo", json=bad).status_code == 400
