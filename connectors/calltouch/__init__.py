"""Calltouch: call tracking."""
