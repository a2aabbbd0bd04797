"""The trial protocol as pure functions: a clinical record in, an assessment out."""
