"""MAX: a bot with which people talk."""
