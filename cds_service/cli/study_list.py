"""`cds-service study-list SCREENING_OUT`: the candidates of a run, written to the hospital's FHIR server.

The run says for which trial it has judged: the list is that trial's.
"""

import sys
from pathlib import Path

from cds_service import wiring
from cds_service.cli.report import fail
from cds_service.fhir_client.base_url_allow_list import NotAnAddress, read_base
from cds_service.fhir_client.create_resource import WriteRefused
from cds_service.fhir_client.fhir_get import NotFetched
from cds_service.settings.site_file import BadSite, Site
from cds_service.study_list.registered import StudyList
from cds_service.study_list.run_output import NoRun, judged_for, summaries_in
from cds_service.study_list.write_list import Written, write_list


def study_list(folder: str, fhir_url: str | None) -> int:
    """Write the list. Exit code 2 for a run, an address or a server that cannot be used; then nothing is new.

    Another address than the site file's is asked without a token.
    """
    try:
        site = wiring.site_in_use()
        found = _place(fhir_url, site)
        if found is None:
            return fail("no FHIR server: give --fhir-server, or [study_list] fhir_base in the site file")
        run = Path(folder)
        judged = judged_for(run, site.zone)
        trial = wiring.trial_of(site, judged.trial, f"the trial of {run}")
        server, identity = wiring.build_list_server(found, site, trial), wiring.identity_at(site, trial)
        told = write_list(summaries_in(run), server, judged.moment, identity)
    except BadSite as error:
        return fail(*error.faults)
    except NotAnAddress as error:
        return fail(f"--fhir-server: {error.problem}")
    except NoRun as error:
        return fail(str(error))
    except NotFetched as error:
        return fail(f"{error.path}: the FHIR server gives no answer that can be used ({error.why.value})")
    except WriteRefused as error:
        return fail(f"the FHIR server refuses to write the list (status {error.status})")
    sys.stdout.write(list_in_words(told))
    return 0


def _place(fhir_url: str | None, site: Site) -> StudyList | None:
    if fhir_url is None:
        return site.study_list
    base = read_base(fhir_url)
    if base.is_open_wire:
        raise NotAnAddress("must be https: what is written names patients")
    if site.study_list and site.study_list.base == base:
        return site.study_list
    return StudyList(base)


def list_in_words(told: Written) -> str:
    """One line: what is new, changed and lost, and why."""
    why = ", ".join(f"{name} {count}" for name, count in sorted(told.lost_by.items()))
    lines = [f"{told.new} new, {told.changed} changed, {told.lost} lost{f': {why}' if why else ''}"]
    lines.append(f"{told.unchanged} as before")
    if told.not_told:
        lines.append(f"{told.not_told} of whom this run says nothing, left as they were")
    return "; ".join(lines) + "\n"
