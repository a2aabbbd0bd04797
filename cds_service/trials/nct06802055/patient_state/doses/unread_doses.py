"""What the newest entry about a drug says, where it gives no one dose: shown for a person to tell."""

from collections.abc import Iterable

from fhir_mappings.clinical_model.known_unknown import Unknown, WhyUnknown
from fhir_mappings.clinical_model.medications import MedicationEvent, MedicationStatus, begun_on

_SAID = (WhyUnknown.UNREADABLE, WhyUnknown.CONFLICTING)
_COUNTS = (MedicationStatus.ACTIVE, MedicationStatus.COMPLETED)
_SHOWN = 60  # characters of a record's own words


def unread_words(entries: Iterable[MedicationEvent]) -> str | None:
    """What the newest entries say of the dose, where one of them cannot be read as milligrams and hours."""
    standing = [one for one in entries if one.status in _COUNTS]
    newest = max(map(begun_on, standing), default=None)
    words = sorted(one.as_written for one in standing if begun_on(one) == newest and _is_unread(one))
    return words[0][:_SHOWN] if words else None


def _is_unread(entry: MedicationEvent) -> bool:
    return isinstance(entry.dose, Unknown) and entry.dose.why in _SAID and bool(entry.as_written)
