"""Any telephony that can call an address: its fields are named in the settings."""
