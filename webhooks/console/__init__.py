"""The console of support engineers at `/console/`: the journal as pages. Loaded when somebody first opens it."""
