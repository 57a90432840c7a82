"""Avito: talks about adverts, by the Messenger API."""
