"""A second trial is a folder: one of danazol in PNH, served, screened and explained beside the first."""
