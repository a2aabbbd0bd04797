"""What several topics need to know of a patient: participation, doses, levels, kidneys, blood, drugs."""
