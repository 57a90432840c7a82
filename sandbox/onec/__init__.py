"""A 1C:Enterprise base of a chosen configuration, with what it publishes and an accountant who acts in it."""

from sandbox.onec.app import LOGIN, PASSWORD, OneC

__all__ = ["LOGIN", "PASSWORD", "OneC"]
