"""Sipuni: events of calls, the statistics as a table, calls by command."""
