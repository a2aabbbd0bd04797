"""The interactions table, and who really takes an interacting drug."""

import csv
import json
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.rules.drug_uses import is_in_use
from cds_service.rules.thresholds import ProtocolTextFault, read_limits
from cds_service.trials.nct06802055.patient_state.interaction_findings import RULE
from cds_service.trials.nct06802055.patient_state.interactions import (
    InteractionClass,
    InteractionLimits,
    Mechanism,
    active_interactions,
    read_interactions,
)
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.medications import MedicationEvent, MedicationSource, MedicationStatus
from tests.builders import NOW, TODAY, a_record, days_ago, dispense, given, medication, when
from tests.tables import cases, named

TABLE = read_interactions()
CURRENT_USE = read_limits(InteractionLimits, "interactions")
TERMINOLOGY = Path(__file__).parents[3] / "shared" / "clinical" / "terminology.json"

_OUR_NAMES = """
ketoconazole, itraconazole, voriconazole, posaconazole, miconazole, clarithromycin, telithromycin, erythromycin,
ritonavir, cobicistat, lopinavir, darunavir, atazanavir, nirmatrelvir, nefazodone, fluconazole,
isavuconazole, diltiazem, verapamil, nicardipine, amiodarone, dronedarone, letermovir, cannabidiol, danazol,
azithromycin, roxithromycin, cimetidine, metoclopramide, bromocriptine, clotrimazole, aprepitant, imatinib,
rifampin, rifabutin, rifapentine, carbamazepine, phenytoin, phenobarbital, primidone, st. john's wort,
enzalutamide, apalutamide, oxcarbazepine, efavirenz, bosentan, modafinil, gentamicin, amikacin, tobramycin,
vancomycin, amphotericin b, colistin, foscarnet, cidofovir, acyclovir, ganciclovir, trimethoprim, ibuprofen,
diclofenac, naproxen, ketorolac, celecoxib, methotrexate, tacrolimus, ciprofloxacin, simvastatin,
rosuvastatin, pitavastatin, atorvastatin, lovastatin, pravastatin, fluvastatin, spironolactone,
potassium chloride, digoxin, colchicine, repaglinide, dabigatran, orlistat, lisinopril, enalapril, captopril,
wuzhi, glycyrrhizin, silymarin, grapefruit, indometacin, meloxicam, loxoprofen, flurbiprofen, etoricoxib,
parecoxib, nimesulide, elbasvir, grazoprevir, glecaprevir, voxilaprevir, simeprevir, asunaprevir, danoprevir,
paritaprevir, telaprevir, boceprevir, saquinavir, indinavir, nelfinavir, fosamprenavir, tipranavir,
protease inhibitor, stiripentol, aliskiren, quinapril, benazepril, cilazapril, fosinopril, perindopril,
ramipril, trandolapril, spirapril, delapril, moexipril, temocapril, zofenopril, imidapril, ace inhibitor,
amiloride, triamterene, eplerenone, canrenoate, finerenone, potassium-sparing diuretic, potassium salt,
nifedipine, ezetimibe, fidaxomicin, ozanimod, mifamurtide, pristinamycin, quinupristin, ranolazine, josamycin,
midecamycin, troleandomycin, stanozolol, vemurafenib, idelalisib, crizotinib, nevirapine, eslicarbazepine,
dabrafenib, lorlatinib, fosphenytoin, mitotane, terbinafine, fenofibrate, clindamycin, chloroquine,
hydroxychloroquine, tigecycline, nintedanib, lercanidipine, edoxaban, tenofovir alafenamide, octreotide,
lanreotide, pasireotide
"""
OUR_LIST = {" ".join(name.split()) for name in _OUR_NAMES.split(",")}


def test_the_table_holds_the_drugs_of_our_own_list_and_no_others() -> None:
    assert set(TABLE) == OUR_LIST


def test_every_drug_that_the_code_lists_call_interacting_is_in_the_table() -> None:
    rows = (resources.files("fhir_mappings.value_sets") / "interacting_drugs.csv").read_text(encoding="utf-8")
    listed = csv.DictReader(line for line in rows.splitlines() if not line.startswith("#"))
    assert {row["role"] for row in listed} <= set(TABLE)


