"""A sign-in that is refused: 403 where the person may not see it, 502 where the record's own server is at fault."""

import pytest

from cds_service.explain.routes import _STATUSES
from cds_service.signin.signin_errors import WhyRefused

FORBIDDEN = {WhyRefused.SESSION, WhyRefused.OTHER_PATIENT, WhyRefused.DENIED}


@pytest.mark.parametrize("why", sorted(_STATUSES))
def test_each_reason_has_its_status(why: WhyRefused) -> None:
    assert _STATUSES[why] == (403 if why in FORBIDDEN else 502)


def test_no_reason_that_had_a_status_is_without_one() -> None:
    assert len(_STATUSES) == 10
    assert _STATUSES.keys() >= FORBIDDEN
