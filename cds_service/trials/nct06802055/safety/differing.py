"""Results of one moment that differ: told beside what was made of them (DECISIONS 48)."""

from collections.abc import Iterator

from cds_service.rules.analyte_words import ANALYTE_WORDS
from cds_service.rules.answers.alerts import Action, Severity
from cds_service.trials.nct06802055.safety.result_text import result_evidence
from cds_service.trials.nct06802055.safety.safety_context import Found, Situation
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.pairs import Pair


def differing_results(chart: Situation) -> Iterator[Found]:
    """Each recent pair of a test that bars a drug; every other rule has judged with each of the two."""
    for pair in chart.record.pairs:
        drugs = [drug for drug in chart.limits.barred_by(pair.analyte) if drug in chart.drugs]
        if drugs and _is_recent(pair, chart):
            evidence = [result_evidence(result) for result in pair.results]
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
