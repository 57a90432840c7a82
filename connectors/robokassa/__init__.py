"""Payments by Robokassa."""
