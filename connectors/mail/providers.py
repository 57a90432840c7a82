"""The mail providers that Russian firms use: their hosts, their token endpoints, and where in their cabinets to click.

Hosts, ports and scopes are of the providers' help pages; the menus were not tried and may have moved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

ProviderName = Literal["gmail", "yandex", "mailru", "exchange"]


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider. The cures are sentences in Russian for the integrator.

    `token_url` may have a place for the tenant. `scope` is sent with a refresh token where the provider asks for one.
    `service` is the grant by which an application of the organisation gets a token for any of its mailboxes
    (`{user}` is the mailbox); empty where there is none. `smtp_starttls` tells that its port begins plain.
    """

    title: str
    imap_host: str
    smtp_host: str
    login_cure: str
    imap_cure: str
    admin_cure: str
    oauth_cure: str
    smtp_port: int = 465
    smtp_starttls: bool = False
    token_url: str = ""
    scope: str = ""
    service: Mapping[str, str] = field(default_factory=dict)


PROVIDERS: Final[Mapping[ProviderName, Provider]] = {
    "gmail": Provider(
        title="Gmail",
        imap_host="imap.gmail.com",
        smtp_host="smtp.gmail.com",
        token_url="https://oauth2.googleapis.com/token",  # noqa: S106  # an address
        login_cure=(
            "Нужен пароль приложения: myaccount.google.com → «Безопасность» → включите «Двухэтапную аутентификацию» → "
            "«Пароли приложений» → создайте и вставьте в password без пробелов."
        ),
        imap_cure=(
            "Включите IMAP: Gmail → «Настройки» → «Все настройки» → «Пересылка и POP/IMAP» → «Включить IMAP»; в Google "
            "Workspace ещё admin.google.com → «Приложения» → «Gmail» → «Доступ для пользователей» → «POP и IMAP»."
        ),
        admin_cure=(
            "Администратор Google Workspace запретил вход по паролю приложения: попросите разрешить его или настройте "
            "oauth (docs/ru/channels/gmail.md)."
        ),
        oauth_cure=(
            "Google не даёт токен: проверьте client_id и client_secret и получите refresh_token заново с доступом "
            "https://mail.google.com/; у приложения в состоянии «Тестирование» он живёт 7 дней."
        ),
    ),
    "yandex": Provider(
        title="Яндекс 360",
        imap_host="imap.yandex.ru",
        smtp_host="smtp.yandex.ru",
        token_url="https://oauth.yandex.ru/token",  # noqa: S106  # an address
        service={
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": "{user}",
            "subject_token_type": "urn:yandex:params:oauth:token-type:email",
        },
        login_cure=(
            "Нужен пароль приложения: id.yandex.ru → «Безопасность» → «Пароли приложений» → «Почта» → создайте и "
            "вставьте в password."
        ),
        imap_cure=(
            "Включите IMAP: Яндекс Почта → «Все настройки» → «Почтовые программы» → отметьте «С сервера imap.yandex.ru "
            "по протоколу IMAP» и «Пароли приложений и OAuth-токены»."
        ),
        admin_cure=(
            "Администратор Яндекс 360 запретил пароли приложений: попросите разрешить их на admin.yandex.ru или "
            "настройте oauth (docs/ru/channels/yandex-mail.md)."
        ),
        oauth_cure=(
            "Яндекс не даёт токен: проверьте client_id и client_secret приложения на oauth.yandex.ru, его права "
            "mail:imap_full и mail:smtp и получите refresh_token заново; для service: true приложение должно быть в "
            "списке сервисных на admin.yandex.ru."
        ),
    ),
    "mailru": Provider(
        title="Mail.ru",
        imap_host="imap.mail.ru",
        smtp_host="smtp.mail.ru",
        token_url="https://oauth.mail.ru/token",  # noqa: S106  # an address
        login_cure=(
            "Нужен пароль для внешнего приложения: Mail.ru → «Настройки» → «Безопасность» → «Пароли для внешних "
            "приложений» → создайте с полным доступом к Почте и вставьте в password."
        ),
        imap_cure=(
            "Доступ по IMAP закрыт: в Mail.ru создайте пароль для внешнего приложения с правом на IMAP; в VK WorkMail "
            "откройте biz.mail.ru → «Почта» → «Настройки» → доступ почтовым программам."
        ),
        admin_cure=(
            "Администратор VK WorkMail запретил внешние приложения: попросите открыть их на biz.mail.ru или настройте "
            "oauth (docs/ru/channels/mailru.md)."
        ),
        oauth_cure=(
            "Mail.ru не даёт токен: проверьте client_id и client_secret приложения на o2.mail.ru, доступ mail.imap и "
            "получите refresh_token заново."
        ),
    ),
    "exchange": Provider(
        title="Exchange",
        imap_host="outlook.office365.com",
        smtp_host="smtp.office365.com",
        smtp_port=587,
        smtp_starttls=True,
        token_url="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",  # noqa: S106  # an address
        scope="https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access",
        service={"grant_type": "client_credentials", "scope": "https://outlook.office365.com/.default"},
        login_cure=(
            "Exchange Online не пускает по паролю: настройте oauth (docs/ru/channels/exchange.md). На своём сервере "
            "проверьте user (домен\\имя или адрес) и password."
        ),
        imap_cure=(
            "Включите IMAP у ящика: admin.exchange.microsoft.com → «Получатели» → «Почтовые ящики» → ящик → "
            "«Управление параметрами почтовых приложений»; на своём сервере включите службы IMAP4 и "
            "Set-CASMailbox -ImapEnabled."
        ),
        admin_cure=(
            "Администратор запретил вход по паролю: настройте oauth (docs/ru/channels/exchange.md) или попросите "
            "разрешить базовую проверку подлинности для IMAP и SMTP."
        ),
        oauth_cure=(
            "Microsoft не даёт токен: проверьте tenant, client_id и client_secret в entra.microsoft.com, разрешения "
            "IMAP.AccessAsUser.All и SMTP.Send и получите refresh_token заново (без использования он живёт 90 дней)."
        ),
    ),
}

OWN: Final = Provider(
    title="свой сервер",
    imap_host="",
    smtp_host="",
    login_cure="Проверьте user и password ящика: Яндекс, Mail.ru и Gmail принимают только пароль приложения.",
    imap_cure="Включите доступ по IMAP в настройках ящика или попросите об этом администратора почты.",
    admin_cure="Вход почтовым программам закрыт: попросите администратора почты открыть его.",
    oauth_cure="Проверьте client_id, client_secret, refresh_token и token_url раздела oauth.",
)
