"""A FHIR server that others wrote (HAPI): the same advice through it. Run by `make test-hapi`."""
