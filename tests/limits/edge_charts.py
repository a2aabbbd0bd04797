"""A chart for each limit that no other chart shows: what it holds lies at the edge of that limit."""

from typing import Any

from tests.scenarios.dosing_charts import (
    BASELINE,
    COMBINED_ARM,
    SIROLIMUS_ARM,
    VORICONAZOLE,
    at,
    creatinine,
    kidneys,
    lab,
    labs,
    level,
    line,
    on_both,
    on_sirolimus,
    taking,
)
from tests.scenarios.fhir_charts import (
    CICLOSPORIN_25MG,
    SIROLIMUS_1MG,
    SUBJECT,
    Json,
    administration,
    adverse_event,
    atc,
    attestation,
    condition,
    count,
    dispense,
    dosage,
    enrolled,
    icd,
    nothing_known,
    observation,
    order,
    patient,
    procedure,
    statement,
    text,
    transfusion,
)

Chart = tuple[Json, ...]
LEVOFLOXACIN = atc("J01MA12", "levofloxacin")
RIFAMPICIN = atc("J04AB02", "rifampicin")
HER = patient(gender="female")


def _fever(celsius: Any, when: Any = 1) -> Json:
    return observation("8310-5", celsius, "Cel", when)


def _alt(value: Any) -> Json:
    return lab("1742-6", value, "U/L", 2)


def _ast(value: Any) -> Json:
    return lab("1920-8", value, "U/L", 2)


def _bilirubin(value: Any) -> Json:
    return lab("1975-2", value, "umol/L", 2)


def _pressure(systolic: Any, diastolic: Any) -> Chart:
    return lab("8480-6", systolic, "mm[Hg]", 1), lab("8462-4", diastolic, "mm[Hg]", 1)


def _missed(drug: str, when: int) -> Json:
    return administration(
        SIROLIMUS_1MG if drug == "sirolimus" else atc("L04AD01", "ciclosporin"), when, status="not-done"
    )


def _protein(value: Any) -> Json:
    return lab("2890-2", value, "mg/g", 2)


def _counts_falling(plt: Any = 60, anc: Any = 1.2, hb: Any = 95) -> Chart:
    return (*count(120, 100, 2.0, 20), *count(hb, plt, anc, 2))


