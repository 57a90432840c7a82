"""The exchanges of Zadarma, and of Novofon as long as it speaks the same older API."""
