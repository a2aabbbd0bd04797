"""eGFR and the renal state machine."""
