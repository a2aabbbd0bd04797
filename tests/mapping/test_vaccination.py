"""Vaccines that are live, by every code and name, ordered as a medication, a service or an immunisation (DECISIONS 67)."""

from typing import Any

import pytest

from fhir_mappings.clinical_model.code_systems import SYSTEMS
from fhir_mappings.clinical_model.concepts import VACCINES, Concept
from fhir_mappings.clinical_model.known_unknown import Gap
from fhir_mappings.clinical_model.medications import MedicationEvent, MedicationSource, MedicationStatus
from fhir_mappings.readers.read_record import read_drafts
from fhir_mappings.value_sets import load_code_lists
from fhir_mappings.value_sets.listed import CsvFile
from fhir_mappings.value_sets.vaccine_names import vaccine_names_of
from tests.builders import NOW
from tests.mapping.charts import PATIENT, SETTINGS, Json, resources
from tests.mapping.entries import chart
from tests.tables import Case, cases, named

LISTS = load_code_lists()
URI = {name: uri for uri, name in reversed(SYSTEMS.items())}
LIVE, PERHAPS = Concept.LIVE_VACCINE, Concept.LIVE_VACCINE_POSSIBLE
ANSWER = {"live": LIVE, "perhaps": PERHAPS, "no": None}


def told(concept: Json) -> Concept | None:
    """What the lists make of a concept."""
    coded = [(c["system"], c["code"], c.get("display")) for c in concept.get("coding", ())]
    seen = LISTS.recognise(coded, concept.get("text"))
    return next(iter(seen.concepts & VACCINES), None) if seen else None


def coded(system: str, code: str) -> Json:
    return {"coding": [{"system": URI[system], "code": code}]}


@pytest.mark.parametrize(
    "case",
    cases("""
    vaccine                              | system    | code    | live
    oral polio                           | CVX       | 02      | live
    inactivated polio                    | CVX       | 10      | no
    polio, not said                      | CVX       | 89      | perhaps
    measles, mumps and rubella           | CVX       | 03      | live
    measles and rubella                  | CVX       | 04      | live
    measles                              | CVX       | 05      | live
    measles with a lost zero             | CVX       | 5       | live
    rubella                              | CVX       | 06      | live
    mumps                                | CVX       | 07      | live
    hepatitis B                          | CVX       | 08      | no
    rubella and mumps                    | CVX       | 38      | live
    BCG                                  | CVX       | 19      | live
    varicella                            | CVX       | 21      | live
    varicella immune globulin            | CVX       | 36      | no
    typhoid, oral                        | CVX       | 25      | live
    typhoid, Vi                          | CVX       | 101     | no
    typhoid, not said                    | CVX       | 91      | perhaps
    yellow fever                         | CVX       | 37      | live
    yellow fever, not said               | CVX       | 184     | live
    adenovirus                           | CVX       | 143     | live
    adenovirus, not said                 | CVX       | 82      | live
    dengue                               | CVX       | 56      | live
    smallpox                             | CVX       | 75      | live
    smallpox, diluted                    | CVX       | 105     | live
    smallpox and mpox                    | CVX       | 206     | live
    tularaemia                           | CVX       | 78      | live
    Venezuelan encephalitis              | CVX       | 80      | live
    Venezuelan encephalitis, inactivated | CVX       | 81      | no
    influenza, nasal                     | CVX       | 151     | live
    influenza, live                      | CVX       | 149     | live
    influenza, injected                  | CVX       | 150     | no
    influenza, not said                  | CVX       | 88      | no
    rotavirus                            | CVX       | 116     | live
    hepatitis A, live                    | CVX       | 169     | live
    hepatitis A, adult                   | CVX       | 52      | no
    hepatitis A, not said                | CVX       | 85      | perhaps
    cholera, live                        | CVX       | 174     | live
    cholera, whole cell                  | CVX       | 172     | no
    oral polio, bivalent                 | CVX       | 178     | live
    zoster, live                         | CVX       | 121     | live
    zoster, recombinant                  | CVX       | 187     | no
    zoster, not said                     | CVX       | 188     | perhaps
    Japanese encephalitis, not said      | CVX       | 129     | perhaps
    Japanese encephalitis, injected      | CVX       | 134     | no
    Ebola                                | CVX       | 204     | live
    chikungunya                          | CVX       | 317     | live
    COVID-19, mRNA                       | CVX       | 208     | no
    measles                              | ATC       | J07BD01 | live
    a measles combination                | ATC       | J07BD54 | live
    polio, oral bivalent                 | ATC       | J07BF04 | live
    polio, inactivated                   | ATC       | J07BF03 | no
    Japanese encephalitis, live          | ATC       | J07BA03 | live
    Japanese encephalitis, inactivated   | ATC       | J07BA02 | no
    zoster, live                         | ATC       | J07BK02 | live
    zoster, purified                     | ATC       | J07BK03 | no
    chikungunya, live                    | ATC       | J07BP01 | live
    chikungunya, particles               | ATC       | J07BP02 | no
    BCG in the bladder                   | ATC       | L03AX03 | live
    measles                              | ICD-11    | XM8L15  | live
    varicella, live, product             | SNOMED CT | 2221000221107 | live
    MMR is given                         | SNOMED CT | 38598009 | live
    BCG, Tice                            | RxNorm    | 1653579 | live
    varicella, Oka-Merck                 | RxNorm    | 1292422 | live
    """),
    ids=named,
)  # fmt: skip
def test_a_code_says_whether_the_vaccine_is_live(case: Case) -> None:
    assert told(coded(case["system"], case["code"])) is ANSWER[case["live"]]


