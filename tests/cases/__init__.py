"""Charts that were once answered wrongly, file by file, each with its right answer in `expected.json`."""
