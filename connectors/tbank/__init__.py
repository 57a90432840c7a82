"""Payments by T-Bank."""
