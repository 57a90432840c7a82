"""MTS Exolve: SMS to clients, calls that rules make, and the history of calls."""
