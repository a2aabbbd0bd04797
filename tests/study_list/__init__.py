"""The study team's list in a real FHIR server: written twice it changes nothing, and what people set stays."""
