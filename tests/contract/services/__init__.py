"""One module per service: `CASES` are the ways in which it calls us, `WRITERS` what of it we call."""
