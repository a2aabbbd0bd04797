"""The console script `cds-service`."""

from cds_service.cli.commands import main

__all__ = ["main"]
