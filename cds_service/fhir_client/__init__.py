"""The hospital's FHIR server: listed addresses, one deadline, paging, waiting, writing."""
