"""What the service remembers: advice given, reactions to it, tokens seen. Never a patient."""
