"""Writes the attestation form as the criteria ask it: `python -m cds_service.cli.write_questionnaire`."""

from cds_service.rules.thresholds import FOLDER
from cds_service.trials.nct06802055.criteria.attestation_questionnaire import (
    FILE,
    as_written,
    questionnaire_of,
)

if __name__ == "__main__":
    (FOLDER / FILE).write_text(as_written(questionnaire_of(FOLDER)), "utf-8")
