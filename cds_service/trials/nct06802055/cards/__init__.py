"""The cards of this trial: dosing, visit, orders, safety."""
