"""The virtual trial: seeded adults, FHIR visits, several dosing policies side by side."""
