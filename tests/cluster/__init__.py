"""Screening on several machines: real processes, one of them killed, and nobody let in without a certificate."""
