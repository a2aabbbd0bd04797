"""The drugs of this trial, as its rules name them; their codes and spellings are in trial.toml."""

from enum import StrEnum


class Drug(StrEnum):
    """The two study drugs, by ingredient. An ingredient of a chart is a str: compare with `==`."""

    SIROLIMUS = "sirolimus"
    CICLOSPORIN = "ciclosporin"
