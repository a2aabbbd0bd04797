"""`cds-service assess FILE`: one chart in, one assessment out, on standard output and nowhere else."""

import json
import sys

from cds_service import wiring
from cds_service.cli.input_file import STANDARD_INPUT, bytes_of
from cds_service.cli.moments import NotAMoment, moment
from cds_service.cli.report import fail
from cds_service.services.chart_file import UnreadableChart, assessment_of, read_chart, read_draft_file
from cds_service.settings.site_file import BadSite


def assess(file: str, as_of: str | None, draft_file: str | None, trial: str | None = None) -> int:
    """Assess one file. Exit code 2, and one clear line, for what cannot be read."""
    if file == draft_file == STANDARD_INPUT:
        return fail("standard input can be the chart or the draft orders, not both")
    try:
        installation = wiring.build_offline_installation(trial)
        now = moment(as_of, installation.zone) if as_of else wiring.now_in(installation.zone)
        chart = read_chart(bytes_of(file))
        drafts = read_draft_file(bytes_of(draft_file), chart.patient_id) if draft_file else chart.drafts
        answer = assessment_of(installation, chart, drafts, now)
    except BadSite as error:
        return fail(*error.faults)
    except wiring.INSTALLATION_FAULTS as error:
        return fail(*wiring.faults_in(error))
    except OSError as error:
        return fail(f"{error.filename}: {error.strerror}")
    except (UnreadableChart, NotAMoment) as error:
        return fail(f"{file}: {error}")
    json.dump(answer, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")
    return 0
