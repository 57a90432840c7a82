"""A provider of OpenID Connect: whoever signs in there may sign in to the console (OpenID Connect Core 1.0,
Discovery 1.0, RP-Initiated Logout 1.0)."""