ELIGIBILITY: dict[str, Chart] = {
    "counts.explaining_treatment_days": (
        *count(80, 10, 0.4, 50),
        *count(130, 200, 3, 2),
        dispense(atc("L04AD01", "ciclosporin"), 100, 10),
    ),
    "counts.unexplained_rise_days": (*count(80, 10, 0.4, 50), *count(130, 200, 3, 2)),
    "counts.agreeing_counts_days": (*count(80, 10, 0.4, 55), *count(130, 200, 3, 32), *count(130, 200, 3, 2)),
    "counts.growth_factor_confounding_days": (
        *count(80, 10, 0.4, 2),
        administration(atc("L03AA02", "filgrastim"), 6, 0.3),
    ),
    "eligibility.attestation_days": (attestation({"I2": True}, 20),),
    "eligibility.bleeding_days": (condition(icd("I61.9"), 60),),
    "eligibility.completeness_days": (nothing_known(when=20),),
    "eligibility.culture_days": (observation("600-7", "positive", when=5),),
    "eligibility.fever_alone_celsius": (*count(80, 10, 3, 2), _fever(38.6)),
    "eligibility.fever_celsius": (*count(80, 10, 0.3, 2), _fever(38.1)),
    "eligibility.fever_days": (_fever(39, 2),),
    "eligibility.hcg_negative": (HER, observation("21198-7", 4, "[IU]/L", 2)),
    "eligibility.hcg_positive": (HER, observation("21198-7", 30, "[IU]/L", 2)),
    "eligibility.oldest_age": (patient("1906-01-15"),),
    "eligibility.viral_load_undetectable": (observation("29615-2", 40, "[IU]/mL", 10, "<"),),
    "eligibility.prevention_drugs": (order(LEVOFLOXACIN, 2, dosage(500, "mg", 24)),),
    "eligibility.prevention_words": (
        order(LEVOFLOXACIN, 2, dosage(500, "mg", 24), reasonCode=[text("Prevention")]),
    ),
}
ENROLLED: dict[str, Chart] = {
    "levels.ciclosporin_adherence_days": on_both(
        *kidneys(), level("ciclosporin", 180), _missed("ciclosporin", 2)
    ),
    "levels.ciclosporin_ceiling": on_both(*kidneys(), level("ciclosporin", 590)),
    "levels.ciclosporin_hours_max": on_both(
        *kidneys(),
        level("ciclosporin", 180, at(1, "09:00"), code="3520-4"),
        administration(atc("L04AD01", "ciclosporin"), at(2, "20:00"), 75),
    ),
    "levels.ciclosporin_hours_min": on_both(
        *kidneys(),
        level("ciclosporin", 180, at(1, "07:00"), code="3520-4"),
        administration(atc("L04AD01", "ciclosporin"), at(2, "20:00"), 75),
    ),
    "levels.ciclosporin_lloq": on_both(*kidneys(), level("ciclosporin", 12)),
    "levels.ciclosporin_modulator_days": on_both(
        *kidneys(), level("ciclosporin", 180), order(VORICONAZOLE, 5, line(200, 12))
    ),
    "levels.sirolimus_ceiling": on_sirolimus(level("sirolimus", 31)),
    "levels.sirolimus_danger_open": on_sirolimus(level("sirolimus", ">16")),
    "levels.sirolimus_hours_max": on_sirolimus(
        level("sirolimus", 3, at(1, "12:00"), code="29247-4"),
        administration(SIROLIMUS_1MG, at(2, "09:00"), 2),
    ),
    "levels.sirolimus_inducer_offset_days": on_sirolimus(
        level("sirolimus", 3), statement(RIFAMPICIN, 60, 20)
    ),
    "monitoring.after_partner_stopped": on_sirolimus(
        level("sirolimus", 7, 20), statement(VORICONAZOLE, 60, 15)
    ),
    "interactions.administration_counts": on_sirolimus(
        level("sirolimus", 7), administration(VORICONAZOLE, 3, 200)
    ),
    "safety.dipstick_plus": on_sirolimus(observation("20454-5", "3+", when=2)),
    "safety.glucose_high": on_sirolimus(lab("14771-0", 7.2, "mmol/L", 2)),
    "safety.haemoglobin_fall": on_sirolimus(*count(120, when=20), *count(98, when=2)),
    "safety.haemoglobin_fall_days": on_sirolimus(*count(120, when=20), *count(95, when=2)),
    "safety.lipids_hold_grade": on_sirolimus(lab("14927-8", 6, "mmol/L", 2)),
    "safety.pregnancy_days": (HER, *on_sirolimus(observation("2106-3", "positive", when=200))),
    "safety.protein_confirm": on_sirolimus(_protein(1200)),
    "safety.protein_hold": on_sirolimus(_protein(2200)),
    "safety.protein_stop": on_sirolimus(_protein(3600)),
    "titration.ast_upper": on_sirolimus(level("sirolimus", 7), _ast(210)),
    "titration.sirolimus_edge_high": on_sirolimus(level("sirolimus", 11.5)),
    "titration.sirolimus_edge_low": on_sirolimus(level("sirolimus", 4.3)),
    "titration.sirolimus_reduced_aim": on_sirolimus(level("sirolimus", 13), mg=3),
    "titration.weight_age_days": (*COMBINED_ARM, *labs(), *kidneys(), lab("29463-7", 70, "kg", 80)),
    "titration.ciclosporin_small_step_mg": on_both(*kidneys(), level("ciclosporin", 90)),
    "renal.recovered_days": on_both(
        *BASELINE, creatinine(150, 40), creatinine(62, 15), creatinine(62, 2), level("ciclosporin", 120)
    ),
}


def _bounded(mg: Any, hours: int, start: int, end: int) -> Json:
    """A dosage line that holds from day to day."""
    repeat = {"frequency": 1, "period": hours, "periodUnit": "h"}
    bounds = {"boundsPeriod": {"start": at(start)[:10], "end": at(end)[:10]}}
    return line(mg, None, timing={"repeat": repeat | bounds})


