"""CDS Hooks, requirement by requirement, over HTTP; `docs/conformance.md` is made from the marks here."""
