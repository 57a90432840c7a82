"""What reading a mailbox and sending from it have in common: providers, the login and its refusals."""
