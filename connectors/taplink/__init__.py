"""Taplink: pages of links with forms and payments."""
