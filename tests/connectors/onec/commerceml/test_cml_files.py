"""Files come in pieces, packed or not, some pieces twice, some never: all of a file is taken, or nothing."""

import io
import struct
import zipfile
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from connectors.onec.commerceml.uploads import REPEATABLE
from tests.connectors.onec.commerceml.parts import Firm, of_1c, sample, split, zipped

LIMIT = 16 * 1024
FILLING = "".join(
    f"<Товары><Товар><Ид>{n}</Ид><Наименование>{n * 7919}</Наименование></Товар></Товары>" for n in range(1500)
)
LARGE = of_1c("90210", more=FILLING)
STORED = io.BytesIO()
with zipfile.ZipFile(STORED, "w", zipfile.ZIP_STORED) as _archive:
    _archive.writestr("orders.xml", LARGE)
FORMS = {"orders.xml": LARGE, "orders.zip": STORED.getvalue()}


@pytest.fixture
def firm():
    return Firm(file_limit=LIMIT)


@pytest.fixture(params=FORMS)
def name(request):
    return request.param


def pieces_of(name):
    found = split(FORMS[name], LIMIT)
    assert len(found) > 5
    return found


def bodies(firm):
    return [event.raw for event in firm.journal.hints()]


def test_a_file_in_pieces_is_one_event_with_what_was_written(firm, name):
    assert firm.send(pieces_of(name), name) == ["success"]
    assert bodies(firm) == [LARGE]
    assert firm.journal.hints()[0].payload.entities == ("file:orders.xml",)


def test_an_import_after_it_is_the_same_event(firm, name):
    cookie = firm.log_in()
    firm.send(pieces_of(name), name, cookie)
    for _ in range(2):
        assert firm.lines("import", cookie=cookie, filename="orders.xml") == ["success"]
    assert firm.lines("import", cookie=cookie, filename=name) == ["success"]
    assert bodies(firm) == [LARGE]


def test_every_piece_may_come_twice(firm, name):
    cookie = firm.log_in()
    twice = [one for piece in pieces_of(name) for one in (piece, piece)]
    assert firm.send(twice, name, cookie) == ["success"]
    assert firm.lines("import", cookie=cookie, filename="orders.xml") == ["success"]
    assert bodies(firm) == [LARGE]


def test_pieces_are_in_their_order_though_the_clock_was_set_back(firm, name):
    cookie, pieces = firm.log_in(), pieces_of(name)
    firm.send(pieces[:-1], name, cookie)
    firm.journal.rows.reverse()
    assert firm.send(pieces[-1:], name, cookie) == ["success"]
    assert bodies(firm) == [LARGE]


def test_pieces_that_are_alike_by_chance_are_no_repeats(firm):
    roomy = of_1c("90210", more=" " * 3 * LIMIT)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        packed.writestr("orders.xml", roomy)
    pieces = split(archive.getvalue(), LIMIT)
    assert pieces[1] == pieces[2]
    assert firm.send(pieces, "orders.zip") == ["success"]
    assert bodies(firm) == [roomy]


def test_a_lost_piece_fails_with_its_last_and_with_the_import(firm, name):
    pieces = pieces_of(name)
    for lost in range(len(pieces)):
        cookie = firm.log_in()
        sent = [piece for n, piece in enumerate(pieces) if n != lost]
        first, text = firm.send(sent, name, cookie) if lost < len(pieces) - 1 else ("failure", "обрывается")
        assert (first, "обрывается" in text or "найден" in text or "CommerceML" in text) == ("failure", True), (
            lost,
            text,
        )
        assert firm.lines("import", cookie=cookie, filename="orders.xml")[0] == "failure"
    assert bodies(firm) == []
    assert firm.journal.unreadable()


def test_what_failed_can_be_sent_anew_in_the_same_session(firm, name):
    cookie, pieces = firm.log_in(), pieces_of(name)
    assert firm.send([*pieces[:2], *pieces[3:]], name, cookie)[0] == "failure"
    assert firm.send(pieces, name, cookie) == ["success"]
    assert firm.lines("import", cookie=cookie, filename="orders.xml") == ["success"]
    assert bodies(firm) == [LARGE]


