"""FHIR R4 and nothing else (CH-160): orders of other releases are recognised, so that none passes unseen.

R4 does not know these types, so a reader that asks for R4 would find "no order" where there is one.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

_OTHER_ORDERS = frozenset(
    {"MedicationOrder", "DiagnosticOrder", "DeviceUseRequest", "ProcedureRequest", "ReferralRequest"}
)
_NAMED = re.compile(rb'"resourceType"\s*:\s*"(?:%s)"' % "|".join(sorted(_OTHER_ORDERS)).encode())


def is_of_another_release(resource: Mapping[str, Any]) -> bool:
    """Is it an order as DSTU2, STU3 or R5 write it? R5 keeps the drug of an order in `medication.concept`."""
    kind = resource.get("resourceType")
    return kind in _OTHER_ORDERS or (kind == "MedicationRequest" and "medication" in resource)


def names_another_release(raw: msgspec.Raw) -> bool:
    """Does a prefetched value hold an order type that R4 does not know?"""
    return _NAMED.search(memoryview(raw)) is not None
