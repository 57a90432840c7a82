"""Tilda: forms and carts of sites built there."""