def test_pieces_of_another_session_do_not_mix(firm, name):
    pieces = pieces_of(name)
    firm.send(pieces[:3], name)
    assert firm.send(pieces, name) == ["success"]
    assert bodies(firm) == [LARGE]


def test_two_files_of_one_name_in_one_session_are_two(firm):
    cookie = firm.log_in()
    later = of_1c("90210", formed="2026-07-18T17:00:00")
    assert firm.send([of_1c("90210")], cookie=cookie) == ["success"]
    assert firm.send([later], cookie=cookie) == ["success"]
    assert bodies(firm) == [of_1c("90210"), later]


def test_the_same_file_twice_is_one_event(firm):
    cookie = firm.log_in()
    for _ in range(2):
        assert firm.send([of_1c("90210")], cookie=cookie) == ["success"]
        assert firm.lines("import", cookie=cookie, filename="orders.xml") == ["success"]
    assert len(firm.journal.events) == 1


def test_the_same_file_in_another_session_is_looked_at_again(firm):
    """What is paid, taken back and paid again may be written in the same words."""
    for _ in range(2):
        firm.send([of_1c("90210")])
    assert len(firm.journal.events) == 2


def test_an_archive_of_several_files_gives_an_event_for_each_and_passes_pictures_over(firm):
    others = {"sub/orders-2.xml": of_1c("90211"), "import_files/a.png": b"\x89PNG", "empty.xml": sample_empty()}
    cookie = firm.log_in()
    assert firm.send([zipped("orders.xml", of_1c("90210"), **others)], "exchange.zip", cookie) == ["success"]
    assert [event.payload.entities[0] for event in firm.journal.hints()] == ["file:orders.xml", "file:orders-2.xml"]
    for name in ("orders.xml", "orders-2.xml", "empty.xml", "exchange.zip"):
        assert firm.lines("import", cookie=cookie, filename=name) == ["success"]
    assert firm.lines("import", cookie=cookie, filename="a.xml") == ["failure", "Файл не найден: a.xml"]
    assert len(firm.journal.events) == 2


def sample_empty():
    return sample("sale_query_reply_empty.xml")


def test_one_bad_file_in_an_archive_keeps_all_of_it_out(firm):
    archive = zipped("orders.xml", of_1c("90210"), **{"second.xml": of_1c("90211")[:-20]})
    assert firm.send([archive], "orders.zip")[0] == "failure"
    assert firm.journal.hints() == []


def test_xml_that_breaks_off_is_refused_and_kept_for_support(firm):
    broken = of_1c("90210")[:-100]
    first, text = firm.send([broken])
    assert first == "failure"
    assert text.startswith("Файл обрывается или повреждён: строка")
    (event,) = firm.journal.events.values()
    assert (event.raw, event.payload.why) == (broken, text)


def test_commerceml_1_is_refused_with_the_cure(firm):
    old = '<КоммерческаяИнформация><Документ Номер="7" Дата="2026-07-15"/></КоммерческаяИнформация>'
    first, text = firm.send([old.encode()])
    assert (first, "2.05 или новее" in text) == ("failure", True)


def evil(**changed):
    """An archive whose only entry is described in another way than it is."""
    body = bytearray(zipped("orders.xml", of_1c("90210")))
    central = body.rindex(b"PK\x01\x02")
    for where, fmt, value in changed.values():
        struct.pack_into(fmt, body, central + where, value)
        struct.pack_into(fmt, body, where - 2, value)
    return bytes(body)


@pytest.mark.parametrize(
    ("archive", "text"),
    [
        (zipped("../../etc/orders.xml", b"x"), "путём наружу"),
        (zipped("/etc/orders.xml", b"x"), "путём наружу"),
        (zipped("c:\\orders.xml", b"x"), "путём наружу"),
        (zipped("readme.txt", b"x"), "нет файлов XML"),
        (evil(flags=(8, "<H", 1)), "паролем"),
        (evil(method=(10, "<H", 12)), "обычный zip"),
        (evil(size=(24, "<I", 2**31)), "больше 128 МБ"),
    ],
)
def test_an_archive_that_could_harm_is_refused(firm, archive, text):
    first, told = firm.send([archive], "orders.zip")
    assert (first, text in told) == ("failure", True), told
    assert firm.journal.hints() == []


