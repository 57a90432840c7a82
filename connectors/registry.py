"""Every kind of channel and CRM that there is: one line each. A room is imported when a config first names it."""

from __future__ import annotations

from typing import Final

from connectors.kinds import AccountingKind, CrmKind, Kind
from provodka.payloads import EventType

_CALLS: Final = frozenset(
    {EventType.CALL_STARTED, EventType.CALL_FINISHED, EventType.CALL_MISSED, EventType.CALL_RECORDED}
)
_FORM: Final = frozenset({EventType.FORM_SUBMITTED})
_MAIL: Final = frozenset({EventType.EMAIL_RECEIVED, EventType.EMAIL_SENT})
_ROWS: Final = frozenset({EventType.TABLE_ROW_ADDED})
_FORMS: Final = _FORM | {EventType.FORM_SPAM}
_PAID: Final = frozenset({EventType.PAYMENT_UNMATCHED})
_MESSAGES: Final = frozenset({EventType.MESSAGE_RECEIVED, EventType.MESSAGE_STATE})
_EDITED: Final = frozenset({EventType.MESSAGE_EDITED})
_ECHO: Final = frozenset({EventType.MESSAGE_SENT})
_PAYMENTS: Final = frozenset(
    {
        EventType.PAYMENT_REQUESTED,
        EventType.PAYMENT_AUTHORIZED,
        EventType.PAYMENT_SUCCEEDED,
        EventType.PAYMENT_DIFFERS,
        EventType.PAYMENT_UNMATCHED,
        EventType.PAYMENT_REFUNDED,
        EventType.PAYMENT_FAILED,
    }
)
_LEAVING: Final = frozenset({EventType.CHAT_STARTED, EventType.CHAT_STOPPED})

