"""The fields of leads, deals, contacts, companies and invoices, from which both families of methods are made.

A line is `NAME type[:dictionary][!][*] title`; `!` marks what only the portal writes, `*` several values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.bitrix24.names import camel

LEAD, DEAL, CONTACT, COMPANY, QUOTE, INVOICE = 1, 2, 3, 4, 7, 31
MULTIFIELDS = ("PHONE", "EMAIL", "WEB", "IM")

COMMON = """
ID integer! ID
ASSIGNED_BY_ID user Ответственный
CREATED_BY_ID user! Кем создано
MODIFY_BY_ID user! Кем изменено
DATE_CREATE datetime! Дата создания
DATE_MODIFY datetime! Дата изменения
OPENED char Доступно для всех
COMMENTS string Комментарий
SOURCE_ID crm_status:SOURCE Источник
SOURCE_DESCRIPTION string Дополнительно об источнике
LAST_ACTIVITY_BY user! Кто последним работал
LAST_ACTIVITY_TIME datetime! Последняя активность
UTM_SOURCE string Рекламная система
UTM_MEDIUM string Тип трафика
UTM_CAMPAIGN string Обозначение кампании
UTM_CONTENT string Содержание кампании
UTM_TERM string Условие поиска кампании
"""
KEYS = """
ORIGINATOR_ID string Внешний источник
ORIGIN_ID string Идентификатор во внешнем источнике
"""
PERSON = """
HONORIFIC crm_status:HONORIFIC Обращение
NAME string Имя
SECOND_NAME string Отчество
LAST_NAME string Фамилия
BIRTHDATE date Дата рождения
POST string Должность
"""
REACH = """
HAS_PHONE char! Есть телефон
HAS_EMAIL char! Есть e-mail
HAS_IMOL char! Есть открытая линия
PHONE crm_multifield* Телефон
EMAIL crm_multifield* E-mail
WEB crm_multifield* Сайт
IM crm_multifield* Мессенджер
"""
MONEY = """
OPPORTUNITY money Сумма
CURRENCY_ID crm_currency Валюта
IS_MANUAL_OPPORTUNITY char Сумма задана вручную
"""
STAGED = """
MOVED_BY_ID user! Кто сменил стадию
MOVED_TIME datetime! Дата смены стадии
COMPANY_ID crm_company Компания
CONTACT_ID crm_contact Контакт
CONTACT_IDS crm_contact* Контакты
"""
LEAD_FIELDS = """
TITLE string Название лида
COMPANY_TITLE string Название компании
STATUS_ID crm_status:STATUS Стадия
STATUS_SEMANTIC_ID string! Группа стадии
STATUS_DESCRIPTION string Дополнительно о стадии
DATE_CLOSED datetime! Дата завершения
IS_RETURN_CUSTOMER char! Повторный лид
WEBFORM_ID integer Форма
"""
DEAL_FIELDS = """
TITLE string Название сделки
TYPE_ID crm_status:DEAL_TYPE Тип
CATEGORY_ID crm_category Воронка
STAGE_ID crm_status:DEAL_STAGE Стадия
STAGE_SEMANTIC_ID string! Группа стадии
IS_NEW char! Новая
IS_RECURRING char Регулярная
IS_RETURN_CUSTOMER char! Повторная
IS_REPEATED_APPROACH char! Повторное обращение
PROBABILITY integer Вероятность
TAX_VALUE money Налог
LEAD_ID crm_lead! Лид
QUOTE_ID crm_quote Предложение
BEGINDATE date Дата начала
CLOSEDATE date Дата завершения
CLOSED char! Закрыта
ADDITIONAL_INFO string Дополнительно
LOCATION_ID location Местоположение
WEBFORM_ID integer Форма
"""
CONTACT_FIELDS = """
TYPE_ID crm_status:CONTACT_TYPE Тип контакта
COMPANY_ID crm_company Компания
COMPANY_IDS crm_company* Компании
LEAD_ID crm_lead! Лид
EXPORT char Участвует в экспорте
ORIGIN_VERSION string Версия во внешнем источнике
"""
COMPANY_FIELDS = """
TITLE string Название компании
COMPANY_TYPE crm_status:COMPANY_TYPE Тип компании
LOGO file Логотип
LEAD_ID crm_lead! Лид
INDUSTRY crm_status:INDUSTRY Сфера деятельности
EMPLOYEES crm_status:EMPLOYEES Сотрудники
REVENUE double Годовой оборот
CURRENCY_ID crm_currency Валюта
IS_MY_COMPANY char Моя компания
CONTACT_ID crm_contact* Контакты
ORIGIN_VERSION string Версия во внешнем источнике
"""
INVOICE_FIELDS = """
TITLE string Тема
XML_ID string Внешний код
CATEGORY_ID crm_category Воронка
STAGE_ID crm_status:SMART_INVOICE_STAGE Стадия
BEGINDATE date Дата выставления
CLOSEDATE date Срок оплаты
TAX_VALUE money Налог
MYCOMPANY_ID crm_company Реквизиты вашей компании
ACCOUNT_NUMBER string Номер
PARENT_ID_2 crm_deal Сделка
PARENT_ID_7 crm_quote Предложение
"""


@dataclass(frozen=True, slots=True)
class Field:
    """One field; `items` are the options of a list, `uf` the row of a user field."""

    name: str
    type: str
    title: str
    status_type: str = ""
    read_only: bool = False
    multiple: bool = False
    required: bool = False
    uf: dict[str, Any] | None = None

    @property
    def camel(self) -> str:
        return camel(self.name)


@dataclass(frozen=True, slots=True)
class EntityType:
    """A kind of CRM object; `word` is the one in classic method names, `code` the one in links such as `D_1`."""

    id: int
    word: str
    code: str
    uf_entity: str
    title: str
    fields: dict[str, Field]
    stage: str = ""
    stage_entity: str = ""
    has_funnels: bool = False

    @property
    def name(self) -> str:
        return "SMART_INVOICE" if self.id == INVOICE else self.word.upper()

    @property
    def table(self) -> str:
        return f"item{self.id}"


def _fields(*texts: str) -> dict[str, Field]:
    found = {}
    for line in "".join(texts).strip().splitlines():
        if not line.strip():
            continue
        name, kind, title = line.split(" ", 2)
        read_only, multiple = "!" in kind, "*" in kind
        kind, _, dictionary = kind.rstrip("!*").partition(":")
        found[name] = Field(name, kind, title, dictionary, read_only, multiple)
    return found


TYPES: dict[int, EntityType] = {
    row.id: row
    for row in (
        EntityType(
            LEAD,
            "lead",
            "L",
            "CRM_LEAD",
            "Лид",
            _fields(COMMON, KEYS, LEAD_FIELDS, PERSON, MONEY, STAGED, REACH),
            "STATUS_ID",
            "STATUS",
        ),
        EntityType(
            DEAL,
            "deal",
            "D",
            "CRM_DEAL",
            "Сделка",
            _fields(COMMON, KEYS, DEAL_FIELDS, MONEY, STAGED),
            "STAGE_ID",
            "DEAL_STAGE",
            has_funnels=True,
        ),
        EntityType(
            CONTACT, "contact", "C", "CRM_CONTACT", "Контакт", _fields(COMMON, KEYS, CONTACT_FIELDS, PERSON, REACH)
        ),
        EntityType(COMPANY, "company", "CO", "CRM_COMPANY", "Компания", _fields(COMMON, KEYS, COMPANY_FIELDS, REACH)),
        EntityType(
            INVOICE,
            "smart_invoice",
            "SI",
            "CRM_SMART_INVOICE",
            "Счёт",
            _fields(COMMON, INVOICE_FIELDS, MONEY, STAGED),
            "STAGE_ID",
            "SMART_INVOICE_STAGE",
            has_funnels=True,
        ),
    )
}
BY_WORD = {row.word: row for row in TYPES.values()}
BY_CODE = {row.code: row for row in TYPES.values()}
CLASSIC = (LEAD, DEAL, CONTACT, COMPANY)
