"""Folders by what they are for, on servers that say it and on those that do not."""

import pytest

from connectors.imap.places import Place, find_places


class Server:
    """What a server answers to LIST, as IMAPClient gives it."""

    def __init__(self, *folders, delimiter=b"/"):
        self.folders, self.delimiter = folders, delimiter

    def list_folders(self):
        return [(flags, self.delimiter, name) for name, *flags in self.folders]


GMAIL = Server(("INBOX",), ("[Gmail]/Отправленные", b"\\HasNoChildren", b"\\Sent"), ("[Gmail]/Спам", b"\\Junk"))
NAMED = Server(("INBOX",), ("INBOX.Отправленные",), ("INBOX.Спам",), ("INBOX.Удалённые",), delimiter=b".")


@pytest.mark.parametrize("wanted", ["\\Inbox", "INBOX"])
def test_the_inbox_is_always_there_and_keeps_its_cursor_however_it_is_named(settings, wanted):
    assert find_places(Server(), settings(folders=[wanted])).found == (Place("INBOX", "INBOX"),)


def test_a_folder_is_found_by_its_use(settings):
    found = find_places(GMAIL, settings(folders=["\\Junk"], sent=True)).found
    assert found == (Place("\\Junk", "[Gmail]/Спам"), Place("\\Sent", "[Gmail]/Отправленные", is_sent=True))


def test_where_the_server_tells_no_use_the_usual_names_are_looked_for(settings):
    found = find_places(NAMED, settings(folders=["INBOX", "\\Trash"], sent=True)).found
    assert [place.name for place in found] == ["INBOX", "INBOX.Удалённые", "INBOX.Отправленные"]


def test_the_use_that_a_server_tells_goes_before_a_name(settings):
    server = Server(("Sent",), ("Исходящие 2025", b"\\Sent"))
    assert find_places(server, settings(sent=True)).found[-1].name == "Исходящие 2025"


def test_a_folder_that_is_named_and_meant_besides_is_watched_once(settings):
    found = find_places(GMAIL, settings(folders=["[Gmail]/Отправленные"], sent=True)).found
    assert found == (Place("[Gmail]/Отправленные", "[Gmail]/Отправленные", is_sent=True),)


def test_what_is_not_there_is_named_as_it_was_asked_for(settings):
    places = find_places(Server(("INBOX",)), settings(folders=["INBOX", "Заявки"], sent=True))
    assert places.missing == ("Заявки", "\\Sent")
    assert places.there == ("INBOX",)
