"""FHIR R4 JSON -> clinical facts; what cannot be read is named."""
