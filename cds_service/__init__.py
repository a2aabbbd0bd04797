"""A CDS Hooks service for clinical trial NCT06802055."""

__version__ = "0.5.0"
