"""`make bench`: what a hook call costs beside the least that any view could cost."""