@pytest.mark.shared
@pytest.mark.skipif(not TERMINOLOGY.exists(), reason="terminology.json is not beside the checkout")
def test_every_interacting_ingredient_of_the_terminology_is_in_the_table() -> None:
    concepts = json.loads(TERMINOLOGY.read_text(encoding="utf-8"))["concepts"]
    roles = {c["role"] for name, codes in concepts.items() if name.startswith("ddi.") for c in codes}
    assert {role.split(" (")[0].lower() for role in roles} <= set(TABLE)


@pytest.mark.parametrize(
    "case",
    cases("""
    ingredient       | sirolimus       | ciclosporin     | critical
    voriconazole     | contraindicated | avoid           | sirolimus
    posaconazole     | contraindicated | avoid           | sirolimus
    itraconazole     | avoid           | avoid           | -
    st. john's wort  | contraindicated | contraindicated | -
    bosentan         | caution         | contraindicated | ciclosporin
    dabigatran       | -               | contraindicated | ciclosporin
    simvastatin      | -               | contraindicated | ciclosporin
    rosuvastatin     | -               | contraindicated | ciclosporin
    pitavastatin     | -               | contraindicated | ciclosporin
    atorvastatin     | -               | caution         | -
    fluconazole      | caution         | caution         | -
    enalapril        | caution         | -               | -
    spironolactone   | -               | avoid           | -
    elbasvir         | -               | contraindicated | -
    grazoprevir      | -               | contraindicated | -
    glecaprevir      | -               | avoid           | -
    stiripentol      | contraindicated | contraindicated | -
    aliskiren        | -               | contraindicated | -
    ramipril         | caution         | -               | -
    ace inhibitor    | caution         | -               | -
    amiloride        | -               | avoid           | -
    potassium salt   | -               | avoid           | -
    trimethoprim     | -               | caution         | -
    stanozolol       | caution         | caution         | -
    danazol          | caution         | caution         | -
    nifedipine       | -               | avoid           | -
    ezetimibe        | -               | avoid           | -
    pristinamycin    | caution         | caution         | -
    josamycin        | caution         | caution         | -
    saquinavir       | avoid           | avoid           | -
    terbinafine      | -               | caution         | -
    """),
    ids=named,
)
def test_classes_are_those_of_labels_and_thesaurus(case: dict[str, str]) -> None:
    row = TABLE[case["ingredient"]]
    assert (row.with_sirolimus or "-") == case["sirolimus"]
    assert (row.with_ciclosporin or "-") == case["ciclosporin"]
    assert (row.critical_with or "-") == case["critical"]
    assert row.class_with(Drug.SIROLIMUS) is row.with_sirolimus
    assert row.class_with(Drug.CICLOSPORIN) is row.with_ciclosporin


def test_only_the_closed_list_is_critical() -> None:
    critical = {name for name, row in TABLE.items() if row.critical_with}
    assert critical == {
        "voriconazole",
        "posaconazole",
        "bosentan",
        "dabigatran",
        "simvastatin",
        "rosuvastatin",
        "pitavastatin",
    }


def test_inhibitors_and_inducers_change_levels_and_nothing_else_does() -> None:
    changing = {row.mechanism for row in TABLE.values() if row.changes_levels}
    assert changing == {m for m in Mechanism if m.value.endswith(("inhibitor", "inducer"))}


def test_every_class_has_its_rule() -> None:
    assert set(RULE) == set(InteractionClass)


def test_a_broken_table_is_refused_with_every_fault(tmp_path: Path) -> None:
    (tmp_path / "interactions.toml").write_text(
        '[interaction.Aspirin]\nmechanism = "magic"\norigin = "L"\ncolour = "red"\n'
        '[interaction.bosentan]\nmechanism = "other"\nwith_sirolimus = "never"\norigin = "X"\nsource = "s"\n'
        'critical_with = "sirolimus"\n',
        encoding="utf-8",
    )
    with pytest.raises(ProtocolTextFault) as refused:
        read_interactions(tmp_path)
    text = " ".join(refused.value.faults)
    for fault in ("mechanism", "colour", "lower-case", "no source", "neither", "with_sirolimus", "origin"):
        assert fault in text
    assert "critical, but not contraindicated" in text


ORDER, STATEMENT = MedicationSource.ORDER, MedicationSource.STATEMENT


