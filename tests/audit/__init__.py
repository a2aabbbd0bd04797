"""What is remembered: audit, feedback, restraint, replay, retention, on SQLite and PostgreSQL alike."""
