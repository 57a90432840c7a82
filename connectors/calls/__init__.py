"""Telephone calls, whichever service tells of them: notices are joined into one call, and one call makes one event."""
