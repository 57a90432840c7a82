"""What every room of Provodka needs: events, the neutral CRM, settings, errors, logs and the journal."""
