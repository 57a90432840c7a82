"""amoCRM: settings, the neutral CRM on its API v4, and the receiver of its webhooks."""
