"""What each test is called on a card."""

from fhir_mappings.clinical_model.messages import Phrase
from fhir_mappings.clinical_model.results import Analyte

ANALYTE_WORDS = {analyte: Phrase(f"analyte.{analyte}") for analyte in Analyte}
