"""Errors carry facts, and their words hold nothing of the request."""

from cds_service.cds_hooks.errors import BadHookRequest, DataNotAvailable, NoSuchService, PatientMismatch


def test_each_error_says_what_happened_and_where():
    assert str(BadHookRequest("is required", "hook", "context")) == "is required: hook, context"
    assert str(BadHookRequest("is not UTF-8")) == "is not UTF-8"
    assert DataNotAvailable(("patient", "conditions")).keys == ("patient", "conditions")
    assert "patient, conditions" in str(DataNotAvailable(("patient", "conditions")))
    assert "prefetch.patient" in str(PatientMismatch("prefetch.patient"))


def test_an_unknown_id_is_kept_but_not_repeated():
    error = NoSuchService("<script>")
    assert error.service_id == "<script>"
    assert "<script>" not in str(error)
