"""Does a drug reach the blood? From the route of an instruction and the form of a product, by closed tables.

Ciclosporin eye drops and sirolimus gel are not the study drugs; a route not in the tables tells nothing.
"""

from collections.abc import Iterable
from typing import Literal

from fhir_mappings.readers.fhir_types import CodeableConcept

# SNOMED CT routes, HL7 v3 codes, words; in lower case
_SYSTEMIC = """
26643006, 47625008, 78421000, 34206005, 37839007, 37161004, 127492001, 45890007,
po, p.o., oral, orally, by mouth, per os, oral use, oral route, 口服, ng, via nasogastric tube, 鼻饲,
iv, i.v., ivp, ivpb, intravenous, intravenous route, intravenous use, 静脉注射, 静脉滴注, 静滴, 静注,
im, i.m., intramuscular, intramuscular route, 肌内注射, 肌肉注射, 肌注,
sc, s.c., sq, subcut, subcutaneous, subcutaneous route, 皮下注射,
sublingual, transdermal, rectal
"""
_LOCAL = """
54485002, 6064005, 10547007, 16857009, 418401004,
ophthalmic, ophthalmic route, ophthalmic use, ocular, in the eye, 滴眼, 眼用, 眼部用药, 点眼,
topical, topical route, topical use, cutaneous, cutaneous use, 外用, 局部外用, 涂抹,
otic, otic route, 滴耳, vaginal, vaginal route, 阴道给药, intravitreal
"""
_SYSTEMIC_FORMS = """
385055001, 385049006, tablet, tablets, oral tablet, film-coated tablet, capsule, capsules, oral capsule,
soft capsule, oral solution, 片剂, 片, 胶囊, 胶囊剂, 软胶囊, 口服溶液, 口服液
"""
_LOCAL_FORMS = """
eye drops, ophthalmic solution, ophthalmic emulsion, ophthalmic ointment, cream, ointment, gel, topical gel,
topical cream, topical ointment, shampoo, lotion, nasal spray, nasal drops, ear drops, mouthwash,
洗剂, 搽剂, 滴鼻液, 滴耳液, 含漱液, 滴眼液, 眼膏, 乳膏, 软膏, 凝胶, 凝胶剂
"""
# Words in the name of a product that is not swallowed; "gel" alone may be a capsule ("softgel"),
# "coated" a tablet
_LOCAL_WORDS = (
    "stent",
    "eluting",
    "balloon",
    "支架",
    "洗脱",
    "球囊",
    "ophthalmic",
    "eye drop",
    "eye ointment",
    "topical",
    "ointment",
    "cream",
    "shampoo",
    "lotion",
    "nasal spray",
    "nose drop",
    "nasal drop",
    "ear drop",
    "mouthwash",
    "香波",
    "洗剂",
    "洗液",
    "搽剂",
    "涂剂",
    "滴鼻",
    "鼻喷",
    "滴耳",
    "含漱",
    "滴眼",
    "眼用",
    "眼膏",
    "软膏",
    "乳膏",
    "凝胶",
    "外用",
    "vaginal",
    "阴道",
)


# A gel for the mouth is swallowed in the end: miconazole so given raises the level like a capsule
_SWALLOWED_WORDS = ("口腔凝胶", "oral gel", "口颊", "buccal", "oromucosal")


def _table(systemic: str, local: str) -> dict[str, bool]:
    names = {name.strip(): True for name in systemic.split(",")}
    return names | {name.strip(): False for name in local.split(",")}


# ATC group D: antifungals, antipsoriatics and retinoids to be swallowed; D11AH: ointments and antibodies
_SKIN_TABLETS = ("D01B", "D05B", "D10B", "D11AH")
_SKIN_OINTMENTS = frozenset({"D11AH01", "D11AH02"})
_ROUTES = _table(_SYSTEMIC, _LOCAL)
_FORMS = _table(_SYSTEMIC_FORMS, _LOCAL_FORMS)


def of_route(route: CodeableConcept | None) -> bool | None:
    """True for a systemic route, False for a local one, None when the route is not told or not listed."""
    return _look_up(route, _ROUTES)


def of_form(form: CodeableConcept | None) -> bool | None:
    """True for a form that is swallowed or infused, False for drops and creams, None when not told."""
    return _look_up(form, _FORMS)


def of_name(name: str) -> Literal[False] | None:
    """False when the name says drops, cream or gel (环孢素滴眼液); no name proves that it is swallowed."""
    folded = name.casefold()
    if any(word in folded for word in _SWALLOWED_WORDS):
        return None
    return False if any(word in folded for word in _LOCAL_WORDS) else None


def of_atc(code: str) -> Literal[False] | None:
    """False for drops (ATC group S) and for what is put on the skin (D); group D also holds tablets."""
    folded = code.upper()
    on_skin = folded.startswith("D") and not folded.startswith(_SKIN_TABLETS)
    return False if folded.startswith("S") or on_skin or folded in _SKIN_OINTMENTS else None


def agreed(answers: Iterable[bool | None]) -> bool | None:
    """The one answer of those who have one; None when nobody has, or when they differ."""
    given = {answer for answer in answers if answer is not None}
    return given.pop() if len(given) == 1 else None


def _look_up(concept: CodeableConcept | None, table: dict[str, bool]) -> bool | None:
    if concept is None:
        return None
    words = [word for c in concept.coding for word in (c.code, c.display)] + [concept.text]
    return agreed(table.get(word.strip().casefold()) for word in words if word)
