"""How a result is shown under a criterion: each UCUM unit as a clinician writes it."""

import pytest

from cds_service.cards.translations import read_wording
from cds_service.rules.criterion_evidence import of_result
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.quantity import CANONICAL_UNIT
from fhir_mappings.clinical_model.results import Analyte
from tests.builders import result

WORDS = read_wording()["en"]
WRITTEN = {
    "[IU]/L": "IU/L",
    "[iU]/L": "IU/L",
    "[IU]/mL": "IU/mL",
    "[iU]/mL": "IU/mL",
    "{copies}/mL": "copies/mL",
    "Cel": "°C",
}


@pytest.mark.parametrize("unit", sorted({*WRITTEN, *CANONICAL_UNIT.values()}))
def test_each_unit_is_shown_as_it_is_written(unit: str) -> None:
    shown = WORDS.plain(of_result(result(Analyte.CREATININE, "38.5"), say("analyte.creatinine"), unit).words)
    assert f"38.5 {WRITTEN.get(unit, unit)} " in f"{shown} "
