"""What each test is called on a card."""

from fhir_mappings.vocabulary.phrases import Phrase
from fhir_mappings.vocabulary.results import Analyte

ANALYTE_WORDS = {analyte: Phrase(f"analyte.{analyte}") for analyte in Analyte}
