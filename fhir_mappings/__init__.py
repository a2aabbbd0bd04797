"""FHIR R4 <-> clinical facts. Knows no trial and no service."""
