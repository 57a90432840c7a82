"""What every CRM's room shares: names, the mirror, comparing, the index of people, tokens. It speaks to no vendor."""