@pytest.mark.parametrize(
    "case",
    cases("""
    words                                                    | live
    冻干水痘减毒活疫苗                                          | live
    水痘疫苗                                                  | live
    重组带状疱疹疫苗（CHO 细胞）                                 | no
    带状疱疹减毒活疫苗                                          | live
    带状疱疹疫苗                                               | perhaps
    乙型脑炎减毒活疫苗                                          | live
    乙型脑炎灭活疫苗（Vero 细胞）                                | no
    甲型肝炎灭活疫苗                                            | no
    甲型肝炎减毒活疫苗                                          | live
    Sabin 株脊髓灰质炎灭活疫苗                                   | no
    口服 I 型 III 型脊髓灰质炎减毒活疫苗                          | live
    麻腮风联合减毒活疫苗                                         | live
    皮内注射用卡介苗                                            | live
    鼻喷流感减毒活疫苗                                          | live
    四价流感病毒裂解疫苗                                         | no
    23 价肺炎球菌多糖疫苗                                        | no
    接种麻疹疫苗                                               | live
    麻疹                                                     | no
    水痘-带状疱疹病毒 IgG 抗体                                   | no
    双歧杆菌三联活菌胶囊                                         | no
    measles virus vaccine live, Enders' attenuated Edmonston | live
    Influenza vaccine, live, intranasal                      | live
    Influenza vaccine, inactivated, quadrivalent             | no
    influenza vaccine                                        | no
    Ebola Zaire vaccine, live, recombinant                   | live
    zoster vaccine recombinant, adjuvanted                   | no
    zoster vaccine                                           | perhaps
    Varivax                                                  | live
    BCG intravesical                                         | live
    MMR vaccination                                          | live
    varicella zoster immune globulin vaccine                 | no
    rubella antibody after vaccination                       | no
    avoid live vaccines                                      | no
    not live vaccine                                         | no
    live birth                                               | no
    live donor transplantation                               | no
    """),
    ids=named,
)  # fmt: skip
def test_words_say_whether_the_vaccine_is_live(case: Case) -> None:
    assert told({"text": case["words"]}) is ANSWER[case["live"]]


MEASLES: Json = {"coding": [{"system": URI["CVX"], "code": "05", "display": "measles"}], "text": "measles"}
WORDS: Json = {"text": "麻疹减毒活疫苗"}


