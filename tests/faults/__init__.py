"""What happens when a part fails (FHIR server, peers, clock, database, TLS); `docs/faults.md` is made from it."""
