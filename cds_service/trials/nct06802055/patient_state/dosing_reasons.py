"""The stable codes of why titration says what it says, and their words."""

from enum import StrEnum

from cds_service.rules.answers.dosing_answers import Validity
from fhir_mappings.clinical_model.messages import Phrase, say


class Reason(StrEnum):
    """Codes in `reasons` of a titration decision; the validities of a level are codes there too."""

    # which dose
    DOSE_NOT_DOCUMENTED = "DOSE_NOT_DOCUMENTED"
    DOSE_ON_HOLD = "DOSE_ON_HOLD"
    NOT_ORAL = "NOT_ORAL"
    CICLOSPORIN_STOPPED = "CICLOSPORIN_STOPPED"
    PRE_STUDY_CICLOSPORIN = "PRE_STUDY_CICLOSPORIN"
    CONFLICTING_DOSES = "CONFLICTING_DOSES"
    DUPLICATE_ORDER = "DUPLICATE_ORDER"
    ORDER_NOT_STARTED = "ORDER_NOT_STARTED"
    CHANGE_ORDERED = "CHANGE_ORDERED"
    DOSE_OUTSIDE_BOUNDS = "DOSE_OUTSIDE_BOUNDS"
    PROPOSAL_OUTSIDE_BOUNDS = "PROPOSAL_OUTSIDE_BOUNDS"
    # who
    PATIENT_DECEASED = "PATIENT_DECEASED"
    # which arm
    ARM_UNKNOWN = "ARM_UNKNOWN"
    ARM_MISMATCH = "ARM_MISMATCH"
    CICLOSPORIN_DOSE_UNKNOWN = "CICLOSPORIN_DOSE_UNKNOWN"
    # after a hold
    HOLD_OPEN = "HOLD_OPEN"
    RESTART_AFTER_HOLD = "RESTART_AFTER_HOLD"
    RESTART_ASK = "RESTART_ASK"
    HOLD_NOT_DOCUMENTED = "HOLD_NOT_DOCUMENTED"
    CAUSE_REMOVED = "CAUSE_REMOVED"
    LEVEL_REFUTED = "LEVEL_REFUTED"
    # which level
    TROUGH_TIME_UNPROVEN = "TROUGH_TIME_UNPROVEN"
    LEVEL_BEFORE_DOSE_CHANGE = "LEVEL_BEFORE_DOSE_CHANGE"
    LEVEL_UNEXPECTED = "LEVEL_UNEXPECTED"
    SAFETY_LEVEL = "SAFETY_LEVEL"
    LEVEL_ABOVE_CEILING = "LEVEL_ABOVE_CEILING"
    TOXICITY = "TOXICITY"
    # what is missing
    MISSING_CBC = "MISSING_CBC"
    MISSING_ALT = "MISSING_ALT"
    MISSING_CREATININE = "MISSING_CREATININE"
    MISSING_WEIGHT = "MISSING_WEIGHT"
    MISSING_AGE = "MISSING_AGE"
    MISSING_BILIRUBIN = "MISSING_BILIRUBIN"
    MEDICATIONS_UNAVAILABLE = "MEDICATIONS_UNAVAILABLE"
    RESULTS_UNAVAILABLE = "RESULTS_UNAVAILABLE"
    # kidney, liver, potassium
    AKI = "AKI"
    RENAL_IMPAIRED = "RENAL_IMPAIRED"
    RENAL_WATCH = "RENAL_WATCH"
    RENAL_UNKNOWN = "RENAL_UNKNOWN"
    REESCALATION_ASK = "REESCALATION_ASK"
    LOW_EGFR = "LOW_EGFR"
    RISING_CREATININE = "RISING_CREATININE"
    HIGH_POTASSIUM = "HIGH_POTASSIUM"
    KIDNEY_FAILURE_CODED = "KIDNEY_FAILURE_CODED"
    LIVER_INJURY = "LIVER_INJURY"
    LIVER_UNKNOWN = "LIVER_UNKNOWN"
    # other drugs, other changes, safety
    STRONG_INTERACTION = "STRONG_INTERACTION"
    ONE_CHANGE_AT_A_TIME = "ONE_CHANGE_AT_A_TIME"
    SAFETY_VETO = "SAFETY_VETO"
    SAFETY_DOUBT = "SAFETY_DOUBT"
    # why a start is low
    START_AGE = "START_AGE"
    START_WEIGHT = "START_WEIGHT"
    START_LIVER = "START_LIVER"
    START_MODERATE_INHIBITOR = "START_MODERATE_INHIBITOR"
    START_CICLOSPORIN = "START_CICLOSPORIN"


