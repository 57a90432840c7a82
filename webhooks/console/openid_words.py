"""Why a sign-in at the provider came to nothing, in the words of the client's people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from connectors.openid.why import Why
from webhooks.console.words import _, gettext


def sentence(why: str) -> str:
    """For whoever wanted to come in: what happened and what to do."""
    return gettext(_WORDS.get(why, _WORDS[Why.TOKEN])[1])


def short(why: str) -> str:
    """For the page of who did what."""
    return gettext(_WORDS.get(why, _WORDS[Why.TOKEN])[0])


_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    Why.STATE: (
        _("страница входа устарела или чужая"),
        _("Страница входа устарела или открыта в другом браузере. Начните вход снова."),
    ),
    Why.DENIED: (
        _("вход отменён там"),
        _("Вход отменён на стороне сервиса входа. Начните снова или выберите другую учётную запись."),
    ),
    Why.CLIENT: (
        _("сервис входа не узнал Проводку"),
        _("Сервис входа не узнал Проводку. Администратору: проверьте client_id и client_secret."),
    ),
    Why.CODE: (
        _("код не принят"),
        _("Сервис входа не принял код: он одноразовый и живёт недолго. Начните вход снова."),
    ),
    Why.SIGNATURE: (
        _("подпись не подтвердилась"),
        _("Подпись ответа сервиса входа не подтвердилась, поэтому вход не выполнен."),
    ),
    Why.ISSUER: (
        _("ответил другой сервис"),
        _("Ответ пришёл не от того сервиса входа, поэтому вход не выполнен."),
    ),
    Why.AUDIENCE: (
        _("ответ для другого приложения"),
        _("Ответ сервиса входа предназначен другому приложению, поэтому вход не выполнен."),
    ),
    Why.EXPIRED: (
        _("ответ просрочен"),
        _("Ответ сервиса входа просрочен. Начните снова; если повторится, администратору: проверьте часы."),
    ),
    Why.NONCE: (
        _("ответ на другую попытку входа"),
        _("Ответ сервиса входа относится к другой попытке входа. Начните вход снова."),
    ),
    Why.SUBJECT: (
        _("ответ о другом человеке"),
        _("Сервис входа ответил о другом человеке, поэтому вход не выполнен."),
    ),
    Why.TOKEN: (
        _("ответ не прочитан"),
        _("Ответ сервиса входа не прочитан, поэтому вход не выполнен."),
    ),
    Why.NO_ROLE: (
        _("прав в консоли нет"),
        _("Права в консоли эта учётная запись не имеет."),
    ),
}
