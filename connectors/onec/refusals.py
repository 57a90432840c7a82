"""What 1C refuses, out of its words and the HTTP status: one of our errors, with the cure in Russian.

Every hint is one sentence for support and, where only the administrator of 1C can help, one for him.
Sources: the error shapes of HTTP and SOAP services and of the platform itself (JSON with `#exception`, web pages).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from connectors.answers import REASON_LENGTH, UNAUTHORIZED, Reply
from connectors.base import mask
from connectors.onec.voices import Said, page_text, said_by
from provodka.errors import Ambiguous, AuthFailed, ConnectorError, RateLimited, Rejected, Retryable

NOT_FOUND: Final = "not_found"  # 1C says that there is no such object
NOT_PUBLISHED: Final = "not_published"  # nobody is at this address
METHOD: Final = "method"  # the HTTP method is blocked, or nobody handles it
CLASH: Final = "conflict"  # the external id is taken by other content
UNOFFERED: Final = (METHOD, NOT_PUBLISHED)  # the service has not got what it was asked for
MISSING, CONFLICT = 404, 409


@dataclass(frozen=True, slots=True)
class _Case:
    words: re.Pattern[str]
    error: type[ConnectorError]
    hint: str
    wait: float | None = None
    code: str = ""


def hinted(support: str, admin: str = "") -> str:
    """The two sentences as one hint."""
    return f"{support} Администратору 1С: {admin}" if admin else support


def _case(
    words: str,
    error: type[ConnectorError],
    support: str,
    admin: str = "",
    *,
    wait: float | None = None,
    code: str = "",
) -> _Case:
    return _Case(re.compile(words, re.IGNORECASE | re.DOTALL), error, hinted(support, admin), wait, code)


# The first that fits counts. What quotes names of people's making (a product may be called anything) comes first.
_CASES: Final = (
    _case(
        r"(номенклатур|товар|артикул).{0,20}не найден|не найден.{0,20}(номенклатур|товар|артикул)",
        Rejected,
        "Такого товара в 1С нет: заведите его с тем же артикулом или включите products.create в настройках.",
    ),
    _case(
        r"под этим номером записан контрагент",
        Rejected,
        "У компании сменился ИНН или КПП, а в 1С она под прежним: исправьте контрагента в 1С или карточку компании.",
        code=CLASH,
    ),
    _case(
        r"с другим содержанием",
        Rejected,
        "Под номером этой заявки в 1С уже записан другой документ: сверьте его со сделкой.",
        code=CLASH,
    ),
    _case(
        r"печатн\w+ форм\w*.{0,40}не (сформирован|готов)",
        Rejected,
        "Печатная форма в 1С ещё не готова.",
        code=NOT_FOUND,
    ),
    _case(
        r"(документ|объект|контрагент)\b.{0,80}\bне (найден|записан)",
        Rejected,
        "Такого объекта в 1С нет: его удалили, или базу восстановили из копии.",
        code=NOT_FOUND,
    ),
    _case(
        r"контрагент\w* с ИНН.*несколько|несколько контрагентов|контрагент.*не однозначн",
        Rejected,
        "В 1С несколько контрагентов с этим ИНН: укажите КПП или попросите бухгалтера объединить их.",
        "помогает «Поиск и удаление дублей».",
    ),
    _case(
        r"организаци\w* с ИНН.*не найден|не заполнено поле .?организация",
        Rejected,
        "1С не нашла нашу организацию: проверьте organization.inn и kpp в настройках.",
    ),
    _case(
        r"ИНН.*(контрольн|ошибк|состоять|неверн|не заполнен)|не заполнен ИНН",
        Rejected,
        "ИНН покупателя неверен: исправьте его в карточке компании и отправьте действие снова.",
    ),
    _case(
        r"\bКПП\b",
        Rejected,
        "1С не приняла КПП покупателя: у филиала он свой, у ИП и физического лица его нет.",
    ),
    _case(
        r"ставк\w* НДС|НДС.*не соответствует",
        Rejected,
        "1С не приняла ставку НДС: проверьте ставки товаров сделки и vat в настройках.",
        "ставки, названной в ответе, в базе нет: обновите конфигурацию.",
    ),
    _case(
        r"сумма.*(не равна|не сходится|отличается|не соответствует)|расхождение сумм",
        Rejected,
        "Сумма строк не сходится с суммой счёта (округление): поправьте цены или скидку в сделке.",
    ),
    _case(
        r"валют",
        Rejected,
        "1С не знает валюты счёта: проверьте currency в настройках.",
        "загрузите валюту из классификатора и заведите договор в ней.",
    ),
    _case(
        r"запрета изменения|период.{0,40}закрыт|закрыт.{0,20}период",
        Rejected,
        "Период в 1С закрыт: документ этой датой не изменить.",
        "откройте период пользователю обмена.",
    ),
    _case(
        r"нет (заказов|такого документа)",
        Rejected,
        "В этой конфигурации 1С нет заказов: уберите create_order из правил, отгружают по счёту.",
    ),
    _case(
        r"отменить нельзя",
        Rejected,
        "Счёт уже оплачен или отгружен: отменить его может только бухгалтер в 1С.",
    ),
    _case(
        r"недостаточно прав|наруш\w+ прав|нет прав|прав доступа",
        AuthFailed,
        "У пользователя обмена нет прав в 1С, отправка остановлена.",
        "дайте ему чтение и запись контрагентов, договоров, номенклатуры, счетов и заказов, чтение оплат и отгрузок.",
    ),
    _case(
        r"не обнаружен\w* (свободн\w+ )?(лиценз|ключ защиты)|лицензи\w+ не (обнаружен|найден)"
        r"|(не хватает|нет свободн\w+|закончил\w+|исчерпан\w*).{0,20}лицензи",
        RateLimited,
        "В 1С закончились лицензии, подождём и повторим сами.",
        "освободите сеанс или добавьте клиентскую лицензию: обмену нужна одна постоянно.",
        wait=60.0,
    ),
    _case(
        r"начал[ао] сеанса.*запрещено|ведутся технические работы|монопольн\w+ (режим|блокиров|доступ)"
        r"|баз\w+ .{0,60}(заблокирована|обновляется)",
        RateLimited,
        "База 1С закрыта на обслуживание, подождём и повторим сами.",
        "снимите запрет начала сеансов, когда работы закончатся.",
        wait=120.0,
    ),
    _case(
        r"конфликт блокировок|превышено.*ожидани. предоставления блокировки|взаимоблокировк|deadlock",
        Retryable,
        "Документ или таблица в 1С заняты, повторим сами.",
        "если так часами, найдите в консоли кластера сеанс, который держит транзакцию.",
        wait=15.0,
    ),
    _case(
        r"измен[её]н или удал[её]н другим|заблокирован (другим )?пользовател|редактируется пользовател",
        Retryable,
        "Документ открыт в 1С у пользователя, повторим сами: попросите закрыть его.",
        wait=30.0,
    ),
    _case(
        r"преобразовани\w+ данных XDTO|операция не найдена",
        Rejected,
        "Сервис 1С понимает другие поля, чем прежде.",
        "опубликуйте сервис заново и выполните `provodka check --online`.",
    ),
    _case(
        r"не заполнен|отсутствует обязательн",
        Rejected,
        "В 1С не хватает обязательного поля: заполните его в карточке и отправьте действие снова.",
        "если в CRM такого поля нет, сервис должен заполнять его сам.",
    ),
)

_LOGIN: Final = hinted(
    "1С не приняла имя или пароль.",
    "проверьте пользователя, вход «Аутентификация 1С:Предприятия» и что веб-сервер не требует своего входа (Windows).",
)
_ACCESS: Final = hinted(
    "Доступ к сервису 1С закрыт.",
    "дайте пользователю роль сервиса и проверьте ограничения веб-сервера по адресам.",
)
_CLASH: Final = next(case.hint for case in reversed(_CASES) if case.code == CLASH)
_GONE: Final = next(case.hint for case in reversed(_CASES) if case.code == NOT_FOUND)
_PUBLISHED: Final = hinted(
    "По этому адресу сервиса 1С нет.",
    "опубликуйте сервис на веб-сервере заново и включите расширение: его отключает обновление платформы.",
)
_METHOD: Final = hinted(
    "Сервис 1С или прокси не принимает такой запрос.",
    "разрешите PUT на веб-сервере (в IIS отключите WebDAV) или добавьте в сервис шаблоны POST с действием в адресе.",
)
_POOL: Final = hinted(
    "Свободных сеансов 1С нет, подождём и повторим сами.", "увеличьте пул сеансов сервиса или число лицензий."
)
_FAILED: Final = hinted(
    "Сервер 1С упал на запросе, выясним, что успело записаться, и повторим.",
    "причина в журнале технологического центра: место на диске, лицензия, остановленный кластер.",
)
_PAGE: Final = hinted(
    "Вместо данных пришла веб-страница: запрос не дошёл до 1С или ответ потерян, выясним и повторим.",
    "проверьте адрес публикации и прокси перед ней.",
)
_REFUSED: Final = "1С отказала: исправьте названное в ответе и отправьте действие снова."


def judged(reply: Reply) -> ConnectorError | None:
    """The error that an answer of a published service stands for; None for a success, and where nobody says a word."""
    said = said_by(reply)
    text = said.text if said else page_text(reply)
    if 200 <= reply.status < 300:
        return refused(said, reply.status) if said else _unclear(text, _PAGE, reply) if text else None
    words = _words(text) or f"HTTP {reply.status}"
    if reply.status == UNAUTHORIZED and "прав" not in text:
        return AuthFailed(words, hint=_LOGIN, status=reply.status)
    if reply.status == CONFLICT:
        case = _known(text)
        return Rejected(words, hint=case.hint if case else _CLASH, status=reply.status, code=CLASH)
    if said is None and reply.status == MISSING:
        return Rejected(words, hint=_PUBLISHED, status=reply.status, code=NOT_PUBLISHED)
    if reply.status in _BY_STATUS and not _known(text):
        error, hint, code, wait = _BY_STATUS[reply.status]
        return error(words, hint=hint, status=reply.status, code=code, wait=wait)
    if said is not None:
        return refused(said, reply.status)
    if case := _known(text):
        return case.error(words, hint=case.hint, status=reply.status, wait=case.wait)
    return _unclear(words, _FAILED, reply) if reply.status >= 500 else None


def refused(said: Said, status: int | None = None) -> ConnectorError:
    """The error for a refusal that 1C itself has put into words."""
    words = _words(f"{said.text} ({said.field})" if said.field else said.text) or said.code
    if case := _known(said.text):
        return case.error(words, hint=case.hint, status=status, code=case.code or said.code, wait=case.wait)
    gone = said.code == NOT_FOUND or status == MISSING
    return Rejected(words, hint=_GONE if gone else _REFUSED, status=status, code=NOT_FOUND if gone else said.code)


_BY_STATUS: Final[dict[int, tuple[type[ConnectorError], str, str, float | None]]] = {
    401: (AuthFailed, _ACCESS, "", None),
    403: (AuthFailed, _ACCESS, "", None),
    405: (Rejected, _METHOD, METHOD, None),
    501: (Rejected, _METHOD, METHOD, None),
    406: (RateLimited, _POOL, "", 15.0),
}

_NOISE: Final = re.compile(
    r"\{[^{}\n]*\(\d+(?:,\d+)?\)\}:?\s*"  # the place in a module
    r"|Ошибка при вызове метода контекста \([^)]*\):?\s*"
    r"|Ошибка при выполнении обработчика\s*[-–]\s*'[^']*'\s*"
    r"|HTTP: \w+\s*\n|Ошибка при выполнении запроса \w+ к ресурсу [^\n:]*:\s*"
)


def _known(text: str) -> _Case | None:
    return next((case for case in _CASES if case.words.search(text)), None)


def _words(text: str) -> str:
    """In one line, without modules' places, masked."""
    return mask(" ".join(_NOISE.sub("", text).split()))[:REASON_LENGTH]


def _unclear(words: str, hint: str, reply: Reply) -> ConnectorError:
    error = Ambiguous if reply.write else Retryable
    return error(words, hint=hint, status=reply.status)
