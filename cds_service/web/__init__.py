"""The HTTP service (Flask): doors, limits, refusals; every fact an error carries becomes a status here."""
