"""What arrives by HTTP: the hooks of the channels, health, metrics and the console."""
