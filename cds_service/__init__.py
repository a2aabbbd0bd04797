"""A CDS Hooks service for clinical trials."""

__version__ = "0.5.0"
