"""No token, patient id or name in any URL of ours, any log line, or any row in clear."""

import io
import re

from sqlalchemy import create_engine, inspect, text

from cds_service.web.log_redaction import configure_logging
from tests.explain.rig import NAMES, addresses_of


def rows_of(rig):
    """Everything in the service's database, as text."""
    engine = create_engine(rig.settings.database_url.reveal())
    with engine.connect() as connection:
        tables = inspect(engine).get_table_names()
        rows = [str(row) for t in tables for row in connection.execute(text(f'SELECT * FROM "{t}"'))]
    engine.dispose()
    return "\n".join(rows)


def test_nothing_of_the_patient_or_the_token_is_left_behind(rig):
    log = io.StringIO()
    configure_logging(log)
    browser = rig.launch("demo-08")
    visited = addresses_of(browser.page)
    links = re.findall(r'(?:href|action)="([^"]+)"', browser.page.text)
    token = rig.authorization.tokens.words()[0]
    browser.submit("attestation", I2="yes")
    visited += addresses_of(browser.page)
    rig.launch("demo-08", app_context="{").open(f"{rig.cds.base_url}/explain/callback?state=x&code={token}")
    secrets = [token, "demo-08", *NAMES["demo-08"].split(" "), "PLANTED"]
    secrets += [cookie.value for cookie in browser.cookies]
    ours = [url for url in visited if url.startswith(rig.cds.base_url)]
    assert len(ours) > 2
    kept = rows_of(rig)
    assert "gAAAA" in kept  # a sealed session is there
    for secret in secrets:
        assert not any(secret in url for url in [*ours, *links]), secret
        assert secret not in kept
        assert secret not in log.getvalue()
    assert "explain_refused" in log.getvalue()


def test_the_session_is_gone_from_the_database_when_the_page_is_closed(rig):
    browser = rig.launch("demo-08")
    assert "gAAAA" in rows_of(rig)
    browser.submit("end")
    assert "gAAAA" not in rows_of(rig)
