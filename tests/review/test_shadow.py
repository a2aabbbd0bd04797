"""Shadow mode: all is recorded and nothing shown, live cards are never held back by it, and what clinicians did."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from cds_service.audit.append_calls import append_call
from cds_service.audit.audit_records import CallOutcome
from cds_service.audit.database import open_store
from cds_service.audit.reaction_report import report
from cds_service.audit.shadow import KeptBack, ShadowRecord, shadow_record
from cds_service.cli import main
from cds_service.services.shadow_comparison import Followed, Ordered, as_csv, compare, episodes
from cds_service.settings.environment import BadSettings, Mode, read_settings
from cds_service.wiring import build_app, settings_from_environment
from tests.audit.rows import a_call, a_card, rows
from tests.builders import NOW
from tests.installation import A_KEY, an_installation
from tests.scenarios.visits import PATIENTS, calls

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
END = T0 + timedelta(days=60)


def _app(mode, database=None):
    return build_app(an_installation(mode=mode, database=database), lambda: NOW.instant)


def _answers(app):
    found = {}
    for patient in PATIENTS.values():
        for number, (_, service, body) in enumerate(calls(patient)):
            answer = app.test_client().post(f"/cds-services/{service}", json=body)
            found[patient.id, service, number] = (answer.status_code, answer.get_json())
    return found


def test_nothing_is_shown_everything_is_recorded_and_nothing_is_held_back_later():
    settings = an_installation(mode=Mode.SHADOW)
    shadow, live = _app(Mode.SHADOW, settings.database_url), _app(Mode.LIVE)
    kept, shown = _answers(shadow), _answers(live)
    assert kept.keys() == shown.keys()
    assert {status for status, _ in kept.values()} == {200}
    assert all(body == {"cards": []} for _, body in kept.values())
    engine = open_store(settings.database_url.reveal())
    would = sum(len(body["cards"]) for _, body in shown.values())
    assert len(rows(engine, "given_advice")) == would > 20
    assert report(engine) == []
    engine.dispose()
    after = _answers(_app(Mode.LIVE, settings.database_url))
    assert [(k, len(b["cards"])) for k, (_, b) in after.items()] == [
        (k, len(b["cards"])) for k, (_, b) in shown.items()
    ]
    assert all("extension" not in body for _, body in after.values())


def test_discovery_is_the_same():
    shadow, live = _app(Mode.SHADOW).test_client(), _app(Mode.LIVE).test_client()
    assert shadow.get("/cds-services").get_json() == live.get("/cds-services").get_json()


def test_the_mode_is_live_or_shadow_and_nothing_else():
    base = {"CDS_ENVIRONMENT": "development"}
    assert read_settings(base).mode is Mode.LIVE
    assert read_settings(base | {"CDS_MODE": "shadow"}).mode is Mode.SHADOW
    with pytest.raises(BadSettings, match="CDS_MODE: must be one of live, shadow"):
        read_settings(base | {"CDS_MODE": "quiet"})


def kept(state="INCREASE", mg="3", hours=0, patient="p", rule="SRL-02"):
    dose = Decimal(mg) if mg else None
    return KeptBack(
        patient, T0 + timedelta(hours=hours), rule, "sirolimus", state, "warning", dose, Decimal(24)
    )


def order(mg="3", hours=5, patient="p", **more):
    return Ordered(patient, "sirolimus", T0 + timedelta(hours=hours), Decimal(mg) if mg else None, **more)


def _one(advice, *orders, now=END, known=frozenset("p")):
    (row,) = compare(ShadowRecord((advice,), 10), orders, now, 14, known)
    (followed,) = row.followed
    return followed, row.ahead


@pytest.mark.parametrize(
    ("advice", "orders", "followed", "ahead"),
    [
        (kept(), [order()], Followed.AGREED, [5.0]),
        (kept(), [order("2")], Followed.OTHERWISE, []),
        (kept(), [], Followed.NOTHING, []),
        (kept(), [order(hours=-1)], Followed.NOTHING, []),
        (kept(), [order(hours=14 * 24)], Followed.AGREED, [336.0]),
        (kept(), [order(hours=14 * 24 + 1)], Followed.NOTHING, []),
        (kept(), [order(None)], Followed.NOT_COMPARABLE, []),
        (kept(), [order(patient="q")], Followed.NOTHING, []),
        (kept("HOLD", ""), [order("0")], Followed.AGREED, [5.0]),
        (kept("HOLD", ""), [order("2")], Followed.OTHERWISE, []),
        (kept("HOLD", ""), [order("2", hours=-99, ended_some_day=True)], Followed.NOT_COMPARABLE, []),
        (kept("CONTINUE", "2"), [], Followed.AGREED, []),
        (kept("CONTINUE", "2"), [order("3")], Followed.OTHERWISE, []),
        (kept("RECHECK", ""), [order("3")], Followed.NOT_COMPARABLE, []),
    ],
)
def test_what_followed(advice, orders, followed, ahead):
    assert _one(advice, *orders) == (followed, ahead)


def test_of_patients_without_orders_nothing_is_concluded_and_an_open_window_is_open():
    assert _one(kept(), order(), known=frozenset())[0] is Followed.NOT_COMPARABLE
    assert _one(kept(), now=T0 + timedelta(days=13))[0] is Followed.OPEN
    assert _one(kept(), now=T0 + timedelta(days=14))[0] is Followed.NOTHING


def test_the_same_advice_in_a_row_is_one_episode_from_its_first_call():
    again = [kept(hours=h) for h in (0, 24, 48)]
    other = [kept("CONTINUE", "3", hours=72), kept(hours=96), kept(hours=1, patient="q")]
    assert [(one.patient, one.state, one.at) for one in episodes([*again, *other])] == [
        ("p", "INCREASE", T0),
        ("p", "CONTINUE", T0 + timedelta(hours=72)),
        ("p", "INCREASE", T0 + timedelta(hours=96)),
        ("q", "INCREASE", T0 + timedelta(hours=1)),
    ]


def test_rates_and_agreement_in_the_table():
    advice = tuple(kept(patient=p) for p in "pqr")
    orders = [order(), order("2", patient="q")]
    found = compare(ShadowRecord(advice, 60), orders, END, 14, frozenset("pqr"))
    assert as_csv(found, 60).splitlines()[1] == "SRL-02,INCREASE,3,5.0,1,1,1,0,0,33 %,5.0"


def test_openings_are_counted_once_a_hook_and_only_while_in_shadow(tmp_path):
    engine = open_store(f"sqlite:///{tmp_path / 's.sqlite3'}")
    card = a_card()
    for number, outcome in enumerate((CallOutcome.SHADOW, CallOutcome.NOT_CONCERNED, CallOutcome.SHADOW)):
        at = T0 + timedelta(hours=number)
        cards = (card,) if number == 0 else ()
        append_call(engine, a_call(*cards, outcome=outcome, hook_instance=f"h{number}", at=at))
    append_call(
        engine,
        a_call(outcome=CallOutcome.SHADOW, hook_instance="h2", at=T0 + timedelta(hours=2), service="other"),
    )
    append_call(
        engine, a_call(outcome=CallOutcome.NOT_CONCERNED, hook_instance="later", at=T0 + timedelta(days=9))
    )
    assert shadow_record(engine).openings == 3
    engine.dispose()


def test_the_command_reads_orders_of_an_export(tmp_path, monkeypatch, capsys):
    database = f"sqlite:///{tmp_path / 'cds.sqlite3'}"
    for name, value in {
        "CDS_ENVIRONMENT": "development",
        "CDS_DATABASE_URL": database,
        "CDS_PSEUDONYM_KEY": A_KEY,
        "CDS_MODE": "shadow",
    }.items():
        monkeypatch.setenv(name, value)
    client = build_app(settings_from_environment(), lambda: NOW.instant).test_client()
    patient = PATIENTS["demo-08"]
    for _, service, body in calls(patient):
        client.post(f"/cds-services/{service}", json=body)
    later = NOW.instant + timedelta(hours=6)
    ordered = {
        "resourceType": "MedicationRequest",
        "id": "o1",
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/demo-08"},
        "authoredOn": later.isoformat(timespec="seconds"),
        "medicationCodeableConcept": {"coding": [{"system": "http://www.whocc.no/atc", "code": "L04AA10"}]},
        "dosageInstruction": [
            {
                "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
                "doseAndRate": [
                    {
                        "doseQuantity": {
                            "value": 3,
                            "unit": "mg",
                            "system": "http://unitsofmeasure.org",
                            "code": "mg",
                        }
                    }
                ],
            }
        ],
    }
    file = tmp_path / "MedicationRequest.ndjson"
    file.write_text(json.dumps(ordered) + "\nnot json\n")
    assert main(["shadow-report", "--orders", str(file), "--csv"]) == 0
    said = capsys.readouterr()
    assert "1 entries of the orders are no MedicationRequest" in said.err
    (row,) = [line for line in said.out.splitlines() if line.startswith("SRL-02,INCREASE")]
    assert row.split(",")[2] == "1"
    assert row.endswith("100 %,6.0")
    assert main(["shadow-report", "--orders", str(tmp_path / "none.ndjson")]) == 2
