"""FHIR R4 and nothing else (CH-160): orders of other releases are recognised, so that none passes unseen.

DSTU2 and STU3 have order types that R4 does not know; R5 keeps the drug of an order in `medication`. A reader
that asks for R4 would find "no order", or one without a drug, where there is one.
"""

import re
from collections.abc import Mapping
from typing import Any

_OTHER_ORDERS = frozenset(
    {"MedicationOrder", "DiagnosticOrder", "DeviceUseRequest", "ProcedureRequest", "ReferralRequest"}
)
# Looked for first: a part without drugs holds no such word, and hardly any other one of these.
_WORD, _HINTS = b"edication", (b"MedicationOrder", b'"medication"')
_PROOF = re.compile(
    rb'"resourceType"\s*:\s*"MedicationOrder"|"medication"\s*:\s*\{\s*"(?:concept|reference)"\s*:\s*\{'
)


def is_of_another_release(resource: Mapping[str, Any]) -> bool:
    """Is it an order as DSTU2, STU3 or R5 write it?"""
    kind = resource.get("resourceType")
    if not isinstance(kind, str):
        return False
    return kind in _OTHER_ORDERS or (kind == "MedicationRequest" and "medication" in resource)


def holds_another_release(answer: bytes) -> bool:
    """Do medications of another release stand in a prefetched or fetched answer?"""
    if _WORD not in answer or not any(hint in answer for hint in _HINTS):
        return False
    return _PROOF.search(answer) is not None
