"""What the trial draws of one patient: levels, doses, partners, kidneys; blood counts and transfusions."""
