"""The demo: a FHIR server with synthetic patients and a mini-EHR, a client of the service by HTTP alone."""
