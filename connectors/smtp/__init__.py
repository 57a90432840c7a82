"""SMTP: letters to clients and to the staff."""
