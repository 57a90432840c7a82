"""What payment services have in common: orders, the payment computed of its notices, receipts, the watcher's life."""
