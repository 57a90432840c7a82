"""Takes what the journal holds ready: events to plan, actions to deliver."""
