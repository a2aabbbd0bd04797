"""Results of one moment that differ: told beside what was made of them (DECISIONS 48)."""

from collections.abc import Iterator

from cds_service.protocol.analyte_words import ANALYTE_WORDS
from cds_service.protocol.answers.alerts import Action, Severity
from cds_service.protocol.safety_rules.measured import evidence_of
from cds_service.protocol.safety_rules.situation import Found, Situation
from fhir_mappings.vocabulary.pairs import Pair
from fhir_mappings.vocabulary.phrases import Phrase, say


def differing_results(chart: Situation) -> Iterator[Found]:
    """Each recent pair of a test that bars a drug; every other rule has judged with each of the two."""
    for pair in chart.record.pairs:
        drugs = [drug for drug in chart.limits.barred_by(pair.analyte) if drug in chart.drugs]
        if drugs and _is_recent(pair, chart):
            evidence = [evidence_of(result) for result in pair.results]
            drug = drugs[0] if len(drugs) == 1 else None
            yield chart.alert("SAF-PAIR", Severity.INFO, Action.REPEAT_TEST, _words(pair), drug, evidence)


def _is_recent(pair: Pair, chart: Situation) -> bool:
    return 0 <= (chart.day - pair.when.last).days <= chart.limits.recent_days


def _words(pair: Pair) -> Phrase:
    written = dict.fromkeys(result.as_written for result in pair.results)
    return say(
        "safety.differ",
        name=ANALYTE_WORDS[pair.analyte],
        day=pair.when.last,
        written=tuple(say("safety.differ.one", written=words) for words in written),
    )
