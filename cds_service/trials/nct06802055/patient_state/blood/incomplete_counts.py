"""Blood counts that lack a line: they may speak against a response, and never for one (DECISIONS 68)."""

from decimal import Decimal

from msgspec.structs import replace

from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.patient_state.blood.baseline import Baseline
from cds_service.trials.nct06802055.patient_state.blood.counts import BloodCount, CountLimits
from cds_service.trials.nct06802055.patient_state.blood.haematology import Haematology
from cds_service.trials.nct06802055.patient_state.treatment_response.response_judgement import judge_response
from cds_service.trials.nct06802055.patient_state.treatment_response.response_profiles import ResponseStandard
from fhir_mappings.clinical_model.calendar import on_day
from fhir_mappings.clinical_model.results import Analyte, Result


def below_response(
    count: BloodCount,
    response: BloodCount,
    baseline: Baseline | None,
    blood: Haematology,
    standard: ResponseStandard,
) -> bool:
    """Does an incomplete `count` speak against the `response` that an earlier full count showed?

    It does not where it would be a response with nothing in the lines it lacks. Else it does where it would
    be none with those lines as they were, or where a line it has is below the trial record's own limit.
    """

    def responds(completed: BloodCount) -> bool:
        return judge_response(completed, baseline, blood, standard).at_least_partial is Verdict.MET

    if responds(_with_nothing_else(count)):
        return False
    return not responds(_with_the_rest_of(response, count)) or _is_low(count, standard.counts)


def _with_nothing_else(count: BloodCount) -> BloodCount:
    return replace(
        count,
        haemoglobin=count.haemoglobin or _nothing(count, Analyte.HAEMOGLOBIN),
        platelets=count.platelets or _nothing(count, Analyte.PLATELETS),
        neutrophils=count.neutrophils or _nothing(count, Analyte.NEUTROPHILS),
        reticulocytes=count.reticulocytes or _nothing(count, Analyte.RETICULOCYTES),
    )


def _nothing(count: BloodCount, analyte: Analyte) -> Result:
    return Result("", analyte, on_day(count.day), number=Decimal(0))


def _with_the_rest_of(response: BloodCount, count: BloodCount) -> BloodCount:
    """Reticulocytes, which are seldom counted, are not taken for granted."""
    return _with_nothing_else(
        replace(
            count,
            haemoglobin=count.haemoglobin or response.haemoglobin,
            platelets=count.platelets or response.platelets,
            neutrophils=count.neutrophils or response.neutrophils,
        )
    )


def _is_low(count: BloodCount, limits: CountLimits) -> bool:
    lines = (
        (count.haemoglobin, limits.haemoglobin_below),
        (count.platelets, limits.platelets_below),
        (count.neutrophils, limits.neutrophils_below),
    )
    return any(line is not None and line.below(limit) for line, limit in lines)
