"""The pages of the console, as data: tests walk through them, and `python -m tests.pictures` takes their pictures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tests.webhooks.console.desk import PASSWORD, Visitor
from tests.webhooks.console.lively import LOCKED, MARIA
from tests.webhooks.console.lively_desk import LOGINS, lively
from tests.webhooks.console.lively_house import CONFIG
from webhooks.console.settings import Role

V, O, A = Role  # noqa: E741


@dataclass(frozen=True)
class Page:
    """One page, and how to get at it. `{name}` in its address is an event of the lively month; `typed` is filled in by
    label, `pressed` are the buttons or links then, in their order, `waits` is a text that it then shows. `opens` is
    what personal data the reader has opened. A page without a role is for whoever is not signed in."""

    name: str
    shows: str
    address: str
    role: Role | None = V
    typed: Mapping[str, str] = field(default_factory=dict)
    pressed: tuple[str, ...] = ()
    opens: str = ""
    waits: str = ""
    status: int = 200
    language: str = "ru"


CHANGED: Final = (
    CONFIG.read_text("utf-8")
    .replace('text: "Перезвонить:', 'text: "Набрать:')
    .replace("when: {form.name: {not: Расчёт}}", "when: {utm.source: yandex}")
)
WRONG: Final = CHANGED.replace("on: call.missed", "on: call.mised").replace("responsible: anna", "responsible: ann")
STORY: Final = f"/?q=%2B{MARIA.phone[1:]}"
REPLAY: Final = ("Разобрать заново: показать, что изменится",)
DAYS: Final = ("С какого дня", "По какой день")
SIGN_IN: Final = {"Имя": LOGINS[V], "Пароль": "не тот"}

PAGES: Final = (
    Page("sign-in", "the door: a password, or the provider", "/sign-in", None),
    Page("sign-in-wrong", "a password that is not right", "/sign-in", None, SIGN_IN, ("Войти",), status=401),
    Page("sign-in-locked", "too many attempts", "/sign-in", None, SIGN_IN | {"Имя": LOCKED}, ("Войти",), status=429),
    Page("no-role", "the provider knows them, the config gives them no role",
         "/openid", None, {}, ("Пётр",), status=403),
    Page("search", "where one begins: what may be searched by, and what failed last", "/"),
    Page("search-nothing", "nothing found, and what to try", "/?q=%2B7+495+000-00-00", status=404),
    Page("search-choose", "several people answer to the name", "/?q=мария"),
    Page("story", "a person's story, newest first, what failed on top", STORY, O),
    Page("story-opened", "the same with personal data, opened by a click that is recorded",
         STORY, O, opens="person"),
    Page("event", "an event that was delivered: its road, its actions, every rule with both values",
         "/events/{done}", O),
    Page("event-dead", "a dead letter: the cause, the cure, the button", "/events/{maria}", O),
    Page("event-unknown", "an outcome that nobody knows is settled by a person", "/events/{unknown}", O),
    Page("event-failed", "rules could not read the event", "/events/{failed}", O),
    Page("event-moving", "an event on its way", "/events/{moving}", O),
    Page("event-opened", "personal data, opened", "/events/{done}", O, opens="event:{done}"),
    Page("event-view", "the same for a role that only looks", "/events/{maria}"),
    Page("event-replay", "what a replay would change", "/events/{failed}", O, {}, REPLAY),
    Page("event-resend", "a resend of what may be done already asks first",
         "/events/{unknown}", O, {}, ("Неизвестно, отправить снова",)),
    Page("event-unfit", "a settlement that lacks the number", "/events/{unknown}", O, {}, ("Сделано",), status=422),
    Page("event-test", "a rule test made of the event, people made up",
         "/events/{done}", O, {}, ("Сохранить как проверку",)),
    Page("feed", "the live feed with its filters", "/feed", waits="Новое появляется само"),
    Page("feed-filtered", "the feed, only what needs a person", "/feed?outcome=needs_person"),
    Page("needs", "what needs a person, by cause", "/needs", O),
    Page("needs-resend", "a bulk deed shows its count and asks", "/needs", O, {}, ("Отправить снова: 2 действия",)),
    Page("needs-rule", "letting a stopped rule go", "/needs", O, {}, ("Отпустить: 2 действия",)),
    Page("health", "how the house fares now", "/health"),
    Page("rules", "every rule with its matches, misses, failures", "/rules", waits="Посчитано"),
    Page("rule", "one rule: its numbers and its text", "/rules", V, {}, ("Заявка с сайта",), waits="Как оно записано"),
    Page("rule-silent", "a rule that never acts, and why",
         "/rules", V, {}, ("Крупный заказ",), waits="Как оно записано"),
    Page("what-if", "another config is tried on the journal", "/what-if", O),
    Page("what-if-result", "what it would have made of the last 30 days", "/what-if", O, {"Текст конфига": CHANGED},
         ("Сравнить",), waits="Сравнить ещё раз"),
    Page("what-if-mistakes", "the mistakes of the config, all at once", "/what-if", O, {"Текст конфига": WRONG},
         ("Сравнить",), waits="Что делать"),
    Page("figures", "the month: leads, reaction, shares, calls", "/figures?period=month", waits="Посчитано"),
    Page("figures-today", "the same of today", "/figures", waits="Посчитано"),
    Page("export", "an export of days", "/export", O),
    Page("export-done", "the file is ready", "/export", O, {DAYS[0]: "2026-09-01", DAYS[1]: "2026-09-17"},
         ("Выгрузить",), waits="Файл готов"),
    Page("export-nothing", "days without events", "/export", O, {DAYS[0]: "2026-01-01", DAYS[1]: "2026-01-02"},
         ("Выгрузить",), status=422),
    Page("people", "who may what, and who did what", "/people", A),
    Page("forbidden", "a page that the role may not see", "/people", status=403),
    Page("missing", "an address that is no page", "/nothing", status=404),
    Page("search-en", "the first page in English", "/", language="en"),
    Page("event-dead-en", "the dead letter in English", "/events/{maria}", O, language="en"),
    Page("needs-en", "what needs a person, in English", "/needs", O, language="en"),
    Page("health-en", "health in English", "/health", language="en"),
    Page("rules-en", "the rules in English", "/rules", language="en", waits="Counted"),
    Page("people-en", "people and deeds in English", "/people", A, language="en"),
)  # fmt: skip


@dataclass(frozen=True)
class Came:
    """What the server has sent as a page."""

    status: int
    bytes: int


class Tour:
    """Leads a browser's tab through the pages of one lively house."""

    def __init__(self, folder: Path) -> None:
        self._lively = lively(folder)

    def __enter__(self) -> Tour:
        self.month, self.desk = self._lively.__enter__()
        self._signed_in: dict[tuple[Role, str], str] = {}
        return self

    def __exit__(self, *error: Any) -> None:
        self._lively.__exit__(*error)

    def go(self, tab: Any, page: Page) -> Came:
        """Open the page in this tab, as its reader."""
        answers: list[Any] = []

        def note(answer: Any) -> None:
            if answer.request.is_navigation_request() and not 300 <= answer.status < 400:
                answers.append(answer)

        self.month.forget_deeds()
        tab.context.clear_cookies()
        cookies = {"provodka_look": f"{page.language}.system"}
        if page.role is not None:
            cookies["provodka"] = self._session(page.role, page.opens.format(**self.month.ids))
        place = {"domain": urlsplit(self.desk.url).hostname, "path": "/console"}
        tab.context.add_cookies([{"name": name, "value": one, **place} for name, one in cookies.items()])
        tab.on("response", note)
        try:
            tab.goto(self.desk.url + page.address.format(**self.month.ids))
            for label, text in page.typed.items():
                tab.get_by_label(label, exact=True).fill(text)
            for words in page.pressed:
                found = tab.get_by_role("button", name=words, exact=True)
                if not found.count():
                    found = tab.get_by_role("link", name=re.compile(f"^{re.escape(words)}"))
                with tab.expect_navigation():
                    found.first.click()
            if page.waits:
                tab.get_by_text(page.waits).first.wait_for()
        finally:
            tab.remove_listener("response", note)
        return Came(answers[-1].status, len(answers[-1].body()))

    def _session(self, role: Role, opens: str) -> str:
        """The cookie of somebody who has signed in, and has opened this personal data."""
        if (role, opens) not in self._signed_in:
            visitor = Visitor(self.desk.url)
            assert visitor.post("/sign-in", login=LOGINS[role], password=PASSWORD).ok
            if opens == "person":
                page = visitor.get("/", q=MARIA.phone)
                about = page.text.partition('name="about" value="')[2].partition('"')[0]
                assert visitor.post("/open", STORY, about=about, then="/").ok
            elif opens:
                assert visitor.post("/open", f"/events/{opens.partition(':')[2]}", about=opens, then="/").ok
            self._signed_in[role, opens] = visitor.session.cookies["provodka"]
        return self._signed_in[role, opens]
