"""A PNH clone that has grown, and hepatitis that has come back (`titration.md` 8)."""

from collections.abc import Iterator

from cds_service.rules.answers.alerts import Action, Severity
from cds_service.trials.nct06802055.safety.result_text import at_least_times, result_evidence, shown_result
from cds_service.trials.nct06802055.safety.safety_context import Found, Situation
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.results import Analyte, Presence, Result, day_of

_VIRUS = (Analyte.HBSAG, Analyte.HBV_DNA, Analyte.HCV_RNA)


def pnh_clone(chart: Situation) -> Iterator[Found]:
    """A granulocyte (else monocyte) clone of 50 % or more, measured on the study."""
    for analyte in (Analyte.PNH_GRANULOCYTES, Analyte.PNH_MONOCYTES):
        measured = _on_study(chart, analyte)
        if measured:
            if at_least_times(measured, chart.limits.clone_limit):
                seen = say("safety.clone", value=shown_result(measured), day=day_of(measured))
                for drug in chart.drugs:
                    yield chart.alert(
                        "SAF-PNH",
                        Severity.WARNING,
                        Action.STOP_REVIEW,
                        seen,
                        drug,
                        [result_evidence(measured)],
                    )
            return


def viral_reactivation(chart: Situation) -> Iterator[Found]:
    """HBsAg, HBV DNA or HCV RNA positive on the study: the newest test of the kind."""
    for analyte in _VIRUS:
        result = _on_study(chart, analyte)
        if result and (result.presence is Presence.POSITIVE or result.above(0)):
            seen = say("safety.virus", written=result.as_written, day=day_of(result), test=_NAME[analyte])
            for drug in chart.drugs:
                yield chart.alert(
                    "SAF-VIRUS", Severity.WARNING, Action.STOP_REVIEW, seen, drug, [result_evidence(result)]
                )


_NAME = {
    Analyte.HBSAG: say("safety.test.hbsag"),
    Analyte.HBV_DNA: say("safety.test.hbvDna"),
    Analyte.HCV_RNA: say("safety.test.hcvRna"),
}


def _on_study(chart: Situation, analyte: Analyte) -> Result | None:
    readable = chart.readable(analyte)
    if not readable or chart.since is None or day_of(readable[-1]) < chart.since:
        return None
    return readable[-1]
