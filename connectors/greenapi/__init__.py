"""Green-API: an ordinary account of WhatsApp, held open by a service."""
