"""Talks in messengers, whichever service brings them: what a person writes, sends and presses, in one form."""
