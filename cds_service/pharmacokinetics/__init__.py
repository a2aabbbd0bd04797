"""Numbers about drug in blood: published models, exact solutions, an estimate, a forecast. Pure."""
