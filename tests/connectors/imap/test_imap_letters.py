"""Letters of every program, in every encoding: a draw of them here, PROVODKA_LETTERS=1000 for all."""

import os

import pytest

from tests.connectors.imap.corpus.letters import ENCODINGS, FORMS, PROGRAMS, Letter, letters

COUNT = int(os.environ.get("PROVODKA_LETTERS", "150"))
DRAWN = list(letters(COUNT))


def lines(text):
    return tuple(" ".join(line.split()) for line in text.split("\n") if line.strip())


@pytest.mark.parametrize("drawn", DRAWN, ids=lambda drawn: drawn.label)
def test_a_letter_says_what_its_writer_meant(read, drawn: Letter):
    got = read(drawn.raw)
    mail, person, true = got.mail, got.person, drawn.writer
    if drawn.lines is not None:
        assert lines(mail.text) == tuple(" ".join(line.split()) for line in drawn.lines)
    assert [line for line in drawn.within if line not in mail.text] == []
    assert [words for words in drawn.strange if words in mail.text] == []
    assert person.emails == (true.email,)
    assert person.name in ((true.name,) if mail.from_ == "anna@krovlya.ru" or true.phone else (true.name, ""))
    assert person.phones == ((true.phone,) if true.phone else ())
    said = mail.said
    assert (said.company, said.inn, said.city, said.domain) == (true.company, true.inn, true.city, true.domain)
    assert said.links == ((true.link,) if true.link else ())
    assert (mail.kind, mail.topic, mail.thread) == ("letter", drawn.topic, drawn.thread)


def test_the_whole_draw_has_every_encoding_program_and_form():
    labels = [drawn.label for drawn in letters(1000)]
    for wanted in (*ENCODINGS, *(program.name for program in PROGRAMS), *FORMS):
        assert any(f", {wanted}," in label or f": {wanted}," in label for label in labels), wanted
