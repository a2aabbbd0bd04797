"""Every suggestion of every demo patient carried out at a FHIR server by a client that knows nothing of this service."""
