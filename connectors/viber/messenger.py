"""What a Viber bot writes to people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from connectors.answers import Reply
from connectors.enclosed import File, files_of
from connectors.http import Http, Limit, Timeouts
from connectors.talks.files import fetched, own_host
from connectors.talks.reading import Fields, part, word
from connectors.viber.settings import ViberSettings
from provodka.channel import Around
from provodka.errors import Ambiguous, AuthFailed, ConnectorError, RateLimited, Rejected, Retryable
from provodka.messages import ClientMessage
from provodka.operation import Done, Outcome, Repeat, Request, operation
from provodka.payloads import Attachment
from provodka.talks import MessageFile

LARGEST_PICTURE: Final = 1024 * 1024
EVENTS: Final = ("delivered", "seen", "failed", "subscribed", "unsubscribed", "conversation_started")
_PICTURES: Final = ("image/jpeg", "image/png", "image/gif")
_KEY: Final = "Ключ бота Viber (токен) не действует: возьмите его на partners.viber.com → Info → Token."
_NOT_HIS: Final = "Клиент не подписан на бота Viber или отписался: пусть напишет боту, или напишите другим каналом."
_HINTS: Final = {
    1: "Viber не смог открыть адрес вебхука: нужен https с полной цепочкой сертификатов, и Provodka должна работать.",
    3: "Viber не принял содержимое: текст не длиннее 7000 знаков, файл не больше 50 МБ.",
    4: "Viber не принял сообщение: чего-то не хватает.",
    5: "Такого пользователя Viber нет: проверьте адресата.",
    6: _NOT_HIS,
    7: "Бот Viber заблокирован: обратитесь в поддержку Viber.",
    9: "Бот Viber приостановлен: обратитесь в поддержку Viber.",
    10: "Вебхук бота не установлен: подключите его, иначе Viber не даёт отправлять.",
    11: "У клиента нет устройства, которое покажет такое сообщение.",
    13: "Viber клиента слишком старый для такого сообщения.",
    15: "У бота Viber нет права отправлять: проверьте договор с партнёром Viber.",
    21: "Viber не работает в стране этого клиента.",
    23: "Бесплатные сообщения Viber кончились: нужен платный договор.",
    24: "На счету бота Viber нет денег: пополните его.",
}
_AUTH: Final = (2, 8)
_TOO_MANY: Final = 12
_REFUSED: Final = "Viber отказал: причина в его словах выше."
_NO_HOOK: Final = "Viber: у бота не установлен вебхук: подключите адрес канала."
_NO_FILES: Final = "Чтобы отправлять файлы в Viber, укажите server.public_url: он забирает их по адресу."


class ViberMessenger:
    """A bot can read nothing of what it has sent, and Viber knows no repeats: a message whose answer was lost is for a
    person to judge. Text and files are messages of their own; a file goes as an address of ours."""

    medium = "viber"
    reaches = ("viber",)
    carries_files = True

    def __init__(self, name: str, settings: ViberSettings, around: Around) -> None:
        self.name = name
        self.account = settings.name
        self._settings = settings
        self._around = around
        limit = Limit(f"viber:{name}", settings.per_second, max(1, int(settings.per_second)))
        self._http = Http(
            f"{settings.api_url}/pa",
            limit,
            around.store,
            auth=lambda: {"X-Viber-Auth-Token": settings.token.get_secret_value()},
            timeouts=Timeouts(read=settings.read_timeout),
            classify=classify,
        )

    @operation(repeat=Repeat.PERSON)
    def write(self, requests: Sequence[Request[ClientMessage]]) -> list[Outcome]:
        """The id is that of the text, or of the first file where there is no text."""
        return [self._write(request.params) for request in requests]

    def _write(self, message: ClientMessage) -> Outcome:
        sent: list[str] = []
        try:
            for body in list(self._bodies(message)):
                sent.append(self._send(message.to, body))
        except ConnectorError as error:
            if sent:
                return Ambiguous(f"only {len(sent)} of its parts have gone: {error.reason}", hint=error.hint)
            return error
        return Done(sent[0]) if sent else Rejected("nothing to send", hint="В сообщении нет ни текста, ни файлов.")

    def _bodies(self, message: ClientMessage) -> Iterator[dict[str, Any]]:
        if message.text:
            yield {"type": "text", "text": message.text}
        for file in files_of(message, self._settings.files, self._around.store):
            yield self._of_file(file)

    def _of_file(self, file: File) -> dict[str, Any]:
        name, kind, body = file
        if self._around.files is None:
            raise Rejected("no address of ours for files", hint=_NO_FILES)
        url = self._around.files.url(self._around.store.keep_blob(body), name, kind)
        if kind in _PICTURES and len(body) <= LARGEST_PICTURE:
            return {"type": "picture", "text": "", "media": url}
        return {"type": "file", "media": url, "size": len(body), "file_name": name[-256:]}

    def _send(self, to: str, body: Mapping[str, Any]) -> str:
        sender = {"name": self._settings.name}
        answer = self._ask("send_message", {"receiver": to, "min_api_version": 1, "sender": sender, **body}, write=True)
        return word(answer.get("message_token"))

    def fetch_file(self, file: MessageFile) -> Attachment:
        """By the address that came with the message; it works for an hour or so."""
        allow = own_host(self._settings.api_url)
        return fetched(file.ref, file, self._around.store, allow=allow, most=self._settings.file_limit)

    def subscribe(self, destination: str) -> bool:
        """Have notices posted to that address; whether that is news. Viber posts there while it is being asked."""
        if word(self._ask("get_account_info", {}).get("webhook")) == destination:
            return False
        wanted = {"url": destination, "event_types": list(EVENTS), "send_name": True, "send_photo": False}
        self._ask("set_webhook", wanted)
        return True

    def check(self) -> list[str]:
        """Try the key, and whether the bot has an address at all."""
        try:
            account = self._ask("get_account_info", {})
        except ConnectorError as error:
            return [f"Viber: {error.reason}. {error.hint}".strip()]
        return [] if account.get("webhook") else [_NO_HOOK]

    def _ask(self, method: str, body: Mapping[str, Any], *, write: bool = False) -> Fields:
        return part(self._http.call("POST", f"/{method}", json=body, write=write).data)

    def close(self) -> None:
        self._http.close()


def classify(reply: Reply) -> ConnectorError | None:
    """Viber answers 200 and says in `status` how it went: 0 is well."""
    data = part(reply.data)
    if reply.status != 200 or "status" not in data or word(data.get("status")) == "0":
        return None
    code, words = word(data.get("status")), word(data.get("status_message"))
    told = f"Viber status {code}: {words}"
    number = int(code) if code.isdecimal() else -1
    if number in _AUTH:
        return AuthFailed(told, hint=_KEY, status=reply.status, code=code)
    if number == _TOO_MANY:
        return RateLimited(told, status=reply.status, code=code, wait=10.0)
    if number in _HINTS:
        return Rejected(told, hint=_HINTS[number], status=reply.status, code=code)
    if 0 < number < 100:
        return Rejected(told, hint=_REFUSED, status=reply.status, code=code)
    kind = Ambiguous if reply.write else Retryable
    return kind(told, status=reply.status, code=code)


def messenger(name: str, settings: ViberSettings, around: Around) -> ViberMessenger:
    """The messenger of the channel `name`."""
    return ViberMessenger(name, settings, around)
