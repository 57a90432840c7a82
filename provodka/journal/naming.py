"""People by the words of their names. A name is kept with the lane that its event had; a lane bears the number of its
first event, which knows the lane of today, so that nothing moves when two join."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection, Select, literal_column, select

from provodka.journal.schema import events, named
from provodka.journal.sql import begins, insert_at_once

_WORD: Final = re.compile(r"[^\W_]{2,}")
_LONGEST: Final = 40
_MOST: Final = 8  # words of one name; a field that somebody has written a story into names nobody


def words_of(name: str) -> list[str]:
    """The words of a name as they are kept and searched: folded, «ё» as «е», once each."""
    folded = name.casefold().replace("ё", "е")
    return list(dict.fromkeys(word[:_LONGEST] for word in _WORD.findall(folded)))[:_MOST]


def put_names(connection: Connection, names: Iterable[tuple[int, str]]) -> None:
    """Keep the names of (lane, name); those that are kept already stay."""
    rows = sorted({(word, lane) for lane, name in names if name for word in words_of(name)})
    if rows:
        insert_at_once(connection, named, ("word", "lane"), ("lane", "word"), rows)


def lanes_named(connection: Connection, name: str, most: int) -> list[int]:
    """The lanes of people who have, for each word of the text, a word that begins so; some of them if there are more
    than `most`."""
    words = sorted(words_of(name), key=len, reverse=True)  # the longest finds the fewest to look through
    if not words:
        return []
    first = named.alias()
    query: Select[Any] = select(events.c.lane).join_from(first, events, events.c.seq == first.c.lane).distinct()
    query = query.where(begins(connection, first.c.word, words[0]))
    for word in words[1:]:
        other = named.alias()
        also: Select[Any] = select(literal_column("1")).where(
            other.c.lane == first.c.lane, begins(connection, other.c.word, word)
        )
        query = query.where(also.exists())
    return [row.lane for row in connection.execute(query.where(events.c.lane.is_not(None)).limit(most))]
