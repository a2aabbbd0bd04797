"""One chart with results that differ at one moment, judged with each of them (DECISIONS 48)."""
