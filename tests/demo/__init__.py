"""The demo: its patients, its FHIR server, the mini-EHR as a client of the standard, and all of it in Chromium."""
