"""A copy of a part of the journal for somebody to take away: masked unless it is opened, as SQLite, CSV or JSON."""

from support.export.lines import Line
from support.export.writers import COLUMNS, Words
from support.export.writing import Format, Made, Wish, export, file_name, size_of

__all__ = ["COLUMNS", "Format", "Line", "Made", "Wish", "Words", "export", "file_name", "size_of"]
