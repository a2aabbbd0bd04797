"""What the shipped lists say: DECISIONS 3, 5, 9-13, 19, 33, a row on each side of every line they draw."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from fhir_mappings.clinical_model.code_systems import SYSTEMS
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.results import Analyte, Assay, SampleTiming, Specimen
from fhir_mappings.value_sets import FaultyCodeLists, LocalCode, load_code_lists
from fhir_mappings.value_sets.index import CodeIndex, NotARange, categories
from fhir_mappings.value_sets.listed import csv_files, read_csv
from fhir_mappings.value_sets.load_lists import COLUMNS
from tests.tables import Case, cases, named

LISTS = load_code_lists()
URI = {name: uri for uri, name in reversed(SYSTEMS.items())}
INTERACTIONS = Path("cds_service/trials/nct06802055/reviewed/interactions.toml")


def concepts(system: str, code: str) -> set[str]:
    seen = LISTS.recognise([(URI[system], code, None)], None)
    return {concept.value for concept in seen.concepts} if seen else set()


@pytest.mark.parametrize(
    "case",
    cases("""
    what                                   | system    | code         | concepts
    idiopathic AA                          | ICD-10    | D61.3        | aplastic_anaemia.acquired
    idiopathic AA, national extension      | ICD-10    | D61.300x001  | aplastic_anaemia.acquired
    idiopathic AA, no dot, small letters   | ICD-10    | d613         | aplastic_anaemia.acquired
    drug-induced AA                        | ICD-10-CM | D61.1        | aplastic_anaemia.acquired
    AA unspecified                         | ICD-10    | D61.9        | aplastic_anaemia.generic
    other AA, WHO                          | ICD-10    | D61.8        | aplastic_anaemia.generic
    other AA, CM                           | ICD-10-CM | D61.89       | aplastic_anaemia.generic
    D61.8 in CM holds pancytopenia         | ICD-10-CM | D61.8        | -
    D61, WHO                               | ICD-10    | D61          | aplastic_anaemia.generic
    pancytopenia, CM                       | ICD-10-CM | D61.818      | pancytopenia.unspecified
    pancytopenia by drugs under WHO        | ICD-10    | D61.811      | pancytopenia.other_cause
    pancytopenia by chemotherapy           | ICD-10-CM | D61.810      | pancytopenia.other_cause
    myelophthisis, CM                      | ICD-10-CM | D61.82       | pancytopenia.other_cause
    myelophthisis under WHO                | ICD-10    | D61.82       | pancytopenia.other_cause
    Fanconi anaemia                        | ICD-10-CM | D61.03       | aplastic_anaemia.congenital
    congenital, WHO                        | ICD-10    | D61.0        | aplastic_anaemia.congenital
    acquired AA, ICD-11                    | ICD-11    | 3A70.12      | aplastic_anaemia.acquired
    AA unspecified, ICD-11                 | ICD-11    | 3A70.Z       | aplastic_anaemia.generic
    congenital, ICD-11                     | ICD-11    | 3A70.0       | aplastic_anaemia.congenital
    AA in SNOMED CT says no more           | SNOMED CT | 306058006    | aplastic_anaemia.generic
    acquired in SNOMED CT                  | SNOMED CT | 55907008     | aplastic_anaemia.acquired
    AA by antineoplastic agent             | SNOMED CT | 118791000119106 | aplastic_anaemia.acquired aplastic_anaemia.antineoplastic
    pure red cell aplasia                  | ICD-10    | D60.0        | pure_red_cell_aplasia
    iron deficiency                        | ICD-10    | D50.9        | -
    MDS                                    | ICD-10    | D46.2        | mds
    AML                                    | ICD-10-CM | C92.00       | aml malignancy
    AML with multilineage dysplasia, CM    | ICD-10-CM | C92.A0       | aml malignancy
    CMML                                   | ICD-10    | C93.1        | clonal_marrow.other malignancy
    polycythaemia vera                     | ICD-10    | D45          | clonal_marrow.other
    PNH                                    | ICD-10    | D59.5        | pnh.diagnosis
    HUS                                    | ICD-10    | D59.3        | harm.tma_hus
    transplant status, CM                  | ICD-10-CM | Z94.84       | hsct
    Z94.8, WHO, says too little            | ICD-10    | Z94.8        | hsct.unspecific
    Z94.82 is intestine                    | ICD-10-CM | Z94.82       | -
    transplant rejection                   | ICD-10    | T86.0        | hsct
    HIV                                    | ICD-10    | B24          | hiv infection
    HIV status                             | ICD-10-CM | Z21          | hiv
    B21 is not in CM                       | ICD-10-CM | B21          | infection
    hepatitis B, chronic                   | ICD-10    | B18.1        | hbv.chronic infection
    hepatitis B, acute                     | ICD-10    | B16.9        | hbv.acute infection
    hepatitis C, chronic                   | ICD-10    | B18.2        | hcv.chronic infection
    chronic viral hepatitis, unnamed       | ICD-10    | B18.9        | hbv.chronic hcv.chronic infection
    cirrhosis                              | ICD-10    | K74.6        | cirrhosis
    fibrosis                               | ICD-10    | K74.0        | -
    portal hypertension                    | ICD-10    | K76.6        | portal_hypertension
    varices                                | ICD-10    | I85.9        | varices
    breast cancer                          | ICD-10    | C50.9        | malignancy
    Merkel cell carcinoma                  | ICD-10-CM | C4A.0        | malignancy
    skin cancer, WHO, of no histology      | ICD-10    | C44.3        | malignancy.skin_unspecified
    skin cancer, CM, unspecified           | ICD-10-CM | C44.309      | malignancy.skin_unspecified
    basal cell carcinoma                   | ICD-10-CM | C44.311      | malignancy.bcc
    squamous cell carcinoma                | ICD-10-CM | C44.321      | malignancy
    in situ                                | ICD-10    | D05.1        | malignancy.in_situ
    benign                                 | ICD-10    | D10.0        | -
    uncertain behaviour                    | ICD-10    | D48.9        | -
    history of cancer                      | ICD-10-CM | Z85.3        | malignancy.history
    pulmonary embolism                     | ICD-10    | I26.9        | thrombosis.definite
    phlebitis of the femoral vein          | ICD-10    | I80.1        | thrombosis.definite
    superficial phlebitis                  | ICD-10    | I80.0        | thrombosis.doubtful
    phlebitis, unspecified                 | ICD-10    | I80.9        | thrombosis.doubtful
    portal vein                            | ICD-10    | I81          | thrombosis.definite
    old infarction                         | ICD-10    | I25.2        | thrombosis.definite
    coronary disease                       | ICD-10    | I25.1        | -
    intracranial haemorrhage               | ICD-10    | I61.9        | bleeding.severe thrombosis.definite
    carotid stenosis                       | ICD-10    | I65.2        | -
    TIA                                    | ICD-10    | G45.9        | thrombosis.doubtful
    cerebral venous thrombosis             | ICD-10    | I67.6        | thrombosis.definite
    PRES                                   | ICD-10-CM | I67.83       | harm.pres
    mesenteric occlusion                   | ICD-10    | K55.0        | thrombosis.definite
    chronic vascular disorder of the gut   | ICD-10    | K55.1        | -
    venous thrombosis in pregnancy         | ICD-10    | O22.3        | pregnancy.current thrombosis.definite
    history of embolism                    | ICD-10-CM | Z86.711      | thrombosis.definite
    history of TIA or infarction           | ICD-10-CM | Z86.73       | thrombosis.doubtful
    antiphospholipid syndrome, CM          | ICD-10-CM | D68.61       | thrombosis.definite
    thrombophilia, WHO                     | ICD-10    | D68.6        | thrombosis.doubtful
    first and last infection               | ICD-10    | A00.0        | infection
    last infection                         | ICD-10    | B99          | infection
    sequelae of tuberculosis               | ICD-10    | B90.9        | -
    sequelae of infection                  | ICD-10    | B94.8        | -
    bacterial agents                       | ICD-10    | B95.6        | infection
    carrier                                | ICD-10    | Z22.3        | -
    pneumonia                              | ICD-10    | J18.9        | infection
    a common cold asks                     | ICD-10    | J00          | infection.minor_chronic
    COPD                                   | ICD-10    | J44.9        | -
    sequelae of meningitis                 | ICD-10    | G09          | -
    interstitial cystitis                  | ICD-10    | N30.1        | -
    acute cystitis                         | ICD-10    | N30.0        | infection
    nail fungus                            | ICD-10    | B35.1        | infection.minor_chronic
    candidal sepsis                        | ICD-10    | B37.7        | infection infection.sepsis
    sepsis                                 | ICD-10    | A41.9        | infection infection.sepsis
    severe sepsis, CM                      | ICD-10-CM | R65.20       | infection infection.sepsis
    inflammation without infection         | ICD-10-CM | R65.10       | -
    pregnancy                              | ICD-10    | O26.9        | pregnancy.current
    last pregnancy code of CM              | ICD-10-CM | O9A.213      | pregnancy.current
    delivery                               | ICD-10    | O80.0        | pregnancy.ended
    caesarean section                      | ICD-10-CM | O82          | pregnancy.ended
    spontaneous abortion                   | ICD-10    | O03.9        | pregnancy.ended
    missed abortion has not ended          | ICD-10    | O02.1        | pregnancy.current
    failed abortion has not ended          | ICD-10    | O07.4        | pregnancy.current
    outcome of delivery                    | ICD-10    | Z37.0        | pregnancy.ended
    embolism in childbirth                 | ICD-10    | O88.2        | pregnancy.current thrombosis.definite
    cerebral thrombosis in pregnancy       | ICD-10    | O22.5        | pregnancy.current thrombosis.definite
    cerebral thrombosis in the puerperium  | ICD-10    | O87.3        | pregnancy.ended thrombosis.definite
    varicose veins in pregnancy            | ICD-10    | O22.0        | pregnancy.current
    menopause                              | ICD-10    | N95.1        | pregnancy.perhaps_impossible
    menopause, CM                          | ICD-10-CM | Z78.0        | pregnancy.perhaps_impossible
    absence of some genital organ          | ICD-10    | Z90.7        | pregnancy.perhaps_impossible
    absence of one ovary                   | ICD-10-CM | Z90.721      | -
    total hysterectomy                     | ICD-9-CM-3 | 68.49       | pregnancy.impossible
    supracervical hysterectomy             | ICD-9-CM-3 | 68.39       | pregnancy.impossible
    hysterotomy                            | ICD-9-CM-3 | 68.0        | -
    both ovaries removed                   | ICD-9-CM-3 | 65.51       | pregnancy.impossible
    both ovaries and tubes removed         | ICD-9-CM-3 | 65.61       | pregnancy.impossible
    one ovary removed                      | ICD-9-CM-3 | 65.39       | -
    intracardiac thrombosis                | ICD-10    | I51.3        | thrombosis.definite
    coronary thrombosis                    | ICD-10    | I24.0        | thrombosis.definite
    other acute ischaemic heart disease    | ICD-10    | I24.8        | -
    transient retinal artery occlusion     | ICD-10    | H34.0        | thrombosis.definite
    central retinal artery occlusion       | ICD-10    | H34.1        | thrombosis.definite
    other retinal artery occlusion         | ICD-10    | H34.2        | thrombosis.definite
    retinal vein occlusion                 | ICD-10-CM | H34.81       | thrombosis.doubtful
    retinal occlusion, artery or vein      | ICD-10    | H34          | thrombosis.doubtful
    past disease of the circulation        | ICD-10    | Z86.7        | thrombosis.doubtful
    past venous thrombosis, CM             | ICD-10-CM | Z86.718      | thrombosis.definite
    takes an anticoagulant, CM             | ICD-10-CM | Z79.01       | anticoagulant.use
    took an anticoagulant                  | ICD-10    | Z92.1        | anticoagulant.use
    pregnancy test negative                | ICD-10-CM | Z32.02       | pregnancy.not
    lactation                              | ICD-10    | Z39.1        | breastfeeding
    hysterectomy                           | ICD-10-CM | Z90.710      | pregnancy.impossible
    pneumonitis by drugs                   | ICD-10    | J70.2        | harm.pneumonitis
    pneumonitis by radiation               | ICD-10    | J70.0        | -
    interstitial lung disease              | ICD-10    | J84.1        | harm.pneumonitis
    TMA                                    | ICD-10    | M31.1        | harm.tma_hus
    anaphylaxis                            | ICD-10    | T78.2        | harm.anaphylaxis
    anaphylaxis to food                    | ICD-10    | T78.0        | -
    mouth ulcers                           | ICD-10    | K12.1        | harm.stomatitis
    cellulitis of the mouth                | ICD-10    | K12.2        | infection
    gastric bleeding                       | ICD-10    | K92.2        | bleeding.severe
    nosebleed                              | ICD-10    | R04.0        | bleeding.other
    red cells (unverified)                 | SNOMED CT | 180207008    | transfusion.red_cells
    an unnamed product counts as both      | SNOMED CT | 116859006    | transfusion.platelets transfusion.red_cells
    platelets                              | ICD-10-PCS | 30233R1     | transfusion.platelets
    red cells, ICD-10-PCS                  | ICD-10-PCS | 30233N1     | transfusion.red_cells
    plasma                                 | ICD-10-PCS | 30233L1     | -
    vaccine with a lost zero               | CVX       | 3            | drug.live_vaccine
    recombinant zoster vaccine             | CVX       | 187          | -
    sirolimus, new ATC                     | ATC       | L04AH01      | drug.sirolimus
    sirolimus, old ATC                     | ATC       | L04AA10      | drug.sirolimus
    sirolimus as an antineoplastic         | ATC       | L01EG04      | drug.sirolimus
    everolimus                             | ATC       | L04AH02      | drug.mtor_other
    cyclophosphamide                       | ATC       | L01AA01      | drug.antineoplastic
    enoxaparin                             | ATC       | B01AB05      | drug.anticoagulant drug.heparin
    an antiplatelet is no anticoagulant    | ATC       | B01AC06      | drug.antiplatelet
    meropenem                              | ATC       | J01DH02      | drug.anti_infective
    co-trimoxazole may be prevention       | ATC       | J01EE01      | drug.anti_infective_prophylaxis drug.interacting
    filgrastim                             | ATC       | L03AA02      | drug.gcsf
    glucosamine is no NSAID                | ATC       | M01AX05      | -
    """),
    ids=named,
)  # fmt: skip
def test_a_code_means_what_the_decisions_say(case: Case) -> None:
    assert concepts(case["system"], case["code"]) == set(case["concepts"].split()) - {"-"}


@pytest.mark.parametrize(
    "case",
    cases("""
    words                                              | found
    Aplastic anemia                                    | yes
    severe aplastic anaemia (2019)                     | yes
    Non-severe aplastic anemia                         | yes
    重型再生障碍性贫血                                   | yes
    非重型再生障碍性贫血                                 | yes
    再障                                               | yes
    aplastic anaemia, no bleeding                      | yes
    aplastic anaemia without PNH clone                 | yes
    hypoplastic MDS vs aplastic anaemia                | yes
    aplastic-anemia                                    | yes
    non-aplastic anemia                                | no
    no history of aplastic anaemia                     | no
    rule out aplastic anaemia                          | yes
    r/o: aplastic anaemia                              | yes
    to exclude aplastic anaemia                        | yes
    marrow rules out aplastic anaemia                  | no
    excluded: aplastic anaemia                         | no
    aplastic anaemia ruled out                         | no
    aplastic anaemia (excluded)                        | no
    family history: aplastic anaemia                   | no
    aplastic crisis                                    | no
    anaemia                                            | no
    aplasticanaemia                                    | no
    排除再生障碍性贫血                                   | no
    再障待排                                           | yes
    再生障碍性贫血不除外                                 | yes
    不能排除再生障碍性贫血                               | yes
    已排除再生障碍性贫血                                 | no
    aplastic anaemia cannot be excluded                | yes
    aplastic anaemia not ruled out                     | yes
    cannot rule out aplastic anaemia                   | yes
    否认再障、MDS病史                                   | no
    非再生障碍性贫血                                     | no
    缺铁性贫血                                         | no
    纯红细胞再生障碍性贫血                                | no
    获得性纯红再障                                      | no
    pure red cell aplastic anaemia                     | no
    红细胞减少，再障                                    | yes
    """),
    ids=named,
)
def test_words_name_aplastic_anaemia_unless_they_say_otherwise(case: Case) -> None:
    seen = LISTS.recognise([], case["words"])
    if case["found"] == "no":
        assert seen is None
    else:
        assert seen is not None
        found = {concept for concept in seen.concepts if concept.family == "aplastic_anaemia"}
        assert (found, seen.by_text_only, seen.codes) == ({Concept.AA_GENERIC}, True, ())


@pytest.mark.parametrize(
    "case",
    cases("""
    words                                    | ingredients
    Sirolimus 1 MG Oral Tablet               | sirolimus
    西罗莫司片 1mg                            | sirolimus
    雷帕鸣                                    | sirolimus
    Rapamune                                 | sirolimus
    新山地明 软胶囊                            | ciclosporin
    cyclosporine, modified 25 MG             | ciclosporin
    CICLOSPORIN                              | ciclosporin
    五酯胶囊                                  | wuzhi
    Wuzhi capsule                            | wuzhi
    伏立康唑片                                 | voriconazole
    voriconazole 200 MG                      | voriconazole
    泊沙康唑                                   | posaconazole
    克拉霉素                                   | clarithromycin
    利福平胶囊                                 | rifampin
    St. John's Wort extract                  | st. john's wort
    Grapefruit juice                         | grapefruit
    瑞舒伐他汀钙                                | rosuvastatin
    amphotericin B liposomal                 | amphotericin b
    sirolimuslike                            | -
    no sirolimus                             | -
    tacrolimus                               | tacrolimus
    amlodipine 5 MG Oral Tablet              | -
    """),
    ids=named,
)
def test_a_drug_is_known_by_its_name_in_either_language(case: Case) -> None:
    seen = LISTS.recognise([], case["words"])
    names = {name.strip() for name in case["ingredients"].split(",")} - {"-"}
    assert (seen.ingredients if seen else set()) == names
    assert seen is None or seen.by_text_only


def test_every_interacting_drug_of_the_trial_is_known_by_its_english_and_its_chinese_name() -> None:
    table: dict[str, Any] = tomllib.loads(INTERACTIONS.read_text("utf-8"))["interaction"]
    terms: dict[str, list[str]] = {}
    for entry in csv_files(frozenset()):
        for _, row in read_csv(entry, COLUMNS, []).rows:
            if row["match"] == "text":
                terms.setdefault(row["role"], []).extend(row["code"].split("|"))
    assert not set(table) - set(terms)
    assert not {name for name in table if all(term.isascii() for term in terms[name])}
    for name in table:
        seen = LISTS.recognise([], name)
        assert seen is not None
        assert seen.ingredients & set(table) == {name}


def test_words_are_not_asked_where_a_code_is_listed() -> None:
    sirolimus = (URI["RxNorm"], "349208", "sirolimus 1 MG Oral Tablet")
    seen = LISTS.recognise([sirolimus], "sirolimus, take 4 h after cyclosporine")
    assert seen is not None
    assert (seen.ingredients, seen.by_text_only) == ({"sirolimus"}, False)


def test_words_are_not_asked_where_a_code_is_known_to_be_something_else() -> None:
    assert LISTS.recognise([(URI["ICD-10"], "B90.9", None)], "aplastic anaemia") is None


def test_the_display_of_an_unlisted_code_is_read_as_words() -> None:
    seen = LISTS.recognise([(URI["RxNorm"], "197517", "clarithromycin 500 MG Oral Tablet")], None)
    assert seen is not None
    assert (seen.ingredients, seen.by_text_only) == ({"clarithromycin"}, True)


def test_a_code_without_its_system_is_never_used() -> None:
    assert LISTS.recognise([(None, "D61.3", None)], None) is None


def test_codes_are_shown_once_with_their_system() -> None:
    coding = (URI["ICD-10"], "D61.3", None)
    seen = LISTS.recognise([coding, coding, (URI["SNOMED CT"], "55907008", None)], None)
    assert seen is not None
    assert seen.codes == ("ICD-10 D61.3", "SNOMED CT 55907008")


@pytest.mark.parametrize(
    ("system", "code", "past"),
    [
        ("ICD-10-CM", "Z86.711", True),
        ("ICD-10", "I25.2", True),
        ("ICD-10", "I21.9", False),
        ("SNOMED CT", "399211009", True),
        ("ICD-10", "D61.3", False),
    ],
)
def test_a_code_for_something_past_says_so(system: str, code: str, past: bool) -> None:
    seen = LISTS.recognise([(URI[system], code, None)], None)
    assert seen is not None
    assert seen.is_history is past


# ---------------------------------------------------------------- results, products


@pytest.mark.parametrize(
    "case",
    cases("""
    what                    | code    | analyte     | timing    | specimen         | assay             | molar
    sirolimus trough        | 72676-0 | sirolimus   | trough    | whole-blood      | unstated          | unknown
    sirolimus, no time      | 29247-4 | sirolimus   | unstated  | whole-blood      | unstated          | mass
    sirolimus, dried spot   | 80548-1 | sirolimus   | unstated  | dried-blood-spot | unstated          | unknown
    ciclosporin trough      | 53828-0 | ciclosporin | trough    | whole-blood      | unstated          | mass
    ciclosporin at 12 h     | 3523-8  | ciclosporin | 12 h      | whole-blood      | unstated          | unknown
    ciclosporin C2          | 32997-9 | ciclosporin | post-dose | whole-blood      | unstated          | unknown
    ciclosporin peak        | 53834-8 | ciclosporin | post-dose | whole-blood      | unstated          | unknown
    ciclosporin polyclonal  | 33956-4 | ciclosporin | unstated  | whole-blood      | polyclonal        | unknown
    with metabolites        | 3522-0  | ciclosporin | unstated  | whole-blood      | parent+metabolite | unknown
    ciclosporin in serum    | 3521-2  | ciclosporin | unstated  | serum-plasma     | unstated          | unknown
    ciclosporin, LC-MS      | 55805-6 | ciclosporin | unstated  | whole-blood      | specific          | mass
    """),
    ids=named,
)
def test_a_level_s_code_says_how_it_was_taken(case: Case) -> None:
    found = LISTS.analyte([(URI["LOINC"], case["code"], None)])
    assert found is not None
    assert found.level is not None
    assert found.analyte is Analyte(case["analyte"])
    assert found.level.timing is SampleTiming(case["timing"])
    assert found.level.specimen is Specimen(case["specimen"])
    assert found.level.assay is Assay(case["assay"])
    assert found.molar is {"mass": False, "molar": True, "unknown": None}[case["molar"]]


def test_of_two_codes_of_one_level_the_one_that_unfits_it_is_believed() -> None:
    found = LISTS.analyte([(URI["LOINC"], "53828-0", None), (URI["LOINC"], "32997-9", None)])
    assert found is not None
    assert found.level is not None
    assert found.level.timing is SampleTiming.POST_DOSE


def test_two_codes_of_different_properties_leave_the_property_open() -> None:
    found = LISTS.analyte([(URI["LOINC"], "2160-0", None), (URI["LOINC"], "14682-9", None)])
    assert found is not None
    assert found.molar is None


def test_codes_that_name_two_tests_name_none() -> None:
    both = [(URI["LOINC"], "718-7", None), (URI["LOINC"], "777-3", None)]
    assert LISTS.analyte(both) is None
    assert len(LISTS.analytes_by_code(both)) == 2
    assert len(LISTS.analytes_by_code(both[:1])) == 1


def test_the_sirolimus_dose_and_egfr_are_no_results_of_ours() -> None:
    assert not [c for c in ("49737-0", "98979-8", "4548-4") if LISTS.analyte([(URI["LOINC"], c, None)])]


def test_every_analyte_has_a_code_and_every_number_a_plausible_span() -> None:
    coded = {one.analyte for one in LISTS.analytes.values()}
    assert coded == set(Analyte)


@pytest.mark.parametrize(
    "case",
    cases("""
    code    | ingredient  | strength | form     | systemic
    905158  | sirolimus   | 0.5      | tablet   | yes
    349208  | sirolimus   | 1        | tablet   | yes
    360110  | sirolimus   | 2        | tablet   | yes
    905160  | sirolimus   | 0.5      | tablet   | yes
    351989  | sirolimus   | 1        | tablet   | yes
    404432  | sirolimus   | 2        | tablet   | yes
    314230  | sirolimus   | 1        | solution | yes
    2596864 | sirolimus   |          | gel      | no
    835894  | ciclosporin | 25       | capsule  | yes
    835925  | ciclosporin | 50       | capsule  | yes
    241834  | ciclosporin | 100      | capsule  | yes
    197553  | ciclosporin | 25       | capsule  | yes
    205168  | ciclosporin | 50       | capsule  | yes
    328160  | ciclosporin | 100      | capsule  | yes
    835896  | ciclosporin | 25       | capsule  | yes
    835835  | ciclosporin | 100      | capsule  | yes
    835909  | ciclosporin | 25       | capsule  | yes
    835911  | ciclosporin | 100      | capsule  | yes
    212810  | ciclosporin | 25       | capsule  | yes
    197552  | ciclosporin | 100      | capsule  | yes
    352951  | ciclosporin |          | drops    | no
    """),
    ids=named,
)
def test_a_product_s_code_gives_its_strength(case: Case) -> None:
    coding = (URI["RxNorm"], case["code"], None)
    product = LISTS.product([coding])
    assert product is not None
    assert product.ingredient == case["ingredient"]
    assert (str(product.strength_mg) if product.strength_mg else "") == case["strength"]
    assert (product.form, product.systemic) == (case["form"], case["systemic"] == "yes")
    seen = LISTS.recognise([coding], None)
    assert seen is not None
    assert seen.ingredients == {case["ingredient"]}


def test_an_ingredient_or_two_products_have_no_strength() -> None:
    assert LISTS.product([(URI["RxNorm"], "35302", None)]) is None
    assert LISTS.product([(URI["RxNorm"], "349208", None), (URI["RxNorm"], "360110", None)]) is None


# ---------------------------------------------------------------- the lists themselves


def test_every_concept_has_a_list() -> None:
    rows = (LISTS.index.exact, LISTS.index.families, LISTS.index.ranges)
    listed = {m.concept for table in rows for by in table.values() for r in by.values() for _, m in r if m}
    by_words_alone = {Concept.NO_TRANSFUSION}
    assert listed == set(Concept) - by_words_alone


def test_the_unverified_codes_are_named_and_the_transfusion_codes_are_among_them() -> None:
    named_codes = {(code.system, code.code) for code in LISTS.unverified()}
    assert {("SNOMED CT", "116859006"), ("SNOMED CT", "12719002"), ("ICD-10-PCS", "30233N1")} <= named_codes
    assert {("SNOMED CT", "387014003"), ("RxNorm", "1986781")} <= named_codes
    assert ("ICD-10", "D61.3") not in named_codes


def test_a_site_may_leave_snomed_out() -> None:
    without = load_code_lists(leave_out=frozenset({"snomed"}))
    assert without.recognise([(URI["SNOMED CT"], "306058006", None)], None) is None
    assert without.recognise([(URI["ICD-10"], "D61.9", None)], None) is not None
    assert "SNOMED CT" not in {code.system for code in without.listed}


def test_a_site_may_leave_one_list_out() -> None:
    without = load_code_lists(leave_out=frozenset({"hsct.snomed"}))
    assert without.recognise([(URI["SNOMED CT"], "234336002", None)], None) is None
    assert without.recognise([(URI["SNOMED CT"], "306058006", None)], None) is not None


def test_a_list_that_does_not_exist_cannot_be_left_out() -> None:
    with pytest.raises(FaultyCodeLists, match="snowmed"):
        load_code_lists(leave_out=frozenset({"snowmed"}))


def test_every_listed_code_names_its_system() -> None:
    assert all(code.system for code in LISTS.listed)


LOCAL = "http://hospital.example/lab"


def test_a_site_s_own_code_stands_for_a_listed_one() -> None:
    lists = load_code_lists(
        [
            LocalCode(LOCAL, "XLMS", URI["LOINC"], "72676-0"),
            LocalCode(LOCAL, "ZB", URI["ICD-10"], "D61.3"),
            LocalCode(LOCAL, "YP1", URI["RxNorm"], "349208"),
            LocalCode(LOCAL, "POS", URI["LOINC"], "LA6576-8"),
        ]
    )
    level = lists.analyte([(LOCAL, "XLMS", None)])
    assert level is not None
    assert level.code == "72676-0"
    seen = lists.recognise([(LOCAL, "ZB", None)], None)
    assert seen is not None
    assert seen.codes == ("ICD-10 D61.3 (ZB)",)
    product = lists.product([(LOCAL, "YP1", None)])
    assert product is not None
    assert product.strength_mg == 1
    assert LISTS.analyte([(LOCAL, "XLMS", None)]) is None


def test_every_fault_of_a_site_s_map_is_named_at_once() -> None:
    with pytest.raises(FaultyCodeLists) as refused:
        load_code_lists(
            [
                LocalCode(LOCAL, "A", URI["LOINC"], "2951-2"),
                LocalCode(LOCAL, "B", "http://unknown.example", "1"),
                LocalCode(LOCAL, "C", URI["LOINC"], "718-7"),
                LocalCode(LOCAL, "C", URI["LOINC"], "777-3"),
            ]
        )
    faults = " / ".join(refused.value.faults)
    assert len(refused.value.faults) == 3
    assert all(text in faults for text in ("2951-2", "http://unknown.example", "two different things"))


def test_what_is_remembered_changes_no_answer() -> None:
    lists = load_code_lists()
    coding = (URI["ICD-10"], "D61.3", "x")
    first = lists.recognise([coding], None)
    for number in range(30_000):
        lists.analyte([(LOCAL, str(number), None)])
    assert lists.recognise([coding], None) == first
    assert len(lists._measured) <= 20_000


def test_a_range_is_two_categories_in_order() -> None:
    assert {"O00", "O99", "O9A"} <= set(categories("O00-O9A"))
    assert "O9B" not in categories("O00-O9A")
    for wrong in ("B99-A00", "A00-B9", "A00"):
        with pytest.raises(NotARange):
            categories(wrong)


def test_the_most_specific_row_decides_whatever_the_order_of_rows() -> None:
    rows = [("range", "A00-B99", "wide"), ("prefix", "B35", "narrow"), ("except", "B90-B94", "x"),
            ("exact", "B35.1", "itself"), ("except", "B35.2", "x")]  # fmt: skip
    for order in (rows, rows[::-1]):
        index: CodeIndex[str] = CodeIndex()
        for match, code, meaning in order:
            index.add("topic", "ICD-10", match, code, meaning)
        assert index.find("ICD-10", "B36") == ("wide",)
        assert index.find("ICD-10", "B35.9") == ("narrow",)
        assert index.find("ICD-10", "B35.1") == ("itself",)
        assert index.find("ICD-10", "B35.2") == ()
        assert index.find("ICD-10", "B91.1") == ()
        assert index.find("ICD-10", "C00") is None
