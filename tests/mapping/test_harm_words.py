"""Harms and anticoagulants in words, Chinese and English, and codes of the Chinese national extensions."""

import pytest

from fhir_mappings.clinical_model.code_systems import SYSTEMS
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.value_sets import load_code_lists
from tests.tables import Case, cases, named

LISTS = load_code_lists()
URI = {name: uri for uri, name in reversed(SYSTEMS.items())}


@pytest.mark.parametrize(
    "case",
    cases("""
    words                                           | harm
    Interstitial lung disease, drug-related         | harm.pneumonitis
    间质性肺炎                                        | harm.pneumonitis
    非间质性肺炎                                      | -
    血栓性微血管病                                     | harm.tma_hus
    溶血性尿毒症综合征                                  | harm.tma_hus
    posterior reversible encephalopathy syndrome    | harm.pres
    可逆性后部脑病综合征                                | harm.pres
    过敏性休克                                        | harm.anaphylaxis
    无过敏性休克                                      | -
    Stevens-Johnson syndrome                        | harm.severe_skin
    中毒性表皮坏死松解症                                | harm.severe_skin
    药物性肝损伤                                      | harm.hepatotoxicity
    环孢素肾毒性                                      | harm.nephrotoxicity
    angio-oedema of the lips                        | harm.angioedema
    no angioedema                                   | -
    血管神经性水肿                                     | harm.angioedema
    口腔溃疡                                          | harm.stomatitis
    胃溃疡                                            | -
    高血压危象                                        | harm.hypertension
    高血压                                            | -
    hypertension                                    | -
    """),
    ids=named,
)  # fmt: skip
def test_a_harm_in_words_is_one_and_only_by_words(case: Case) -> None:
    seen = LISTS.recognise([], case["words"])
    found = {c.value for c in seen.concepts if c.value.startswith("harm.")} if seen else set()
    assert found == {case["harm"]} - {"-"}
    assert seen is None or seen.by_text_only


@pytest.mark.parametrize(
    "case",
    cases("""
    words                  | drug            | heparin
    利伐沙班片（拜瑞妥）      | rivaroxaban     | no
    Eliquis 5 mg           | apixaban        | no
    达比加群酯（泰毕全）      | dabigatran      | no
    里先安                  | edoxaban        | no
    acenocoumarol 4 MG     | acenocoumarol   | no
    低分子量肝素钠注射液      | low molecular weight heparin | yes
    low molecular weight heparin | low molecular weight heparin | yes
    依度沙班片               | edoxaban        | no
    磺达肝癸注射液            | fondaparinux    | no
    磺达肝素                 | fondaparinux    | no
    肝素钠封管液              | heparin         | yes
    克赛 40 mg              | enoxaparin      | yes
    tinzaparin             | tinzaparin      | yes
    氯吡格雷片               | -               | no
    """),
    ids=named,
)  # fmt: skip
def test_an_anticoagulant_is_known_by_its_brand(case: Case) -> None:
    seen = LISTS.recognise([], case["words"])
    concepts = seen.concepts if seen else frozenset()
    assert (Concept.ANTICOAGULANT in concepts) is (case["drug"] != "-")
    assert (Concept.HEPARIN in concepts) is (case["heparin"] == "yes")
    if seen and case["drug"] != "-":
        assert case["drug"] in seen.ingredients


@pytest.mark.parametrize(
    ("words", "concept"),
    [
        ("抗磷脂综合征", Concept.THROMBOSIS_DOUBTFUL),
        ("antiphospholipid syndrome", Concept.THROMBOSIS_DOUBTFUL),
        ("左侧基底节脑出血", Concept.THROMBOSIS_DOUBTFUL),
        ("左侧基底节脑出血", Concept.BLEEDING),
        ("subarachnoid haemorrhage", Concept.BLEEDING),
        ("subarachnoid haemorrhage", Concept.THROMBOSIS_DOUBTFUL),
        ("短暂性脑缺血发作", Concept.THROMBOSIS_DOUBTFUL),
        ("DVT, left leg", Concept.THROMBOSIS_DOUBTFUL),
        ("腔隙性脑梗", Concept.THROMBOSIS_DOUBTFUL),
        ("急性心梗", Concept.THROMBOSIS_DOUBTFUL),
        ("布加综合征", Concept.THROMBOSIS_DOUBTFUL),
        ("GI bleed", Concept.BLEEDING),
        ("前列腺癌", Concept.MALIGNANCY_HISTORY),
        ("多发性骨髓瘤", Concept.MALIGNANCY_HISTORY),
        ("黑色素瘤", Concept.MALIGNANCY_HISTORY),
        ("Ewing sarcoma", Concept.MALIGNANCY_HISTORY),
        ("脐血移植术后", Concept.HSCT_UNSPECIFIC),
        ("兔抗人胸腺细胞免疫球蛋白", Concept.AA_TREATMENT),
        ("悬浮少白细胞红细胞", Concept.RED_CELL_TRANSFUSION),
        ("冰冻解冻去甘油红细胞", Concept.RED_CELL_TRANSFUSION),
        ("Red blood cells leukoreduced", Concept.RED_CELL_TRANSFUSION),
        ("Platelets apheresis", Concept.PLATELET_TRANSFUSION),
        ("单采少白血小板", Concept.PLATELET_TRANSFUSION),
    ],
)
def test_an_event_or_a_product_is_known_by_its_words(words: str, concept: Concept) -> None:
    seen = LISTS.recognise([], words)
    assert seen is not None
    assert concept in seen.concepts


@pytest.mark.parametrize(
    "words", ["重组人促红细胞生成素", "red blood cell count", "血小板减少", "抗心磷脂抗体"]
)
def test_what_sounds_alike_is_no_transfusion_and_no_thrombosis(words: str) -> None:
    seen = LISTS.recognise([], words)
    transfused = {Concept.RED_CELL_TRANSFUSION, Concept.PLATELET_TRANSFUSION, Concept.THROMBOSIS_DOUBTFUL}
    assert not (seen and seen.concepts & transfused)


@pytest.mark.parametrize(
    "case",
    cases("""
    code        | concept
    D59.300     | harm.tma_hus
    T78.300x001 | harm.angioedema
    T78.200     | harm.anaphylaxis
    J84.900x001 | harm.pneumonitis
    L51.200x003 | harm.severe_skin
    N14.101     | harm.nephrotoxicity
    K12.001     | harm.stomatitis
    K12.203     | -
    D61.900     | aplastic_anaemia.generic
    D46.900x003 | mds
    I26.900x001 | thrombosis.definite
    C50.900x001 | malignancy
    """),
    ids=named,
)
def test_a_code_of_the_national_extension_means_what_its_family_means(case: Case) -> None:
    seen = LISTS.recognise([(URI["ICD-10"], case["code"], None)], None)
    wanted = {case["concept"]} - {"-"}
    found = {c.value for c in seen.concepts} if seen else set()
    assert wanted <= found
    assert bool(found & {c.value for c in Concept if c.value.startswith("harm.")}) is (
        case["concept"].startswith("harm.")
    )
