"""Payments by YooKassa."""
