"""Partners and call centres: each with a link, a key or an address of its own, its own source and limit."""
