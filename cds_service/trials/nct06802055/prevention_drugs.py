"""The drugs that a site gives to prevent infection: each one of the code lists, by their name for it."""

from collections.abc import Iterator, Mapping
from typing import Any

from cds_service.trials.nct06802055.criteria.eligibility_limits import drug_and_daily_mg
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.value_sets import CodeLists, Recognised

_LIMIT = "eligibility.prevention_drugs"


def prevention_drug_faults(thresholds: Mapping[str, Any], codes: CodeLists) -> list[str]:
    """Drugs that no entry of a chart would ever be taken for; a wrong shape is told with the limits."""
    listed = thresholds.get(_LIMIT)
    names = _names(listed if isinstance(listed, list) else ())
    return [f"{_LIMIT}: {problem}" for name in names if (problem := _problem(name, codes))]


def _names(entries: Any) -> Iterator[str]:
    for entry in entries:
        try:
            yield drug_and_daily_mg(str(entry))[0]
        except ValueError:
            continue


def _problem(name: str, codes: CodeLists) -> str | None:
    seen = _seen(name, codes)
    if seen and Concept.ANTI_INFECTIVE_PROPHYLAXIS in seen.concepts:
        return f"{name!r} is asked about at every dose already, and needs no entry"
    if not seen or Concept.ANTI_INFECTIVE not in seen.concepts:
        return f"no list names an anti-infective {name!r}"
    if name not in seen.ingredients or len(seen.ingredients) > 1:
        return f"{name!r} is listed as {' and '.join(map(repr, sorted(seen.ingredients)))}"
    return None


def _seen(name: str, codes: CodeLists) -> Recognised | None:
    """What the name, or a longer term of the same drug ("penicillin g"), is recognised as."""
    terms = [name, *(term for term in codes.said.words.latin() if name in term)]
    found = [seen for term in terms if (seen := codes.recognise((), term))]
    return next((seen for seen in found if name in seen.ingredients), found[0] if found else None)
