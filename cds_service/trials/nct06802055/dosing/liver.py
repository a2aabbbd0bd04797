"""How far the liver tests lie above normal, for the dose of sirolimus (`titration.md` 4.1, 4.3)."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

import msgspec

from cds_service.rules.latest_results import recent
from cds_service.trials.nct06802055.patient_state.doses.titration_limits import TitrationLimits
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.results import Analyte, Result


class Liver(msgspec.Struct, frozen=True):
    """Answers about the newest ALT, AST and bilirubin; None where a comparator ("> 100") leaves it open.

    `hold`: so high that sirolimus is held. `cap`: so high that it is capped. `start_low`: it starts low.
    `seen`: the tests that say so. `bilirubin_known`: whether there is a bilirubin at all.
    """

    hold: bool | None = False
    cap: bool | None = False
    start_low: bool | None = False
    bilirubin_known: bool = True
    seen: tuple[Phrase, ...] = ()


def liver_for_dose(results: Mapping[Analyte, Result], today: date, limits: TitrationLimits) -> Liver:
    """What the liver tests of the last `tests_days` say; a test that was not done says nothing."""
    alt = recent(results, Analyte.ALT, today, limits.tests_days)
    ast = recent(results, Analyte.AST, today, limits.tests_days)
    bilirubin = recent(results, Analyte.BILIRUBIN, today, limits.tests_days)
    aminotransferases = [(alt, limits.alt_upper), (ast, limits.ast_upper)]
    bilirubins = [(bilirubin, limits.bilirubin_upper)]
    held = _over(aminotransferases, limits.liver_hold_ratio)
    held += _over(bilirubins, limits.bilirubin_hold_ratio)
    capped = _over(aminotransferases, limits.liver_cap_ratio)
    low = _over(aminotransferases, limits.start_liver_ratio) + _over(bilirubins, limits.start_bilirubin_ratio)
    return Liver(
        hold=_any(held),
        cap=_any(capped),
        start_low=_any(low),
        bilirubin_known=bilirubin is not None,
        seen=tuple(
            _words(result, upper)
            for (result, upper), over in zip([*aminotransferases, *bilirubins], low, strict=True)
            if result and over
        ),
    )


def _over(tests: Iterable[tuple[Result | None, Decimal]], ratio: Decimal) -> list[bool | None]:
    return [result.above((result.high or upper) * ratio) if result else False for result, upper in tests]


def _any(answers: list[bool | None]) -> bool | None:
    if True in answers:
        return True
    return None if None in answers else False


def _words(result: Result, upper: Decimal) -> Phrase:
    normal = result.high or upper
    match result.analyte:
        case Analyte.ALT:
            return say("dosing.liver.alt", value=result.number, normal=normal)
        case Analyte.AST:
            return say("dosing.liver.ast", value=result.number, normal=normal)
        case _:
            return say("dosing.liver.bilirubin", value=result.number, normal=normal)
