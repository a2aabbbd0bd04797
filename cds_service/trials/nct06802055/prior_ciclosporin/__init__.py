"""Ciclosporin without effect or not tolerated: the evidence behind inclusion 4."""
