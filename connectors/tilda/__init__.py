"""Tilda: forms and carts of sites built there."""

from connectors.tilda.channel import TildaChannel
from connectors.tilda.settings import ApiKeySettings, TildaSettings

__all__ = ["ApiKeySettings", "TildaChannel", "TildaSettings"]