def _held(drug: Json, mg: Any, hours: int) -> Chart:
    """Ordered and handed over two months ago, and on hold now."""
    return order(drug, 60, line(mg, hours), status="on-hold"), dispense(drug, 60, 50, line(mg, hours))


def _specimen(collected: str) -> Json:
    return {
        "resourceType": "Specimen",
        "id": "s1",
        "subject": SUBJECT,
        "collection": {"collectedDateTime": collected},
    }


def _stopped(old: Json, supply: Json) -> Chart:
    """The order of a supply, stopped."""
    return old | {"status": "stopped"}, supply


CHRONIC = (creatinine(170, 80), creatinine(170, 70), creatinine(230, 2))
"""Kidneys that were impaired before the study, and are more so now, eGFR about 30."""
_RESPONDED = (*enrolled("Sirolimus", start=91), *taking("sirolimus", 2, 91, 100))
ANC_PLT_BEFORE = count(95, 100, 2.0, 40)
AZOLE_GONE = (
    *SIROLIMUS_ARM,
    *labs(),
    *_held(SIROLIMUS_1MG, 3, 24),
    statement(VORICONAZOLE, 60, 20),
    level("sirolimus", 16, 25),
    level("sirolimus", 7),
)
AZOLE_JUST_GONE = (
    *SIROLIMUS_ARM,
    *labs(),
    *_held(SIROLIMUS_1MG, 3, 24),
    statement(VORICONAZOLE, 60, 14),
    level("sirolimus", 16, 14),
    level("sirolimus", 7),
)
"""Off for no more than 14 days, or the former dose would not return."""
DILTIAZEM_GONE = (
    *SIROLIMUS_ARM,
    *labs(),
    *_held(SIROLIMUS_1MG, 3, 24),
    statement(atc("C08DB01", "diltiazem"), 60, 10),
    level("sirolimus", 16, 12),
    level("sirolimus", 7),
)
POTASSIUM_BACK = (
    *COMBINED_ARM,
    *labs(),
    *kidneys(),
    *_held(CICLOSPORIN_25MG, 75, 12),
    *(lab("2823-3", k, "mmol/L", day) for k, day in ((6.2, 8), (4.5, 3), (4.4, 2))),
)
JUMPED = on_sirolimus(level("sirolimus", 7, 40), level("sirolimus", 17), sirolimus=taking("sirolimus", 2, 60))
RELAPSE = (
    condition(icd("D61.3"), 500),
    *count(70, 10, 0.3, 400),
    dispense(CICLOSPORIN_25MG, 390, 370, line(75, 12)),
    *count(110, 110, 1.6, 200),
    *count(112, 115, 1.7, 150),
)
TREATED = (condition(icd("D61.3"), 500), dispense(CICLOSPORIN_25MG, 390, 370, line(75, 12)))
MORE: dict[str, Chart] = {
    "ciclosporin_failure.alt_times_normal": (
        *TREATED,
        lab("1742-6", 130, "U/L", 100, referenceRange=[{"high": {"value": 40, "unit": "U/L"}}]),
    ),
    "ciclosporin_failure.egfr_below": (*TREATED, creatinine(140, 100)),
    "ciclosporin_failure.high_coverage_percent": (
        condition(icd("D61.3"), 500),
        dispense(CICLOSPORIN_25MG, 390, 40, line(75, 12)),
        dispense(CICLOSPORIN_25MG, 340, 80, line(75, 12)),
    ),
    "ciclosporin_failure.relapse_counts_days": (*RELAPSE, *count(70, 10, 0.3, 40), *count(70, 10, 0.3, 20)),
    "ciclosporin_failure.resumed_after_days": (*RELAPSE, transfusion("red", 270), transfusion("red", 140)),
    "ciclosporin_failure.systemic_daily_mg": (
        condition(icd("D61.3"), 500),
        dispense(text("ciclosporin"), 390, 370, line(6, 12)),
    ),
    "doses.switch_days": on_sirolimus(
        level("sirolimus", 7),
        sirolimus=(
            order(SIROLIMUS_1MG, 60, _bounded(2, 24, 60, 10), status="stopped"),
            order(SIROLIMUS_1MG, 9, line(2)),
            dispense(SIROLIMUS_1MG, 60, 90, line(2)),
        ),
    ),
    "eligibility.pnh_transfusion_days": (observation("33662-8", 60, "%", 10), transfusion("red", 100)),
    "interactions.cause_ended": on_sirolimus(
        level("sirolimus", 9, 30),
        level("sirolimus", 23.4, 1),
        statement(atc("C08DB01", "diltiazem"), 12, 8),
        sirolimus=taking("sirolimus", 2, 90, 120),
    ),
    "interactions.recent_change": (*JUMPED, statement(VORICONAZOLE, 90, 30)),
    "levels.ciclosporin_steady_days": on_both(
        *kidneys(), level("ciclosporin", 80, 1), ciclosporin=taking("ciclosporin", 75, 3)
    ),
    "levels.sirolimus_lloq": on_sirolimus(level("sirolimus", 0.5)),
    "levels.specimen_time_hours": (
        *on_sirolimus(level("sirolimus", 3, at(1, "08:00"), specimen={"reference": "Specimen/s1"})),
        _specimen(at(1, "08:50")),
    ),
    "monitoring.ciclosporin_change_mg": (
        *COMBINED_ARM,
        *labs(),
        *kidneys(),
        *taking("sirolimus", 2),
        level("sirolimus", 7, 12),
        *taking("ciclosporin", 50, 60, 50),
        *taking("ciclosporin", 75, 10),
    ),
    "monitoring.haemoglobin_near_trough": on_sirolimus(level("sirolimus", 7, 10), *count(70, 60, 1.2, 8)),
    "monitoring.sirolimus_overdue": (*SIROLIMUS_ARM, *labs(), level("sirolimus", 7, 16)),
    "monitoring.stable_overdue": (
        *SIROLIMUS_ARM,
        *labs(),
        level("sirolimus", 7, 50),
        level("sirolimus", 7, 34),
    ),
    "orders.critical_multiple": on_sirolimus(),
    "orders.platelets_low": on_sirolimus(*count(95, 45, 1.2, 2)),
    "orders.renewal_days": on_sirolimus(
        level("sirolimus", 7),
        sirolimus=(
            order(SIROLIMUS_1MG, 60, _bounded(2, 24, 60, -5)),
            dispense(SIROLIMUS_1MG, 60, 90, line(2)),
        ),
    ),
    "response_profiles.normal_haemoglobin_men": (
        *count(80, 10, 0.4, 95),
        *_RESPONDED,
        *count(131, 160, 2.0, 2),
    ),
    "response_profiles.normal_haemoglobin_women": (
        HER,
        *count(80, 10, 0.4, 95),
        *_RESPONDED,
        *count(116, 160, 2.0, 2),
    ),
    "response_profiles.profile": (*count(80, 10, 0.4, 95), *_RESPONDED, *count(85, 25, 1.0, 2)),
    "safety.bilirubin_ciclosporin_uln": on_both(*kidneys(), lab("14631-6", 45, "umol/L", 2)),
    "titration.sirolimus_doses_mg": on_sirolimus(level("sirolimus", 13)),
    "titration.sirolimus_high": on_sirolimus(level("sirolimus", 16), mg=3),
    "titration.start_liver_ratio": (*SIROLIMUS_ARM, *labs(alt=100)),
    "titration.ciclosporin_high": on_both(*kidneys(), level("ciclosporin", 260)),
    "safety.adverse_event_days": on_sirolimus(adverse_event(icd("J70.2"), when=20)),
    "safety.systolic_severe": on_both(*kidneys(), *_pressure(165, 80)),
    "safety.diastolic_severe": on_both(*kidneys(), *_pressure(130, 105)),
    "safety.neutrophils_low": on_sirolimus(*ANC_PLT_BEFORE, *count(None, None, 0.4, 1)),
    "safety.platelets_low": on_sirolimus(*ANC_PLT_BEFORE, *count(None, 15, None, 1)),
    "safety.surgery_days": on_sirolimus(
        procedure(
            text("Laparotomy"),
            -10,
            status="preparation",
            category={"coding": [{"system": "http://snomed.info/sct", "code": "387713003"}]},
        )
    ),
    "titration.bilirubin_upper": on_sirolimus(level("sirolimus", 7), lab("14631-6", 65, "umol/L", 2)),
    "titration.sirolimus_aim": on_sirolimus(level("sirolimus", 3.1), mg=1),
    "titration.ciclosporin_grid_mg": on_both(*kidneys(), level("ciclosporin", 280)),
    "titration.ciclosporin_low_mg": on_both(*CHRONIC, level("ciclosporin", 120), mg=50),
    "titration.low_egfr": on_both(*CHRONIC, level("ciclosporin", 120), mg=50),
    "titration.next_change_recheck": (
        *COMBINED_ARM,
        *labs(),
        *taking("sirolimus", 2),
        level("sirolimus", 3),
        *taking("ciclosporin", 75),
        *kidneys(),
        level("ciclosporin", 60),
    ),
    "titration.cause_gone_azole_days": AZOLE_JUST_GONE,
    "titration.cause_gone_level_days": AZOLE_JUST_GONE,
    "titration.restart_new_start_days": AZOLE_GONE,
    "titration.cause_gone_days": DILTIAZEM_GONE,
    "titration.change_ordered_days": on_sirolimus(
        level("sirolimus", 3, 6),
        order(SIROLIMUS_1MG, 5, line(3)),
        sirolimus=_stopped(*taking("sirolimus", 2)),
    ),
    "titration.ciclosporin_restart_recheck": (
        *COMBINED_ARM,
        *labs(),
        *kidneys(),
        *_held(CICLOSPORIN_25MG, 75, 12),
        level("ciclosporin", 420, 10),
        level("ciclosporin", 180),
    ),
    "titration.jump_ciclosporin_factor": on_both(
        *kidneys(),
        level("ciclosporin", 110, 20),
        level("ciclosporin", 300),
        ciclosporin=taking("ciclosporin", 75, 60, 90),
    ),
    "titration.jump_confirmed_part": on_sirolimus(
        level("sirolimus", 7, 40),
        level("sirolimus", 18, 8),
        level("sirolimus", 9, 6),
        sirolimus=taking("sirolimus", 2, 60, 90),
    ),
    "titration.jump_repeat_days": on_sirolimus(
        level("sirolimus", 7, 40),
        level("sirolimus", 18, 8),
        level("sirolimus", 9, 6),
        sirolimus=taking("sirolimus", 2, 60, 90),
    ),
    "titration.jump_once_days": on_sirolimus(
        level("sirolimus", 7, 30),
        level("sirolimus", 14.9, 12),
        level("sirolimus", 6, 6),
        level("sirolimus", 14.9),
        sirolimus=taking("sirolimus", 2, 60, 90),
    ),
    "titration.jump_recheck": on_sirolimus(
        level("sirolimus", 7, 40), level("sirolimus", 14.9), sirolimus=taking("sirolimus", 2, 60)
    ),
    "titration.liver_level_days": on_sirolimus(level("sirolimus", 7), _alt(150), mg=1),
    "titration.restart_potassium_days": POTASSIUM_BACK,
    "titration.restart_potassium_hours": POTASSIUM_BACK,
    "titration.sirolimus_after_hold_part": on_sirolimus(level("sirolimus", 16), mg=3),
}
CHARTS: dict[str, Chart] = ELIGIBILITY | ENROLLED | MORE
DRAFTS: dict[str, Chart] = {
    "orders.critical_multiple": (order(SIROLIMUS_1MG, 0, line(7), status="draft"),),
    "orders.platelets_low": (order(atc("M01AE01", "ibuprofen"), 0, line(400, 8), status="draft"),),
    "orders.renewal_days": (order(SIROLIMUS_1MG, 0, line(2), status="draft"),),
}
