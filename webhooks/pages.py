"""`/f/<channel>`: pages of ours for people. What they send from there takes the same durable road as any delivery."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import structlog
from flask import Blueprint, Response, abort, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from connectors.pages.html import HEADERS, notice
from provodka.channel import Page, Received, RefusedError, Reply
from webhooks.receive import Door, Words, answer, delivery_of, unavailable

log = structlog.get_logger("webhooks")

_REFUSED: Final = notice(
    403,
    "Ссылка не подошла",
    "Она скопирована не целиком или больше не действует. Попросите прислать новую — прежние ответы никуда не делись.",
)
_AWAY: Final = notice(
    503,
    "Сейчас не получилось",
    "Ответы не сохранены. Вернитесь на страницу назад — там всё, что вы написали, — и отправьте ещё раз через минуту.",
)
_BROKEN: Final = notice(503, "Сейчас не получилось", "Откройте страницу ещё раз через минуту.")
_KEPT: Final = notice(200, "Спасибо!", "Мы получили ваши ответы.")
_NOTHING: Final = notice(404, "Такой страницы нет", "Проверьте ссылку: возможно, она скопирована не целиком.")
_TOO_LONG: Final = notice(
    413, "Слишком длинно", "Сократите ответы и отправьте ещё раз. Файлы эта страница не принимает."
)
_OTHER_METHOD: Final = notice(405, "Так нельзя", "Откройте страницу в браузере и заполните её.")
_BY_STATUS: Final = {404: _NOTHING, 405: _OTHER_METHOD, 413: _TOO_LONG}
_WORDS: Final = Words(_REFUSED, _AWAY, _KEPT)


def pages(door: Door, shown: Mapping[str, Page]) -> Blueprint:
    """The routes of `/f/`, for the channels that have a page."""
    blueprint = Blueprint("pages", __name__)

    @blueprint.route("/f/<channel>", methods=["GET", "POST"], defaults={"rest": ""})
    @blueprint.route("/f/<channel>/<path:rest>", methods=["GET", "POST"])
    def page(channel: str, rest: str) -> Response:
        shows = shown.get(channel)
        if shows is None:
            abort(404)
        delivery = delivery_of(request, rest, door)
        receiver = door.receivers.get(channel)
        if request.method == "POST" and receiver is not None:
            return answer(door, receiver, delivery, _WORDS)
        try:
            shown_page = shows.show(delivery)
        except RefusedError as refused:
            log.warning("page.refused", channel=channel, reason=str(refused))
            if rest:  # somebody holds a link that is over; without one it is a robot who looks around
                door.heard(channel, Received(reply=_REFUSED, refused=str(refused), cure=refused.cure))
            return _response(_REFUSED)
        except Exception:  # the edge of a request: the journal may be away
            log.exception("page.failed", channel=channel)
            return unavailable(_BROKEN)
        return _response(shown_page)

    @blueprint.errorhandler(HTTPException)
    def in_words(error: HTTPException) -> Response:
        code = RequestEntityTooLarge.code if isinstance(error, RequestEntityTooLarge) else error.code
        return _response(_BY_STATUS.get(code or 0, _NOTHING))

    @blueprint.after_request
    def strictly(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return blueprint


def _response(reply: Reply) -> Response:
    return Response(reply.body, reply.status, dict(reply.headers), content_type=reply.content_type)