def azole(start: Any = 30, source: MedicationSource = ORDER, **more: Any) -> MedicationEvent:
    return medication("voriconazole", 200, 12, start, source, **more)


STATUS = {status.value: status for status in MedicationStatus}


@pytest.mark.parametrize(
    "case",
    cases("""
    case | start | end | status | source | supply | current | stopped
    an order going on | 30 | - | active | order | - | yes | -
    an order of exactly a year ago | 365 | - | active | order | - | yes | -
    an order of more than a year ago | 366 | - | active | order | - | - | -
    an undated active order | - | - | active | order | - | yes | -
    a status that says nothing | 30 | - | unknown | order | - | yes | -
    an order for tomorrow | 2026-03-03 | - | active | order | - | - | -
    an order that ends today | 30 | 0 | active | order | - | yes | -
    an order that ended yesterday | 30 | 1 | active | order | - | no | 2026-03-01
    ended 35 days ago | 60 | 35 | stopped | order | - | no | 2026-01-26
    ended 36 days ago | 60 | 36 | stopped | order | - | - | -
    a stopped order without an end | 40 | - | stopped | order | - | no | 2026-02-19
    an order on hold | 10 | - | on-hold | order | - | no | 2026-03-02
    a cancelled order | 10 | - | cancelled | order | - | - | -
    a draft | 10 | - | draft | order | - | - | -
    a statement of intent | 10 | - | intended | statement | - | - | -
    a statement of not taking | 10 | - | not-taken | statement | - | - | -
    a statement of years ago | 2019 | - | active | statement | - | yes | -
    a dispense on its last day | 13 | - | completed | dispense | 14 | yes | -
    a dispense used up yesterday | 14 | - | completed | dispense | 14 | no | 2026-03-01
    a dispense of unknown supply | 29 | - | completed | dispense | - | yes | -
    an undated dispense | - | - | completed | dispense | - | yes | -
    given three days ago | 3 | - | completed | administration | - | yes | -
    given four days ago | 4 | - | completed | administration | - | no | 2026-02-26
    a month that holds today | 2026-03 | - | active | order | - | yes | -
    """),
    ids=named,
)
def test_who_takes_an_interacting_drug_now(case: dict[str, str]) -> None:
    def moment(text: str) -> Any:
        return None if text == "-" else int(text) if text.isdecimal() and len(text) < 4 else text

    event = azole(moment(case["start"]), MedicationSource(case["source"]), status=STATUS[case["status"]])
    if case["end"] != "-":
        event = replace(event, end=azole(int(case["end"])).start)
    if case["supply"] != "-":
        event = replace(event, supply_days=Decimal(case["supply"]))
    found = active_interactions(a_record(event), NOW, TABLE, CURRENT_USE)
    if case["current"] == "-":
        assert found == ()
    else:
        assert [a.current for a in found] == [case["current"] == "yes"]
        assert [str(a.stopped or "-") for a in found] == [case["stopped"]]


def test_an_old_order_counts_again_with_a_sign_of_supply_within_the_year() -> None:
    old, sign = azole(800), dispense("voriconazole", 200, ago=100)
    (found,) = active_interactions(a_record(old, sign), NOW, TABLE, CURRENT_USE)
    assert found.current
    assert is_in_use((old, sign), TODAY, CURRENT_USE)
    assert not is_in_use((old,), TODAY, CURRENT_USE)


def test_a_sign_of_more_than_a_year_ago_wakes_no_old_order() -> None:
    old, sign = azole(800), dispense("voriconazole", 200, ago=366)
    assert active_interactions(a_record(old, sign), NOW, TABLE, CURRENT_USE) == ()


def test_eye_drops_and_creams_are_no_interaction() -> None:
    assert active_interactions(a_record(azole(systemic=False)), NOW, TABLE, CURRENT_USE) == ()
    assert not is_in_use((azole(systemic=False),), TODAY, CURRENT_USE)


def test_a_route_that_is_not_told_counts_as_systemic() -> None:
    assert active_interactions(a_record(azole(systemic=None)), NOW, TABLE, CURRENT_USE)[0].current


def test_a_single_dose_is_over_the_day_after() -> None:
    (today,) = active_interactions(a_record(azole(0, single_dose=True)), NOW, TABLE, CURRENT_USE)
    (before,) = active_interactions(a_record(azole(1, single_dose=True)), NOW, TABLE, CURRENT_USE)
    assert (today.current, before.current, before.stopped) == (True, False, days_ago(1))


