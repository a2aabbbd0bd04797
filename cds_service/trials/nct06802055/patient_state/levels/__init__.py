"""Drug levels: which one counts, how it was timed, and how they ran."""