CHANNELS: Final[dict[str, Kind]] = {
    "google_sheets": Kind(
        "connectors.google_sheets.settings:GoogleSheetsSettings",
        _ROWS,
        receiver="connectors.google_sheets.channel:receiver",
        watcher="connectors.google_sheets.watch:watcher",
        wants={"receiver": ("secret",), "watcher": ("spreadsheet",)},
    ),
    "table_file": Kind(
        "connectors.table_file.settings:TableFileSettings", _ROWS, watcher="connectors.table_file.watch:watcher"
    ),
    "form": Kind("connectors.form.settings:FormSettings", _FORMS, receiver="connectors.form.channel:receiver"),
    "tilda": Kind(
        "connectors.tilda.settings:TildaSettings", _FORMS | _PAID, receiver="connectors.tilda.channel:receiver"
    ),
    "marquiz": Kind(
        "connectors.marquiz.settings:MarquizSettings", _FORMS, receiver="connectors.marquiz.channel:receiver"
    ),
    "carrotquest": Kind(
        "connectors.carrotquest.settings:CarrotQuestSettings",
        _FORMS,
        receiver="connectors.carrotquest.channel:receiver",
    ),
    "taplink": Kind(
        "connectors.taplink.settings:TaplinkSettings", _FORMS | _PAID, receiver="connectors.taplink.channel:receiver"
    ),
    "page": Kind(
        "connectors.page.settings:PageSettings",
        _FORMS,
        receiver="connectors.page.channel:receiver",
        page="connectors.page.channel:page",
        personal=True,
    ),
    "partner": Kind(
        "connectors.partner.settings:PartnersSettings",
        _FORMS,
        receiver="connectors.partner.channel:receiver",
        page="connectors.partner.channel:page",
    ),
    "mango": Kind(
        "connectors.mango.settings:MangoSettings",
        _CALLS | {EventType.MESSAGE_STATE},
        receiver="connectors.mango.channel:receiver",
        watcher="connectors.mango.statistics:watcher",
        messenger="connectors.mango.sms:messenger",
        dialler="connectors.mango.dialler:dialler",
        recordings="connectors.mango.recordings:recordings",
        medium="sms",
        wants={"messenger": ("sms_from",)},
    ),
    "asterisk": Kind(
        "connectors.asterisk.settings:AsteriskSettings",
        _CALLS,
        watcher="connectors.asterisk.channel:watcher",
        dialler="connectors.asterisk.channel:dialler",
        recordings="connectors.asterisk.channel:recordings",
        wants={"dialler": ("originate",), "recordings": ("recording",)},
    ),
    "calls": Kind(
        "connectors.anycalls.settings:AnyCallsSettings", _CALLS, receiver="connectors.anycalls.channel:receiver"
    ),
    "calltouch": Kind(
        "connectors.calltouch.settings:CalltouchSettings", _CALLS, receiver="connectors.calltouch.channel:receiver"
    ),
    "roistat": Kind(
        "connectors.roistat.settings:RoistatSettings", _CALLS, receiver="connectors.roistat.channel:receiver"
    ),
    "beeline": Kind(
        "connectors.beeline.settings:BeelineSettings",
        _CALLS,
        receiver="connectors.beeline.channel:receiver",
        watcher="connectors.beeline.outside:watcher",
        dialler="connectors.beeline.outside:dialler",
        recordings="connectors.beeline.outside:recordings",
        subscriber="connectors.beeline.outside:subscriber",
    ),
    "sipuni": Kind(
        "connectors.sipuni.settings:SipuniSettings",
        _CALLS,
        receiver="connectors.sipuni.channel:receiver",
        watcher="connectors.sipuni.channel:watcher",
        dialler="connectors.sipuni.channel:dialler",
        recordings="connectors.sipuni.channel:recordings",
        wants={"dialler": ("user", "key")},
    ),
    "uis": Kind(
        "connectors.uis.settings:UisSettings",
        _CALLS,
        receiver="connectors.uis.channel:receiver",
        watcher="connectors.uis.channel:watcher",
        dialler="connectors.uis.channel:dialler",
        recordings="connectors.uis.channel:recordings",
        reads_texts=True,
        wants={"dialler": ("token", "from_number")},
    ),
    "megafon": Kind(
        "connectors.megafon.settings:MegafonSettings",
        _CALLS,
        receiver="connectors.megafon.channel:receiver",
        watcher="connectors.megafon.net:watcher",
        dialler="connectors.megafon.dialler:dialler",
        recordings="connectors.megafon.net:recordings",
        wants={"dialler": ("api_key",)},
    ),
    "zadarma": Kind(
        "connectors.zadarma.settings:ZadarmaSettings",
        _CALLS,
        receiver="connectors.zadarma.channel:receiver",
        watcher="connectors.zadarma.net:watcher",
        messenger="connectors.zadarma.sms:messenger",
        dialler="connectors.zadarma.dialler:dialler",
        recordings="connectors.zadarma.net:recordings",
        subscriber="connectors.zadarma.net:subscriber",
        medium="sms",
        wants=dict.fromkeys(("dialler", "messenger", "recordings", "subscriber"), ("key",)),
    ),
    "exolve": Kind(
        "connectors.exolve.settings:ExolveSettings",
        _CALLS,
        watcher="connectors.exolve.channel:watcher",
        messenger="connectors.exolve.channel:messenger",
        dialler="connectors.exolve.channel:dialler",
        medium="sms",
        reads_texts=True,
    ),
    "imap": Kind("connectors.imap.settings:ImapSettings", _MAIL, watcher="connectors.imap.mailbox:watcher"),
    "smtp": Kind(
        "connectors.smtp.settings:SmtpSettings",
        frozenset({EventType.MESSAGE_STATE}),
        messenger="connectors.smtp.mailer:messenger",
        medium="email",
    ),
    "import": Kind("connectors.tables.importing:ImportSettings", _ROWS),
    "telegram": Kind(
        "connectors.telegram.settings:TelegramSettings",
        frozenset({EventType.MESSAGE_RECEIVED}) | _EDITED | _ECHO | _LEAVING,
        receiver="connectors.telegram.channel:receiver",
        watcher="connectors.telegram.polling:watcher",
        subscriber="connectors.telegram.setup:subscriber",
        messenger="connectors.telegram.messenger:messenger",
        medium="telegram",
    ),
    "max": Kind(
        "connectors.max.settings:MaxSettings",
        frozenset({EventType.MESSAGE_RECEIVED}) | _EDITED | _LEAVING,
        receiver="connectors.max.channel:receiver",
        watcher="connectors.max.polling:watcher",
        messenger="connectors.max.messenger:messenger",
        subscriber="connectors.max.setup:subscriber",
        medium="max",
    ),
    "avito": Kind(
        "connectors.avito.settings:AvitoSettings",
        frozenset({EventType.MESSAGE_RECEIVED}) | _ECHO,
        receiver="connectors.avito.channel:receiver",
        watcher="connectors.avito.watch:watcher",
        messenger="connectors.avito.messenger:messenger",
        subscriber="connectors.avito.setup:subscriber",
        medium="avito",
    ),
    "viber": Kind(
        "connectors.viber.settings:ViberSettings",
        _MESSAGES | _LEAVING,
        receiver="connectors.viber.channel:receiver",
        subscriber="connectors.viber.setup:subscriber",
        messenger="connectors.viber.messenger:messenger",
        medium="viber",
    ),
    "vk": Kind(
        "connectors.vk.settings:VkSettings",
        frozenset({EventType.MESSAGE_RECEIVED}) | _EDITED | _ECHO | _LEAVING | _FORM,
        receiver="connectors.vk.channel:receiver",
        watcher="connectors.vk.watch:watcher",
        subscriber="connectors.vk.setup:subscriber",
        messenger="connectors.vk.messenger:messenger",
        medium="vk",
        wants={"messenger": ("token",)},
    ),
    "whatsapp": Kind(
        "connectors.whatsapp.settings:WhatsappSettings",
        _MESSAGES | _ECHO | _LEAVING,
        receiver="connectors.whatsapp.channel:receiver",
        messenger="connectors.whatsapp.messenger:messenger",
        subscriber="connectors.whatsapp.messenger:subscriber",
        medium="whatsapp",
    ),
    "wazzup": Kind(
        "connectors.wazzup.settings:WazzupSettings",
        _MESSAGES | _EDITED | _ECHO,
        receiver="connectors.wazzup.channel:receiver",
        messenger="connectors.wazzup.messenger:messenger",
        subscriber="connectors.wazzup.messenger:subscriber",
        medium="whatsapp",
    ),
    "greenapi": Kind(
        "connectors.greenapi.settings:GreenApiSettings",
        _MESSAGES | _EDITED | _ECHO,
        receiver="connectors.greenapi.channel:receiver",
        watcher="connectors.greenapi.watcher:watcher",
        messenger="connectors.greenapi.messenger:messenger",
        subscriber="connectors.greenapi.messenger:subscriber",
        medium="whatsapp",
    ),
    "meta": Kind(
        "connectors.meta.settings:MetaSettings",
        _FORM | _MESSAGES | _EDITED | _ECHO,
        receiver="connectors.meta.channel:receiver",
        watcher="connectors.meta.watcher:watcher",
        messenger="connectors.meta.messenger:messenger",
        subscriber="connectors.meta.subscriber:subscriber",
        medium="instagram",
        wants={"messenger": ("instagram",), "subscriber": ("app_id",)},
    ),
    "robokassa": Kind(
        "connectors.robokassa.settings:RobokassaSettings",
        _PAYMENTS,
        receiver="connectors.robokassa.channel:receiver",
        watcher="connectors.robokassa.channel:watcher",
        cashier="connectors.robokassa.channel:cashier",
    ),
    "yookassa": Kind(
        "connectors.yookassa.settings:YooKassaSettings",
        _PAYMENTS,
        receiver="connectors.yookassa.channel:receiver",
        watcher="connectors.yookassa.channel:watcher",
        cashier="connectors.yookassa.channel:cashier",
    ),
    "tbank": Kind(
        "connectors.tbank.settings:TBankSettings",
        _PAYMENTS,
        receiver="connectors.tbank.channel:receiver",
        watcher="connectors.tbank.channel:watcher",
        cashier="connectors.tbank.channel:cashier",
    ),
}

