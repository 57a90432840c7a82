"""The rules of a client's first config and their tests, for the events that its channels bring."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from provodka.payloads import EventType

_FORM_RULE: Final = """\
  - name: Заявка
    on: form.submitted
    do:
      - intake:  # найти человека или завести; найти его открытую сделку или создать
          title: "Заявка: {{{{ person.name or person.phone or person.email }}}}"
{common}          tags: [заявка, "{{{{ utm.source }}}}"]
      - note: {{text: "{{{{ form.comment }}}}"}}
      - task: {{text: Позвонить клиенту, due: 15m working}}
{notify}"""

_MAIL_RULE: Final = """\
  - name: Письмо клиента
    on: email.received
    when: {{message.kind: letter}}  # не автоответ, не рассылка и не отказ почтового сервера
    do:
      - intake:
          title: "Письмо: {{{{ message.subject }}}}"
{common}          tags: [почта]
      - note: {{text: "{{{{ message.subject }}}}\\n\\n{{{{ message.text }}}}"}}
      - task: {{text: "Ответить на письмо «{{{{ message.subject }}}}»", due: 1h working}}
"""

_CALL_RULES: Final = """\
  - name: Входящий звонок
    on: call.finished
    when: {{call.direction: in}}
    do:
      - intake:
          title: "Звонок: {{{{ person.phone | phone }}}}"
{common}          tags: [звонок]
      - log_call

  - name: Запись разговора
    on: call.recorded
    do:
      - log_call

  - name: Пропущенный звонок
    on: call.missed
    do:
      - intake:
          title: "Пропущенный: {{{{ person.phone | phone }}}}"
{common}          tags: [пропущенный]
      - log_call
      - task: {{text: Перезвонить, due: 15m working}}
"""

_FORM_TEST: Final = """\
  - name: заявка становится сделкой с задачей
    given: {{type: form.submitted, person: {{name: Мария, phones: ["+79160001122"]}}, form: {{comment: Нужен замер}}}}
    expect: {{actions: [{{intake: {{title: "Заявка: Мария"}}}}, note, {{task: {{text: Позвонить клиенту}}}}{notify}]}}
"""
_MAIL_TEST: Final = """\
  - name: автоответ не создаёт сделку
    given: {type: email.received, message: {kind: autoreply, subject: Автоответ}}
    expect: no_actions
"""
_CALL_TEST: Final = """\
  - name: пропущенный звонок становится сделкой с задачей
    given: {type: call.missed, person: {phones: ["+79160001122"]}, call: {id: "1", direction: in}}
    expect: {actions: [intake, log_call, {task: {text: Перезвонить}}]}
"""

_MESSAGE_RULE: Final = """\
  - name: Сообщение клиента
    on: message.received
    do:
      - intake:
          title: "Сообщение: {{{{ person.name or person.phone or 'клиент' }}}}"
{common}          tags: [сообщение]
      - note: {{text: "{{{{ message.text }}}}"}}
"""
_ROW_RULE: Final = """\
  - name: Строка таблицы
    on: table.row_added
    do:
      - intake:
          title: "{{{{ row.table }}}}: {{{{ person.name or person.phone or person.email }}}}"
{common}          tags: [таблица]
"""
_PAID_RULE: Final = """\
  - name: Оплачено
    on: payment.succeeded
    do:
      - note: {text: "Оплачено {{ payment.amount | money }}"}
"""
_NO_RULES: Final = """\
  - name: Новая сделка  # эти каналы сами ничего не приносят: с чего начать, сказано в docs/ru/rules.md
    on: lead.created
    do:
      - task: {text: Связаться с клиентом, due: 15m working}
"""


def rules_and_tests(events: Collection[EventType], staff: Sequence[str], told: str | None) -> tuple[str, str]:
    """The sections `rules` and `tests`. `staff` are the keys among whom leads go round, `told` who is written to."""
    tests = "\n".join(_tests(events, told))
    return "rules:\n" + "\n".join(_rules(events, staff, told)), f"tests:\n{tests}" if tests else ""


def _rules(events: Collection[EventType], staff: Sequence[str], told: str | None) -> Iterator[str]:
    common = "          # pipeline: Воронка  # без неё — основная воронка и её первый этап\n"
    common += "          # stage: Первичный контакт\n"
    if staff:
        turns = f"{{round_robin: [{', '.join(staff)}], counter: новые заявки}}"
        common += f"          responsible: {turns}  # по очереди\n"
    text = "Новая заявка: {{ person.name }}, {{ person.phone | phone }}"
    notify = f'      - notify: {{to: {told}, text: "{text}"}}\n' if told else ""
    found = False
    for type_, rule in _RULES.items():
        if type_ in events:
            found = True
            yield rule if rule is _PAID_RULE else rule.format(common=common, notify=notify)
    if not found:
        yield _NO_RULES


def _tests(events: Collection[EventType], told: str | None) -> Iterator[str]:
    if EventType.FORM_SUBMITTED in events:
        yield _FORM_TEST.format(notify=", notify" if told else "")
    if EventType.EMAIL_RECEIVED in events:
        yield _MAIL_TEST
    if EventType.CALL_FINISHED in events:
        yield _CALL_TEST


_RULES: Final = {
    EventType.FORM_SUBMITTED: _FORM_RULE,
    EventType.EMAIL_RECEIVED: _MAIL_RULE,
    EventType.CALL_FINISHED: _CALL_RULES,
    EventType.MESSAGE_RECEIVED: _MESSAGE_RULE,
    EventType.TABLE_ROW_ADDED: _ROW_RULE,
    EventType.PAYMENT_SUCCEEDED: _PAID_RULE,
}
"""By the event that it is about."""
