"""Asterisk (also FreePBX, Issabel): calls by AMI, with the CDR behind it."""
