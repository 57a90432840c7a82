"""Bitrix24: settings, the neutral CRM on its REST, and the receiver of its events."""