def test_refills_are_one_course_from_the_first_to_the_last() -> None:
    refills = [dispense("voriconazole", 200, ago=ago, days=14) for ago in (50, 30, 10)]
    (found,) = active_interactions(a_record(*refills), NOW, TABLE, CURRENT_USE)
    assert (found.current, found.started, found.stopped) == (True, days_ago(50), None)
    assert found.evidence.reference == refills[-1].reference


def test_after_a_gap_of_more_than_two_weeks_a_new_course_begins() -> None:
    early, late = (
        dispense("voriconazole", 200, ago=60, days=10),
        dispense("voriconazole", 200, ago=36, days=10),
    )
    (found,) = active_interactions(a_record(early, late), NOW, TABLE, CURRENT_USE)
    assert (found.started, found.stopped) == (days_ago(36), days_ago(27))


def test_an_undated_entry_leaves_the_start_open() -> None:
    (found,) = active_interactions(a_record(azole(None), azole(5)), NOW, TABLE, CURRENT_USE)
    assert (found.current, found.started) == (True, None)


def test_drugs_are_told_in_the_order_of_their_names_whatever_the_order_of_the_chart() -> None:
    entries = [medication(name, 1, 24, 3) for name in ("wuzhi", "amiodarone", "fluconazole", "paracetamol")]
    found = active_interactions(a_record(*entries), NOW, TABLE, CURRENT_USE)
    assert [a.interaction.ingredient for a in found] == ["amiodarone", "fluconazole", "wuzhi"]


def test_a_documented_intake_today_is_current_use() -> None:
    event = given("voriconazole", 200, "2026-03-02T08:00:00+08:00")
    assert active_interactions(a_record(event), NOW, TABLE, CURRENT_USE)[0].current


# ---------------------------------------------------------------- a box that was not used up (DECISIONS 56)


STOPPED_AZOLE: list[tuple[str, tuple[MedicationEvent, ...], bool, int | None]] = [
    ("supply going on", (dispense("voriconazole", 200, 12, ago=20, days=60),), True, None),
    ("its order stopped ten days ago", (dispense("voriconazole", 200, 12, ago=20, days=60), azole(20, status=MedicationStatus.STOPPED, end=when(10))), False, 10),
    ("its order held ten days ago", (dispense("voriconazole", 200, 12, ago=20, days=60), azole(20, status=MedicationStatus.ON_HOLD, end=when(10))), False, 10),
    ("said not to be taken", (dispense("voriconazole", 200, 12, ago=20, days=60), azole(8, STATEMENT, status=MedicationStatus.NOT_TAKEN)), False, 8),
    ("supplied again since", (dispense("voriconazole", 200, 12, ago=20, days=60), azole(20, status=MedicationStatus.STOPPED, end=when(10)), dispense("voriconazole", 200, 12, ago=3)), True, None),
    ("ordered again since", (dispense("voriconazole", 200, 12, ago=20, days=60), azole(20, status=MedicationStatus.STOPPED, end=when(10)), azole(9)), True, None),
    ("used up before the stop", (dispense("voriconazole", 200, 12, ago=20, days=5), azole(20, status=MedicationStatus.STOPPED, end=when(10))), False, 10),
    ("order completed, supply going on", (dispense("voriconazole", 200, 12, ago=20, days=60), azole(20, status=MedicationStatus.COMPLETED, end=when(10))), True, None),
    ("an order that goes on outlives what the patient says", (azole(20), azole(8, STATEMENT, status=MedicationStatus.NOT_TAKEN)), True, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "facts", "current", "stopped"), STOPPED_AZOLE, ids=[row[0] for row in STOPPED_AZOLE]
)
def test_the_effect_wears_off_from_the_stop_and_not_from_the_end_of_a_box(
    name: str, facts: Any, current: bool, stopped: int | None
) -> None:
    (found,) = active_interactions(a_record(*facts), NOW, TABLE, CURRENT_USE)
    assert found.current is current
    assert found.stopped == (None if stopped is None else days_ago(stopped))
    assert is_in_use(facts, TODAY, CURRENT_USE) is current
