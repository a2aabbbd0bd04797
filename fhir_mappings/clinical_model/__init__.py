"""The words the medicine is written in: facts, results, medications, studies; known or unknown."""
