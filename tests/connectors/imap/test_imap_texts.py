"""Charsets, headers and HTML: from what was sent to what was meant."""

import time

import pytest

from connectors.charsets import clean, decode
from connectors.imap.headers import Headers, address, parse_headers
from connectors.imap.html_text import to_text

SENTENCE = "Добрый день! Пришлите счёт на три окна."
EIGHT_BIT = ["cp1251", "koi8-r", "cp866", "iso8859-5"]


@pytest.mark.parametrize(
    "text", ["Заказ 55", "Заявка с сайта", "Марина", SENTENCE, "СРОЧНО НУЖЕН СЧЁТ НА ТРИ ОКНА", "Re: КП по объекту"]
)
@pytest.mark.parametrize("charset", ["utf-8", "cp1251", "koi8-r"])
def test_undeclared_bytes_are_recognised_even_where_they_are_few(text, charset):
    assert decode(text.encode(charset)) == text


@pytest.mark.parametrize("charset", EIGHT_BIT)
@pytest.mark.parametrize(
    "declared", ["", "us-ascii", "unknown-8bit", "default", "x-unknown", "utf-8", "no such charset", "rot13"]
)
def test_a_wrong_or_unknown_declaration_does_not_hide_the_text(charset, declared):
    assert decode(SENTENCE.encode(charset), declared) == SENTENCE


@pytest.mark.parametrize(
    ("alias", "charset"),
    [
        ("cp-1251", "cp1251"),
        ("win-1251", "cp1251"),
        ("Windows1251", "cp1251"),
        ("ansi", "cp1251"),
        ("koi8r", "koi8-r"),
        ("utf8", "utf-8"),
        ('"utf-8"', "utf-8"),
        ("UTF-16LE", "utf-16-le"),
    ],
)
def test_names_of_charsets_met_in_the_field_are_understood(alias, charset):
    assert decode("Ёжик №5".replace("№", "N").encode(charset), alias) == "Ёжик N5"


def test_the_declaration_wins_where_the_bytes_fit_several_charsets():
    assert decode(b"\xcf\xf0\xe8\xe2\xe5\xf2", "koi8-r") == "оПХБЕР"


def test_the_hint_is_used_before_guessing():
    assert decode("оПХБЕР".encode("koi8-r"), "", "koi8-r") == "оПХБЕР"


def test_one_broken_byte_leaves_the_rest_of_utf8_readable():
    assert decode(SENTENCE.encode() + b"\xd0", "utf-8") == SENTENCE + "\ufffd"


def test_control_and_zero_width_signs_go_and_blanks_become_one_kind():
    assert (
        clean("Цена:\xa0100\u202f000\u200b руб.\x00\ufeff\r\nи\xadтого\tвсё\ud800") == "Цена: 100 000 руб.\nитого всё"
    )


def header(value, name="Subject", hint=""):
    raw = value if isinstance(value, bytes) else value.encode()
    return Headers(parse_headers(name.encode() + b": " + raw + b"\r\n\r\n"), hint)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("=?utf-8?B?0JfQsNC/0YDQvtGBINC90LAg0YE=?=\r\n =?utf-8?B?0YfRkdGC?=", "Запрос на счёт"),
        ("=?koi8-r?B?+sHR18vBINMg08HK1MEg?=\r\n =?koi8-r?B?TiAxMDQ3?=", "Заявка с сайта N 1047"),
        ("=?windows-1251?Q?RE:_=C7=E0=FF=E2=EA=E0_?= N 1048", "RE: Заявка N 1048"),
        ("=?utf-8?Q?=D0=9F=D1?= =?UTF-8?Q?=80=D0=B8=D0=B2=D0=B5=D1=82?=", "Привет"),
        ("=?utf-8?B?0J/RgNC40LLQtdE=?=\r\n\t=?utf-8?B?gg==?=", "Привет"),
        ("=?utf-8?B?0J/RgNC40LLQtdGC?= мир", "Привет мир"),
        ("=?utf-8*ru?B?0J/RgNC40LLQtdGC?=", "Привет"),
        ("=?utf-8?B?0J/RgNC40LLQtdGCIQ?=", "Привет!"),
        ("=?utf-8?B?0J/R gNC4\r\n 0LLQtdGC?=", "Привет"),
        ("=?utf-8?Q?=D0=9A=D0=B0=D0=BA=20=D0=B4=D0=B5=D0=BB=D0=B0??=", "Как дела?"),
        ("=?utf-8?Q?a b?=", "a b"),
        ("=?utf-8?Q?=ZZ?=", "=ZZ"),
        ("=?win-1251?Q?=C7=E0=FF=E2=EA=E0?=", "Заявка"),
        ("=?utf-8?B?x?=", ""),
        ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        ("plain\r\n text", "plain text"),
        ("", ""),
    ],
)
def test_encoded_words_are_read_however_they_were_cut(raw, text):
    assert header(raw).text("Subject") == text


