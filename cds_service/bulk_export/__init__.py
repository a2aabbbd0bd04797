"""A client of FHIR Bulk Data Access: kick-off, polling, download, SMART Backend Services."""
