"""Families of interacting drugs (DECISIONS 67): each member, by code and by name, and the neighbours that are none."""

import tomllib
from pathlib import Path

import pytest

from fhir_mappings.clinical_model.code_systems import SYSTEMS
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.value_sets import load_code_lists
from tests.tables import Case, cases, named

LISTS = load_code_lists()
TABLE = frozenset(
    tomllib.loads(Path("cds_service/trials/nct06802055/reviewed/interactions.toml").read_text("utf-8"))[
        "interaction"
    ]
)
URI = {name: uri for uri, name in reversed(SYSTEMS.items())}


def by_code(system: str, code: str) -> set[str]:
    """The interacting drugs that a code stands for."""
    seen = LISTS.recognise([(URI[system], code, None)], None)
    return set(seen.ingredients & TABLE) if seen and Concept.INTERACTING in seen.concepts else set()


def by_words(words: str) -> set[str]:
    """The interacting drugs that words name."""
    seen = LISTS.recognise([], words)
    return set(seen.ingredients & TABLE) if seen and Concept.INTERACTING in seen.concepts else set()


@pytest.mark.parametrize(
    "case",
    cases("""
    what                                   | system | code    | drugs
    elbasvir with grazoprevir              | ATC    | J05AP54 | elbasvir, grazoprevir
    elbasvir                               | RxNorm | 1734628 | elbasvir
    sofosbuvir is none                     | ATC    | J05AP08 | -
    glecaprevir with pibrentasvir          | ATC    | J05AP57 | glecaprevir
    a regimen that holds ritonavir         | ATC    | J05AP53 | paritaprevir, ritonavir
    stiripentol                            | ATC    | N03AX17 | stiripentol
    levetiracetam is none                  | ATC    | N03AX14 | -
    aliskiren                              | ATC    | C09XA02 | aliskiren
    aliskiren with amlodipine              | ATC    | C09XA53 | aliskiren
    valsartan with aliskiren               | ATC    | C09DX02 | aliskiren
    valsartan is none                      | ATC    | C09CA03 | -
    ramipril                               | ATC    | C09AA05 | ramipril
    ramipril                               | RxNorm | 35296   | ramipril
    the last ACE inhibitor of the list     | ATC    | C09AA16 | imidapril
    one that has no name here yet          | ATC    | C09AA99 | ace inhibitor
    ACE inhibitor and diuretic             | ATC    | C09BA04 | perindopril
    ACE inhibitor and diuretic, no name    | ATC    | C09BA99 | ace inhibitor
    the family's own code                  | ATC    | C09A    | ace inhibitor
    a sartan is none                       | ATC    | C09CA01 | -
    a statin with an ACE inhibitor         | ATC    | C10BX17 | ramipril, rosuvastatin
    amiloride                              | ATC    | C03DB01 | amiloride
    finerenone                             | ATC    | C03DA05 | finerenone
    a potassium-sparing drug without name  | ATC    | C03DA99 | potassium-sparing diuretic
    thiazide with a potassium-sparing drug | ATC    | C03EA01 | potassium-sparing diuretic
    a thiazide alone is none               | ATC    | C03AA03 | -
    a thiazide with potassium              | ATC    | C03AB03 | potassium salt
    potassium citrate                      | ATC    | A12BA02 | potassium salt
    potassium chloride                     | ATC    | A12BA01 | potassium chloride
    potassium chloride, infused            | ATC    | B05XA01 | potassium chloride
    potassium phosphate, infused           | ATC    | B05XA06 | potassium salt
    sodium chloride, infused, is none      | ATC    | B05XA03 | -
    calcium is none                        | ATC    | A12AA04 | -
    co-trimoxazole                         | ATC    | J01EE01 | trimethoprim
    co-trimoxazole                         | RxNorm | 10831   | trimethoprim
    sulfadiazine with trimethoprim         | ATC    | J01EE02 | trimethoprim
    sulfadiazine alone is none             | ATC    | J01EC02 | -
    stanozolol                             | ATC    | A14AA02 | stanozolol
    danazol                                | RxNorm | 3102    | danazol
    oxandrolone is none                    | ATC    | A14AA08 | -
    nifedipine                             | ATC    | C08CA05 | nifedipine
    amlodipine is none                     | ATC    | C08CA01 | -
    simvastatin with ezetimibe             | ATC    | C10BA02 | ezetimibe, simvastatin
    simvastatin with ezetimibe             | RxNorm | 484211  | ezetimibe, simvastatin
    josamycin                              | ATC    | J01FA07 | josamycin
    pristinamycin                          | ATC    | J01FG01 | pristinamycin
    an unknown HIV protease inhibitor      | ATC    | J05AE99 | protease inhibitor
    saquinavir                             | ATC    | J05AE01 | saquinavir
    darunavir with cobicistat              | ATC    | J05AR14 | cobicistat, darunavir
    dolutegravir with lamivudine is none   | ATC    | J05AR25 | -
    terbinafine, swallowed                 | ATC    | D01BA02 | terbinafine
    rifampicin with isoniazid              | ATC    | J04AM02 | rifampin
    isoniazid alone is none                | ATC    | J04AC01 | -
    clarithromycin in a triple therapy     | ATC    | A02BD05 | clarithromycin
    metronidazole in a triple therapy      | ATC    | A02BD01 | -
    """),
    ids=named,
)  # fmt: skip
def test_a_code_names_every_interacting_drug_in_it(case: Case) -> None:
    wanted = {name.strip() for name in case["drugs"].split(",")} - {"-"}
    assert by_code(case["system"], case["code"]) == wanted


