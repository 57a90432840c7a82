"""What tables have in common, be they files or live: readers, columns by their headings, and the event of a row."""
