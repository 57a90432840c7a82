"""WhatsApp by the Business Cloud API of Meta."""
