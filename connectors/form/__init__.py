"""Forms of any site: JSON or form data, known by a secret in the address or a signature."""
