"""Wazzup24: WhatsApp and other messengers by one reseller."""
