"""A live export: kick-off, polling, download with resume, tokens, cancelling, and what an error is called."""
