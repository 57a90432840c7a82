"""The history of the journal's schema."""
