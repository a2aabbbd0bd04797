"""`cds-service feedback-report`: what became of the advice, per trial, rule and version."""

from datetime import date, datetime, time, timedelta

from sqlalchemy import Engine

from cds_service.audit.reaction_report import as_table, report, report_csv
from cds_service.cli.with_store import with_store
from cds_service.settings.environment import Settings
from cds_service.trials.installed import numbers_by_service, trials_in


def feedback_report(since: date | None, until: date | None, *, csv: bool) -> int:
    """Print the report on cards given from `since` to `until`, both days included, as a table or CSV."""

    def told(engine: Engine, settings: Settings) -> str:
        zone = settings.site.zone
        first = datetime.combine(since, time.min, zone) if since else None
        after = datetime.combine(until + timedelta(days=1), time.min, zone) if until else None
        entries = report(
            engine, first, after, trial_of_service=numbers_by_service(trials_in(settings.site.trials))
        )
        return report_csv(entries) if csv else as_table(entries)

    return with_store(told)
