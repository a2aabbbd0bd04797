"""The SMART app that explains: launch, attacks on it, privacy, figures, the attestation, and the page in Chromium."""
