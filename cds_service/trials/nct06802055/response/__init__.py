"""Haematological response at Weeks 13 and 25."""
