"""The hospital's FHIR server: which addresses are called, deadlines, paging, waiting, TLS, and gathering a chart."""