CRMS: Final[dict[str, CrmKind]] = {
    "amocrm": CrmKind(
        "connectors.amocrm.settings:AmocrmSettings",
        "connectors.amocrm.crm:AmoCrm",
        "connectors.amocrm.hooks:receiver",
        "amoCRM",
    ),
    "bitrix24": CrmKind(
        "connectors.bitrix24.settings:BitrixSettings",
        "connectors.bitrix24.crm:Bitrix24",
        "connectors.bitrix24.hooks:receiver",
        "Bitrix24",
        lacks={"create_customers": "regular customers"},
    ),
}

ACCOUNTINGS: Final[dict[str, AccountingKind]] = {
    "odata": AccountingKind(
        "connectors.onec.odata.settings:ODataSettings", "connectors.onec.odata.room:open_account", "1С (OData)"
    ),
    "http": AccountingKind(
        "connectors.onec.service.settings:ServiceSettings",
        "connectors.onec.service.room:open_account",
        "1С (HTTP-сервис)",
    ),
    "soap": AccountingKind(
        "connectors.onec.soap.settings:SoapSettings", "connectors.onec.soap.room:open_account", "1С (SOAP)"
    ),
    "commerceml": AccountingKind(
        "connectors.onec.commerceml.settings:CommerceMLSettings",
        "connectors.onec.commerceml.room:open_account",
        "1С (обмен с сайтом)",
        "connectors.onec.commerceml.receiver:receiver",
    ),
}
