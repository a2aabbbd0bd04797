"""Does a drug reach the blood, and by the mouth? From the route of an instruction and the form of a product.

By closed tables. Eye drops and a gel of a study drug are not the study drug, nor is it when infused into a
vein: tablets and capsules are swallowed. A route not in the tables tells nothing.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

from fhir_mappings.readers.fhir_types import CodeableConcept

# SNOMED CT routes, HL7 v3 codes, words; in lower case
_ORAL = """
26643006, 127492001, po, p.o., oral, orally, by mouth, per os, oral use, oral route, 口服, ng,
via nasogastric tube, nasogastric route, 鼻饲
"""
_NOT_ORAL = """
47625008, 78421000, 34206005, 37839007, 37161004, 45890007, 419993007, 418114005, 424109004, 424494006,
iv, i.v., ivp, ivpb, ivpush, ivinj, ivinjbol, ivc, intravenous, intravenously, intravenous route,
intravenous use, intravenous infusion, intravenous injection, intravenous drip, infusion, injection,
静脉注射, 静脉滴注, 静脉输注, 静脉推注, 静脉泵入, 静脉, 静滴, 静注, 静推, 泵入,
im, i.m., intramuscular, intramuscular route, 肌内注射, 肌肉注射, 肌注,
sc, s.c., sq, subcut, subcutaneous, subcutaneous route, 皮下注射, 皮下,
sublingual, transdermal, rectal
"""
_LOCAL = """
54485002, 6064005, 10547007, 16857009, 418401004,
ophthalmic, ophthalmic route, ophthalmic use, ocular, in the eye, 滴眼, 眼用, 眼部用药, 点眼,
topical, topical route, topical use, cutaneous, cutaneous use, 外用, 局部外用, 涂抹,
otic, otic route, 滴耳, vaginal, vaginal route, 阴道给药, intravitreal
"""
_ORAL_FORMS = """
385055001, 385049006, tablet, tablets, oral tablet, film-coated tablet, capsule, capsules, oral capsule,
soft capsule, oral solution, 片剂, 片, 胶囊, 胶囊剂, 软胶囊, 口服溶液, 口服液
"""
_NOT_ORAL_FORMS = """
injection, solution for injection, suspension for injection, powder for injection, solution for infusion,
concentrate for solution for infusion, infusion, injectable solution, injectable suspension, ampoule, vial,
注射剂, 注射液, 注射用粉针, 粉针剂, 冻干粉针
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
    # trade names of eye drops and of a gel that hold a study drug
    *("restasis", "cequa", "ikervis", "verkazia", "兹润", "hyftor"),
)


# A gel for the mouth is swallowed in the end: miconazole so given raises the level like a capsule
_SWALLOWED_WORDS = ("口腔凝胶", "oral gel", "口颊", "buccal", "oromucosal")


# ATC group D: antifungals, antipsoriatics and retinoids to be swallowed; D11AH: ointments and antibodies
_SKIN_TABLETS = ("D01B", "D05B", "D10B", "D11AH")
_SKIN_OINTMENTS = frozenset({"D11AH01", "D11AH02"})

# Words in the name of a product that is injected: 注射液, albumin-bound particles
_INJECTED_WORDS = (
    *(
        "injection",
        "injectable",
        "for infusion",
        "intravenous",
        "ampoule",
        "albumin-bound",
        "protein-bound",
        "fyarro",
    ),
    *("注射", "静脉", "输注用", "粉针", "白蛋白结合"),
)


def _table(oral: str, other: str, local: str) -> tuple[dict[str, bool], dict[str, bool]]:
    """By name: does it reach the blood, and is it swallowed?"""
    names = [[name.strip() for name in listed.split(",")] for listed in (oral, other, local)]
    systemic = {name: listed is not names[2] for listed in names for name in listed}
    return systemic, {name: listed is names[0] for listed in names[:2] for name in listed}


_ROUTES, _ROUTES_BY_MOUTH = _table(_ORAL, _NOT_ORAL, _LOCAL)
_FORMS, _FORMS_BY_MOUTH = _table(_ORAL_FORMS, _NOT_ORAL_FORMS, _LOCAL_FORMS)


def of_route(route: CodeableConcept | None) -> bool | None:
    """True for a systemic route, False for a local one, None when the route is not told or not listed."""
    return agreed(map(_ROUTES.get, folded_words(route)))


def of_form(form: CodeableConcept | None) -> bool | None:
    """True for a form that is swallowed or infused, False for drops and creams, None when not told."""
    return agreed(map(_FORMS.get, folded_words(form)))


def of_name(name: str) -> Literal[False] | None:
    """False when the name says drops, cream or gel (环孢素滴眼液); no name proves that it is swallowed."""
    return _remembered(name) if len(name) <= _USUAL_LENGTH else _of_name(name)


def _of_name(name: str) -> Literal[False] | None:
    folded = name.casefold()
    if any(word in folded for word in _SWALLOWED_WORDS):
        return None
    return False if any(word in folded for word in _LOCAL_WORDS) else None


_USUAL_LENGTH = 120  # characters of a product's name
_remembered = lru_cache(maxsize=1024)(_of_name)  # a hospital has the same few products in all charts


def by_mouth(route: CodeableConcept | None) -> bool | None:
    """True for a route by the mouth or a tube, False for any other into the blood, None when not told."""
    return swallowed(map(_ROUTES_BY_MOUTH.get, folded_words(route)))


def form_by_mouth(form: CodeableConcept | None) -> bool | None:
    """True for what is swallowed, False for what is injected, None when not told."""
    return swallowed(map(_FORMS_BY_MOUTH.get, folded_words(form)))


def name_by_mouth(name: str) -> Literal[False] | None:
    """False when the name says that it is injected; no name proves that it is swallowed."""
    folded = name.casefold()
    return False if any(word in folded for word in _INJECTED_WORDS) else None


def swallowed(answers: Iterable[bool | None]) -> bool | None:
    """False as soon as one of them says that it is not: an infusion of a capsule is no dose by mouth."""
    given = set(answers) - {None}
    return None if not given else False not in given


def of_atc(code: str) -> Literal[False] | None:
    """False for drops (ATC group S) and for what is put on the skin (D); group D also holds tablets."""
    folded = code.upper()
    on_skin = folded.startswith("D") and not folded.startswith(_SKIN_TABLETS)
    return False if folded.startswith("S") or on_skin or folded in _SKIN_OINTMENTS else None


def agreed(answers: Iterable[bool | None]) -> bool | None:
    """The one answer of those who have one; None when nobody has, or when they differ."""
    given = set(answers) - {None}
    return given.pop() if len(given) == 1 else None


def folded_words(concept: CodeableConcept | None) -> list[str]:
    """The codes, displays and text of a concept as a table holds them: in lower case."""
    if concept is None:
        return []
    said = [word for c in concept.coding for word in (c.code, c.display)] + [concept.text]
    return [word.strip().casefold() for word in said if word]
