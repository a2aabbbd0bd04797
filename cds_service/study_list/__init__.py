"""The study team's list: candidates as `List`, `ResearchSubject` and `Task` in the hospital's FHIR server."""