@pytest.mark.parametrize("charset", ["utf-8", "cp1251", "koi8-r"])
def test_raw_eight_bit_headers_are_read(charset):
    assert header("Заказ с сайта".encode(charset)).text("Subject") == "Заказ с сайта"


def test_raw_eight_bit_headers_follow_the_charset_of_the_text():
    assert header("ЩЪ".encode("cp866"), hint="cp866").text("Subject") == "ЩЪ"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("=?utf-8?B?0JzQsNGA0LjRjyDQoA==?= <Maria@Example.org>", ("Мария Р", "maria@example.org")),
        ('"=?utf-8?B?0JzQsNGA0LjRjyDQoA==?=" <maria@example.org>', ("Мария Р", "maria@example.org")),
        ("Иванов, Пётр <petr@example.com>", ("Иванов, Пётр", "petr@example.com")),
        ('"Иванов, \\"Вектор\\"" <petr@example.com>', ('Иванов, "Вектор', "petr@example.com")),
        ("petr@example.com", ("", "petr@example.com")),
        ("petr@example.com (Petr Ivanov)", ("Petr Ivanov", "petr@example.com")),
        ('"petr@example.com" <petr@example.com>', ("", "petr@example.com")),
        ("Petr <o'neil+tag@sub.example.com>", ("Petr", "o'neil+tag@sub.example.com")),
        ("Пётр < petr@example.com >", ("Пётр", "petr@example.com")),
        ("Пётр", ("", "")),
        ("<>", ("", "")),
        ("", ("", "")),
    ],
)
def test_the_sender_is_read_from_broken_headers_too(raw, expected):
    assert header(raw, "From").mailbox("From") == expected


def test_lists_of_addresses_are_taken_apart():
    raw = (
        '"Иванов, П." <Petr@example.com>, =?utf-8?B?0JzQsNGA0LjRjw==?= <m@example.org>; x@example.ru, "a@b.ru" <c@d.ru>'
    )
    assert header(raw, "To").addresses("To") == ("petr@example.com", "m@example.org", "x@example.ru", "c@d.ru")


def test_message_ids_are_read_in_order_once_each_and_mended():
    headers = Headers(parse_headers(b"References: <a@x> <b@x>\r\n\t<c\r\n @x>\r\nIn-Reply-To: <b@x>\r\n\r\n"))
    assert headers.ids("References", "In-Reply-To") == ("<a@x>", "<b@x>", "<c@x>")


def test_an_address_of_unusual_signs_is_kept_whole():
    assert address("first/second=x@example.com") == "first/second=x@example.com"


