"""The arms of this trial, as the contract writes them; by which texts charts name them is in trial.toml."""

from enum import StrEnum


class Arm(StrEnum):
    """The two arms. A chart's arm is a str: compare with `==`."""

    SIROLIMUS = "sirolimus"
    COMBINED = "sirolimus+ciclosporin"
