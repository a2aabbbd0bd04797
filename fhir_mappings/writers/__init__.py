"""Clinical facts -> FHIR R4 resources, by fhir.resources (R4B)."""