@pytest.mark.parametrize("raw", ["=?a?q?" * 5000, "<" * 20_000, "a@" * 10_000, '"' * 20_000, '"' + '\\"' * 9_000])
def test_no_header_takes_long(raw):
    began = time.process_time()
    headers = header(raw, "From")
    headers.mailbox("From")
    headers.addresses("From")
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<div>Добрый день!<br>Нужен счёт на&nbsp;<b>3 окна</b>.</div>", "Добрый день!\nНужен счёт на 3 окна."),
        ("<p>Раз</p><p>Два</p>", "Раз\n\nДва"),
        ("<p>1. раз</p><p>- два</p><p>+7 916</p>", "1. раз\n\n- два\n\n+7 916"),
        ("<h1>Заявка</h1>текст", "Заявка\n\nтекст"),
        ("<style>p{color:red}</style><script>x()</script><title>t</title>текст", "текст"),
        ('видно<div style="display:none">скрыто<div>и это</div></div> дальше', "видно дальше"),
        ('видно<span style="visibility: hidden">x</span><p hidden>y</p>', "видно"),
        ("<!--[if mso]><p>для Outlook</p><![endif]-->текст", "текст"),
        (
            "<table><tr><td>Имя</td><td><p>Мария</p></td></tr><tr><td>Тел</td><td>8 916</td></tr></table>",
            "Имя | Мария\nТел | 8 916",
        ),
        ("<ul><li>окна<li>двери</ul>", "* окна\n  * двери"),
        ('<a href="https://krovlya.ru/x?a=1&amp;b=2">наш сайт</a>', "наш сайт (https://krovlya.ru/x?a=1&b=2)"),
        ('<a href="https://krovlya.ru/">krovlya.ru</a>', "krovlya.ru"),
        (
            '<a href="tel:+79160009900">8 (916) 000-99-00</a> <a href="tel:+79160009900">позвонить</a>',
            "8 (916) 000-99-00 позвонить (+79160009900)",
        ),
        ('<a href="mailto:a@example.ru">почта</a>', "почта (a@example.ru)"),
        ("<blockquote>старое<br>письмо</blockquote>новое", "> старое\n> письмо\n\nновое"),
        ('<img src="data:image/png;base64,AAAA">текст', "текст"),
        ("a &lt; b &amp; c &#8212; &copy;", "a < b & c — ©"),
        ("<s>100</s> <code>90</code>", "100 90"),
        ("без тегов", "без тегов"),
        ("незакрытый <b>тег", "незакрытый тег"),
    ],
)
def test_html_becomes_the_text_that_is_seen(html, text):
    lines = [line.rstrip() for line in clean(to_text(html)).strip().split("\n")]
    assert "\n".join(lines).replace("\n\n\n", "\n\n") == text


@pytest.mark.parametrize(
    "quote",
    [
        '<div class="gmail_quote"><div class="gmail_attr">пн, 1 дек. 2025 г.:</div></div>',
        '<div class="moz-cite-prefix">01.12.2025 12:05, Ромашка пишет:</div>',
        '<div class="yahoo_quoted"><div>старое</div></div>',
        '<div class="mail-quote-collapse">старое</div>',
        '<div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>От:</b> Ромашка</div><div>старое</div>',
    ],
)
def test_what_the_markup_calls_a_quote_is_left_out_of_the_writers_own_words(quote):
    assert to_text(f"<div>новое</div>{quote}", own_words=True).strip() == "новое"
    assert to_text(f"<div>новое</div>{quote}").strip() != "новое"


def test_markup_that_the_parser_gives_up_on_still_gives_its_words():
    assert "привет" in to_text("<![foo <b>привет</b>")


def test_deeply_nested_markup_is_read():
    assert to_text("<div>" * 5000 + "привет").strip() == "привет"


FLOWED = "text/plain; charset=utf-8; format=flowed"


@pytest.mark.parametrize(
    ("content_type", "sent", "meant"),
    [
        (FLOWED, "Нужен \nзамер \nв субботу\nЖду", "Нужен замер в субботу\nЖду"),
        (FLOWED + "; delsp=yes", "Нужен за \nмер", "Нужен замер"),
        (FLOWED, "Звоните: 8 916 \n000-11-22", "Звоните: 8 916 000-11-22"),
        (FLOWED, "> Когда \n> удобно?\nВ субботу", "В субботу"),
        (FLOWED, " > не цитата", "> не цитата"),
        (FLOWED, "Жду \n-- \nИван", "Жду"),
        ("text/plain; charset=utf-8", "Нужен \nзамер", "Нужен\nзамер"),
    ],
)
def test_lines_that_a_program_broke_for_the_way_are_put_together(letter, read, content_type, sent, meant):
    assert read(letter(sent, content_type=content_type, headers={"In-Reply-To": "<a@x>"})).mail.text == meant


def test_a_text_that_flows_without_end_does_not_hold_up_the_mailbox(letter, read):
    began = time.process_time()
    read(letter("а \n" * 400_000, content_type=FLOWED))
    assert time.process_time() - began < 3
