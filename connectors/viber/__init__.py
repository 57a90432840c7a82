"""Viber: a bot by its REST API."""
