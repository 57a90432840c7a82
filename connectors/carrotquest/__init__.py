"""Carrot quest: chats, pop-ups and events of a site."""
