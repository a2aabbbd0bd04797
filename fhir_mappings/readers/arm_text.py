"""Arm texts -> arms. Only a text that names the drugs, and nothing but the drugs, is read without a table.

The trial record never letters or numbers its arms, so "Arm A" means something only in the site's own table.
"""

import re
from collections.abc import Mapping

from fhir_mappings.clinical_model.medications import Drug
from fhir_mappings.clinical_model.studies import Arm

_NAMES = {
    "sirolimus": Drug.SIROLIMUS,
    "rapamycin": Drug.SIROLIMUS,
    "rapamune": Drug.SIROLIMUS,
    "西罗莫司": Drug.SIROLIMUS,
    "雷帕霉素": Drug.SIROLIMUS,
    "ciclosporin a": Drug.CICLOSPORIN,
    "ciclosporine a": Drug.CICLOSPORIN,
    "cyclosporin a": Drug.CICLOSPORIN,
    "cyclosporine a": Drug.CICLOSPORIN,
    "ciclosporin": Drug.CICLOSPORIN,
    "ciclosporine": Drug.CICLOSPORIN,
    "cyclosporin": Drug.CICLOSPORIN,
    "cyclosporine": Drug.CICLOSPORIN,
    "csa": Drug.CICLOSPORIN,
    "环孢素a": Drug.CICLOSPORIN,
    "环孢霉素a": Drug.CICLOSPORIN,
    "环孢素": Drug.CICLOSPORIN,
    "环孢霉素": Drug.CICLOSPORIN,
}
_PLAIN = (
    r"and|plus|with|in|combined|combination|alone|only|monotherapy|arm|group|therapy|treatment"
    r"|联合|单药|单用|加|和|组|治疗"
)
_PARTS = re.compile(
    r"(?P<drug>" + "|".join(sorted(_NAMES, key=len, reverse=True)) + r")(?![a-z])"
    r"|(?:" + _PLAIN + r")(?![a-z])"
    r"|[\s+&/,;:()\-，、：（）＋]"
)


def arm_of(text: str, table: Mapping[str, Arm]) -> Arm | None:
    """The arm that the site's table, or else the text itself, names; None for anything looser.

    >>> arm_of("Sirolimus + cyclosporin A", {})
    <Arm.COMBINED: 'sirolimus+ciclosporin'>
    """
    plain = " ".join(text.casefold().split())
    for known, arm in table.items():
        if " ".join(known.casefold().split()) == plain:
            return arm
    drugs = _drugs_named(plain)
    if drugs == {Drug.SIROLIMUS, Drug.CICLOSPORIN}:
        return Arm.COMBINED
    return Arm.SIROLIMUS if drugs == {Drug.SIROLIMUS} else None


def _drugs_named(text: str) -> set[Drug]:
    """The drugs of a text made of nothing but drug names and words that join them; else none."""
    drugs: set[Drug] = set()
    position = 0
    while position < len(text):
        part = _PARTS.match(text, position)
        if part is None:
            return set()
        if part["drug"]:
            drugs.add(_NAMES[part["drug"]])
        position = part.end()
    return drugs
