"""What a page says of one patient, as data: statements with their rules, and figures on a time axis."""
