"""The page for the study team: counts alone, of what was advised and of who could be recruited."""
