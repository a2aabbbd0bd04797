"""The doors: bodies, headers, rate limits, client trust, refusals, what may never leak."""