def test_a_bomb_is_not_unpacked(firm):
    """An entry that claims less than is inside is read no further than it claims."""
    archive = bytearray(zipped("orders.xml", b" " * 50_000_000))
    central = archive.rindex(b"PK\x01\x02")
    struct.pack_into("<I", archive, central + 24, 10)
    first, text = Firm().send([bytes(archive)], "orders.zip")
    assert (first, "повреждён" in text) == ("failure", True)


def test_too_large_a_file_is_refused(firm, monkeypatch):
    monkeypatch.setattr("connectors.onec.commerceml.uploads.LARGEST", 2 * 1024 * 1024)
    first, text = firm.send([b"x" * (2 * 1024 * 1024 + 1)])
    assert (first, text) == ("failure", "Файл orders.xml больше 2 МБ: такой не принимается.")


def sizes(total, cuts):
    edges = sorted({0, total, *(cut % total for cut in cuts)})
    return list(pairwise(edges))


@profile(max_examples=40)
@given(st.lists(st.integers(0, 10**6), max_size=12), st.data())
def test_any_split_with_any_repeats_ends_right(cuts, data):
    """A piece that is long enough may come again at any later moment, the last one too."""
    name = data.draw(st.sampled_from(list(FORMS)))
    pieces = [FORMS[name][a:b] for a, b in sizes(len(FORMS[name]), cuts)]
    sent = []
    for n, piece in enumerate(pieces):
        again = [one for one in pieces[: n + (n == len(pieces) - 1)] if len(one) >= REPEATABLE]
        sent += [piece, *([data.draw(st.sampled_from(again))] if again and data.draw(st.booleans()) else [])]
    if sent[-1] is not pieces[-1] and sent[-1] != pieces[-1]:
        sent.pop()  # after the last, only the last can come again
    firm = Firm(file_limit=64 * 1024 * 1024)
    cookie = firm.log_in()
    uploads_of(firm, cookie, name, sent)
    assert firm.lines("import", cookie=cookie, filename="orders.xml") == ["success"]
    assert bodies(firm) == [LARGE]


def uploads_of(firm, cookie, name, sent):
    """Put the pieces down as a client does that cuts them in its own way: nothing but the import tells their end."""
    from connectors.onec.commerceml.session import id_of
    from connectors.onec.commerceml.uploads import Uploads
    from provodka.channel import Received

    for piece in sent:
        uploads = Uploads(firm.journal.parts, id_of(cookie.partition("=")[2]))
        firm.journal.accept(Received(parts=uploads.add(name, piece)))


@profile(max_examples=80)
@given(st.data())
def test_of_whatever_comes_a_file_is_taken_whole_or_not_at_all(data):
    """Pieces lost, out of order, damaged: no half of an import, no crash."""
    name = data.draw(st.sampled_from(list(FORMS)))
    pieces = split(FORMS[name], LIMIT)
    order = data.draw(st.lists(st.integers(0, len(pieces) - 1), min_size=1, max_size=len(pieces) + 2))
    sent = [pieces[n] for n in order]
    damaged = data.draw(st.booleans())
    if damaged:
        n, at = data.draw(st.integers(0, len(sent) - 1)), data.draw(st.integers(0, LIMIT - 1))
        sent[n] = sent[n][:at] + data.draw(st.binary(max_size=6)) + sent[n][at + data.draw(st.integers(0, 8)) :]
    firm = Firm(file_limit=LIMIT)
    cookie = firm.log_in()
    replies = [firm.lines("file", one, cookie=cookie, filename=name) for one in sent if one]
    replies.append(firm.lines("import", cookie=cookie, filename="orders.xml"))
    assert {one[0] for one in replies} <= {"success", "failure"}
    assert all(len(one) == 2 and one[1] for one in replies if one[0] == "failure")
    taken = bodies(firm)
    assert taken or replies[-1][0] == "failure"
    if name.endswith(".zip") or not damaged:  # plain XML has no sum by which a wrong letter could be noticed
        assert set(taken) <= {LARGE}