WORDS: dict[Reason, Phrase] = {
    Reason.DOSE_NOT_DOCUMENTED: say("dosing.reason.notDocumented"),
    Reason.DOSE_ON_HOLD: say("dosing.reason.onHold"),
    Reason.NOT_ORAL: say("dosing.reason.notOral"),
    Reason.CICLOSPORIN_STOPPED: say("dosing.reason.ciclosporinStopped"),
    Reason.PRE_STUDY_CICLOSPORIN: say("dosing.reason.preStudy"),
    Reason.CONFLICTING_DOSES: say("dosing.reason.conflictingDoses"),
    Reason.DUPLICATE_ORDER: say("dosing.reason.duplicateOrder"),
    Reason.ORDER_NOT_STARTED: say("dosing.reason.orderNotStarted"),
    Reason.CHANGE_ORDERED: say("dosing.reason.changeOrdered"),
    Reason.DOSE_OUTSIDE_BOUNDS: say("dosing.reason.outsideBounds"),
    Reason.PROPOSAL_OUTSIDE_BOUNDS: say("dosing.reason.proposalOutside"),
    Reason.PATIENT_DECEASED: say("dosing.reason.deceased"),
    Reason.ARM_UNKNOWN: say("dosing.reason.armUnknown"),
    Reason.ARM_MISMATCH: say("dosing.reason.armMismatch"),
    Reason.CICLOSPORIN_DOSE_UNKNOWN: say("dosing.reason.ciclosporinUnknown"),
    Reason.HOLD_OPEN: say("dosing.reason.holdOpen"),
    Reason.RESTART_AFTER_HOLD: say("dosing.reason.restart"),
    Reason.RESTART_ASK: say("dosing.reason.restartAsk"),
    Reason.HOLD_NOT_DOCUMENTED: say("dosing.reason.holdNotDocumented"),
    Reason.CAUSE_REMOVED: say("dosing.reason.causeRemoved"),
    Reason.LEVEL_REFUTED: say("dosing.reason.levelRefuted"),
    Reason.TROUGH_TIME_UNPROVEN: say("dosing.reason.timeUnproven"),
    Reason.LEVEL_BEFORE_DOSE_CHANGE: say("dosing.reason.levelBeforeChange"),
    Reason.LEVEL_UNEXPECTED: say("dosing.reason.levelUnexpected"),
    Reason.SAFETY_LEVEL: say("dosing.reason.safetyLevel"),
    Reason.LEVEL_ABOVE_CEILING: say("dosing.reason.aboveCeiling"),
    Reason.TOXICITY: say("dosing.reason.toxicity"),
    Reason.MISSING_CBC: say("dosing.reason.missingCbc"),
    Reason.MISSING_ALT: say("dosing.reason.missingAlt"),
    Reason.MISSING_CREATININE: say("dosing.reason.missingCreatinine"),
    Reason.MISSING_WEIGHT: say("dosing.reason.missingWeight"),
    Reason.MISSING_AGE: say("dosing.reason.missingAge"),
    Reason.MISSING_BILIRUBIN: say("dosing.reason.missingBilirubin"),
    Reason.MEDICATIONS_UNAVAILABLE: say("dosing.reason.medicationsUnavailable"),
    Reason.RESULTS_UNAVAILABLE: say("dosing.reason.resultsUnavailable"),
    Reason.AKI: say("dosing.reason.aki"),
    Reason.RENAL_IMPAIRED: say("dosing.reason.renalImpaired"),
    Reason.RENAL_WATCH: say("dosing.reason.renalWatch"),
    Reason.RENAL_UNKNOWN: say("dosing.reason.renalUnknown"),
    Reason.REESCALATION_ASK: say("dosing.reason.reescalation"),
    Reason.LOW_EGFR: say("dosing.reason.lowEgfr"),
    Reason.RISING_CREATININE: say("dosing.reason.risingCreatinine"),
    Reason.HIGH_POTASSIUM: say("dosing.reason.highPotassium"),
    Reason.KIDNEY_FAILURE_CODED: say("dosing.reason.kidneyFailureCoded"),
    Reason.LIVER_INJURY: say("dosing.reason.liverInjury"),
    Reason.LIVER_UNKNOWN: say("dosing.reason.liverUnknown"),
    Reason.STRONG_INTERACTION: say("dosing.reason.strongInteraction"),
    Reason.ONE_CHANGE_AT_A_TIME: say("dosing.reason.oneChange"),
    Reason.SAFETY_VETO: say("dosing.reason.safetyVeto"),
    Reason.SAFETY_DOUBT: say("dosing.reason.safetyDoubt"),
    Reason.START_AGE: say("dosing.reason.startAge"),
    Reason.START_WEIGHT: say("dosing.reason.startWeight"),
    Reason.START_LIVER: say("dosing.reason.startLiver"),
    Reason.START_MODERATE_INHIBITOR: say("dosing.reason.startModerate"),
    Reason.START_CICLOSPORIN: say("dosing.reason.startCiclosporin"),
}

UNFIT: dict[Validity, Phrase] = {
    Validity.ASSUMED_TROUGH: say("dosing.unfit.assumed"),
    Validity.NOT_TROUGH: say("dosing.unfit.notTrough"),
    Validity.NOT_STEADY_STATE: say("dosing.unfit.notSteady"),
    Validity.STALE: say("dosing.unfit.stale"),
    Validity.IMPLAUSIBLE: say("dosing.unfit.implausible"),
    Validity.WRONG_SPECIMEN: say("dosing.unfit.specimen"),
    Validity.WRONG_ASSAY: say("dosing.unfit.assay"),
    Validity.UNIT_UNUSABLE: say("dosing.unfit.unit"),
    Validity.BELOW_QUANTIFICATION: say("dosing.unfit.below"),
    Validity.ABOVE_QUANTIFICATION: say("dosing.unfit.above"),
    Validity.CONFLICTING: say("dosing.unfit.conflicting"),
    Validity.MISSING: say("dosing.unfit.missing"),
}
"""Why a level cannot be titrated on."""


def reason_words(reasons: tuple[Reason, ...]) -> tuple[Phrase, ...]:
    """The words of several reasons."""
    return tuple(WORDS[reason] for reason in reasons)
