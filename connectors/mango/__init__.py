"""MANGO OFFICE: calls of a virtual exchange (VPBX API)."""
