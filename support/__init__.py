"""What support asks and does: finds a story, explains it, says what is wrong, and mends it. Data alone: the command and
the console put it into words."""
