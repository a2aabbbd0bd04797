"""FHIR R4 -> facts: readers, units, codes, words, tolerances; and facts -> FHIR R4."""