@pytest.mark.parametrize(
    "case",
    cases("""
    words                                    | drugs
    elbasvir and grazoprevir                 | elbasvir, grazoprevir
    艾尔巴韦格拉瑞韦片                          | elbasvir, grazoprevir
    Zepatier 50 mg / 100 mg                  | elbasvir, grazoprevir
    stiripentol 250 MG Oral Capsule          | stiripentol
    司替戊醇                                   | stiripentol
    阿利吉仑片                                  | aliskiren
    盐酸贝那普利片                              | benazepril
    培哚普利叔丁胺片                            | perindopril
    perindopril arginine 5 MG                | perindopril
    氯沙坦钾片                                  | -
    losartan potassium 50 MG Oral Tablet     | -
    双氯芬酸钾                                  | diclofenac
    阿莫西林克拉维酸钾                           | -
    potassium iodide                         | -
    氯化钾缓释片                                | potassium chloride
    枸橼酸钾颗粒                                | potassium salt
    门冬氨酸钾镁片                              | potassium salt
    potassium magnesium aspartate            | potassium salt
    复方磺胺甲噁唑片                            | trimethoprim
    复方新诺明                                  | trimethoprim
    SMZ-TMP                                  | trimethoprim
    Bactrim DS                               | trimethoprim
    sulfasalazine 500 MG                     | -
    司坦唑醇片                                  | stanozolol
    达那唑胶囊                                  | danazol
    硝苯地平控释片                              | nifedipine
    苯磺酸氨氯地平片                             | -
    依折麦布片                                  | ezetimibe
    依折麦布辛伐他汀片                           | ezetimibe, simvastatin
    交沙霉素片                                  | josamycin
    普那霉素                                    | pristinamycin
    先诺特韦片/利托那韦片组合包装                  | ritonavir
    盐酸特比萘芬片                              | terbinafine
    硫酸羟氯喹片                                | hydroxychloroquine
    磷酸氯喹片                                  | chloroquine
    复方利血平氨苯蝶啶片                         | triamterene
    血脂康胶囊                                  | lovastatin
    """),
    ids=named,
)
def test_a_name_in_either_language_names_the_drug_and_no_neighbour(case: Case) -> None:
    wanted = {name.strip() for name in case["drugs"].split(",")} - {"-"}
    assert by_words(case["words"]) == wanted


@pytest.mark.parametrize(
    "case",
    cases("""
    words                               | drugs
    Sporanox 100 mg                     | itraconazole
    斯皮仁诺胶囊                        | itraconazole
    Klacid 250                          | clarithromycin
    克拉仙                              | clarithromycin
    Diflucan 150 mg                     | fluconazole
    大扶康                              | fluconazole
    Prevymis 480 mg                     | letermovir
    Epidiolex 100 mg/mL oral solution   | cannabidiol
    Kaletra                             | ritonavir
    克力芝                              | ritonavir
    先诺欣                              | ritonavir
    先诺特韦片/利托那韦片组合包装       | ritonavir
    Genvoya                             | cobicistat
    Rifater                             | rifampin
    异福片                              | rifampin
    异福酰胺胶囊                        | rifampin
    利福霉素钠注射液                    | -
    Tegretol                            | carbamazepine
    得理多                              | carbamazepine
    Dilantin                            | phenytoin
    全可利                              | bosentan
    Zocor 20 mg                         | simvastatin
    舒降之                              | simvastatin
    Crestor 10 mg                       | rosuvastatin
    力清之                              | pitavastatin
    泰毕全                              | dabigatran
    合贝爽                              | diltiazem
    异搏定                              | verapamil
    圣·约翰草提取物片                   | st. john's wort
    圣・约翰草                          | st. john's wort
    圣约翰草                            | st. john's wort
    Biktarvy                            | -
    金银花颗粒                          | -
    """),
    ids=named,
)
def test_a_trade_name_is_known_as_its_drug(case: Case) -> None:
    assert by_words(case["words"]) == (set(case["drugs"].split(", ")) - {"-"})
