"""What holds for every chart: property tests over generated charts, and the exhaustive sweep of dosing states."""
