"""`make load`: many clients at once, workers killed on the way, and nothing lost, doubled or unrecorded."""