def _medication(what: Json) -> Json:
    return {"resourceType": "MedicationRequest", "intent": "order", "medicationCodeableConcept": what}


def _service(what: Json) -> Json:
    return {"resourceType": "ServiceRequest", "intent": "order", "code": what, "subject": PATIENT}


def _detail(what: Json) -> Json:
    return _service({"text": "Administer vaccine"}) | {"orderDetail": [what]}


def _immunisation(what: Json) -> Json:
    return {"resourceType": "Immunization", "vaccineCode": what, "patient": PATIENT}


def _recommendation(what: Json) -> Json:
    line = {"vaccineCode": [what]}
    return {"resourceType": "ImmunizationRecommendation", "patient": PATIENT, "recommendation": [line]}


WAYS = [_medication, _service, _detail, _immunisation, _recommendation]
NOT_GIVEN = [
    _service(MEASLES) | {"status": "draft", "doNotPerform": True},
    _service(MEASLES) | {"status": "revoked"},
    _service(MEASLES) | {"status": "on-hold"},
    _service(MEASLES) | {"status": "completed"},
    _service(MEASLES) | {"status": "entered-in-error"},
    _immunisation(MEASLES) | {"status": "not-done"},
    _immunisation(MEASLES) | {"status": "entered-in-error"},
    _service({"text": "Creatinine"}) | {"status": "draft"},
    _immunisation({"coding": [{"system": URI["CVX"], "code": "150"}]}) | {"status": "completed"},
]


def drafts(*many: Json) -> tuple[MedicationEvent, ...]:
    read, gaps = read_drafts(resources(*many), "p1", NOW.instant, SETTINGS)
    assert gaps == ()
    return read


@pytest.mark.parametrize("what", [MEASLES, WORDS], ids=["code", "words"])
@pytest.mark.parametrize("way", WAYS)
def test_a_live_vaccine_is_found_however_it_is_drafted(way: Any, what: Json) -> None:
    (event,) = drafts(way(what) | {"id": "d1", "status": "draft", "subject": PATIENT})
    assert event.concepts == {LIVE}
    assert (event.source, event.status) == (MedicationSource.ORDER, MedicationStatus.DRAFT)
    assert event.text == what["text"]
    assert event.reference.endswith("/d1")


@pytest.mark.parametrize("entry", NOT_GIVEN)
def test_what_is_not_to_be_given_or_no_live_vaccine_is_no_draft_of_one(entry: Json) -> None:
    assert drafts(entry | {"id": "d1"}) == ()


def test_the_chart_tells_a_vaccine_given_from_one_ordered() -> None:
    seen = chart(
        _immunisation(MEASLES) | {"id": "i1", "status": "completed", "occurrenceDateTime": "2026-02-27"},
        _service(MEASLES) | {"id": "s1", "status": "active", "authoredOn": "2026-02-28"},
    )
    found = {(e.reference, e.source, e.status, e.start.text if e.start else "") for e in seen.medications}
    assert found == {
        ("Immunization/i1", MedicationSource.ADMINISTRATION, MedicationStatus.COMPLETED, "2026-02-27"),
        ("ServiceRequest/s1", MedicationSource.ORDER, MedicationStatus.ACTIVE, "2026-02-28"),
    }


def test_another_patient_s_immunisation_is_not_read() -> None:
    other = _immunisation(MEASLES) | {
        "id": "i1",
        "status": "completed",
        "patient": {"reference": "Patient/x"},
    }
    seen = chart(other)
    assert seen.medications == ()
    assert Gap("WRONG_PATIENT", "Immunization/i1") in seen.gaps


def test_a_kind_of_word_that_does_not_exist_is_a_fault() -> None:
    faults: list[str] = []
    row = {"kind": "alive", "terms": "x", "display": "x", "verified": "yes", "source": "x"}
    vaccine_names_of(CsvFile("vaccine_names", ((7, row),)), faults)
    assert faults == [
        "vaccine_names:7: 'alive' is none of vaccine, live, not, other, none, brand, disease, open"
    ]
