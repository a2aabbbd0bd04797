"""Was this card given for this patient? Asked when a page is opened from a card."""

from sqlalchemy import Engine, select

from cds_service.audit.audit_records import plain_uuid
from cds_service.audit.audit_tables import CALLS, GIVEN_ADVICE
from cds_service.audit.database import reading
from cds_service.audit.pseudonym import Pseudonyms


def receiver_of_card(
    engine: Engine, keys: Pseudonyms, card: str, patient_id: str
) -> tuple[str, str] | bool | None:
    """The issuer and tenant to whom the card was given; False when it was given for another patient.

    None when no such card is remembered. Raises StoreUnavailable.
    """
    query = (
        select(CALLS.c.issuer, CALLS.c.tenant, CALLS.c.patient)
        .join(GIVEN_ADVICE, GIVEN_ADVICE.c.call == CALLS.c.call)
        .where(GIVEN_ADVICE.c.card == plain_uuid(card))
    )
    with reading(engine) as connection:
        row = connection.execute(query).first()
    if row is None:
        return None
    return (row.issuer, row.tenant) if row.patient == keys.of_patient(row.tenant, patient_id) else False
