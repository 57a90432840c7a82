"""The virtual exchange of MegaFon, and those built on the same platform (ITooLabs): Gravitel and others."""
