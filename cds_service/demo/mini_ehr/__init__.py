"""A mini-EHR: patient list, chart, order form and cards, as a hospital's record system would show them.

It is an ordinary CDS client: FHIR and CDS Hooks over HTTP are all it knows of the servers it talks to.
"""
