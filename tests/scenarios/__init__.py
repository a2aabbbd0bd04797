"""Whole ways, from FHIR to the card: golden cards of the demo patients, the rulings of the specification, round trips."""
