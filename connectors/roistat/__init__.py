"""Roistat: call tracking."""
