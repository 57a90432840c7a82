"""Forms of any site: JSON or form data, known by a secret in the address or a signature."""

from connectors.form.channel import FormChannel
from connectors.form.settings import FormSettings, SignatureSettings

__all__ = ["FormChannel", "FormSettings", "SignatureSettings"]
