"""Any service on the net: what rules ask with `http` and fetch with `attach`."""
