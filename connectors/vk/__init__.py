"""VK: messages to a community and its lead forms, by its Callback API or a long poll."""
