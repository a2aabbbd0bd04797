"""A criterion is a folder: a 21st, made as the how-to says, in a copy of the product; and half of it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cds_service.trials.nct06802055.criteria.attestation_questionnaire import MODULE
from tests.criterion_to_add import ADDED, add_criterion
from tests.repository.measure import ROOT
from tests.repository.test_one_more_row import PACKAGES, said_by

# ---------------------------------------------------------------- the whole folder

ASK = """
import json
from datetime import datetime
from cds_service.chart.context_bundle import ContextResources
from cds_service.explain.attestation_form import groups
from cds_service.rules.as_of import as_of
from cds_service.rules.criterion_folders import criterion_folders
from cds_service.rules.thresholds import FOLDER
from cds_service.services.chart_file import assessment_of, read_chart
from cds_service.settings.site_file import Site
from cds_service.wiring import build_installation, offline

told = json.loads((criterion_folders(FOLDER)[-1] / "examples.json").read_text("utf-8"))
for language in ("en", "zh"):
    installation = build_installation(offline(Site(language=language)))
    now = as_of(datetime.fromisoformat(told["on"]), installation.zone)
    for example in told["examples"]:
        chart = [{"resourceType": "Patient", "id": "p1", "birthDate": "1986-01-15"}, *example["chart"]]
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in chart]}
        answer = assessment_of(installation, read_chart(json.dumps(bundle).encode()), ContextResources(), now)
        found = answer["eligibility"]["criteria"][-1]
        print(found["id"], found["status"], found["seen"])
    print(*[line.text for group in groups(installation.trial.page.form.file, installation.trial.attested, language, {}) for line in group.lines if line.name == "E13"])
    print(installation.words.sentences["criterion.title.E13"])
"""
REFUSED = """
from cds_service.wiring import INSTALLATION_FAULTS, build_offline_installation, faults_in
try:
    build_offline_installation()
except INSTALLATION_FAULTS as error:
    print(*faults_in(error), sep="\\n")
"""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The product with one folder more, and the form made anew: nothing else is touched."""
    folder = tmp_path_factory.mktemp("product")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    add_criterion(folder / "cds_service/trials/nct06802055/criteria")
    subprocess.run([sys.executable, "-m", MODULE], cwd=folder, env={"PYTHONPATH": str(folder)}, check=True)
    return folder


def test_one_folder_is_one_criterion_more_judged_asked_and_said(product: Path) -> None:
    assert said_by(product, ASK).splitlines() == [
        "E13 present creatinine 200 umol/L on 2026-01-31",
        'E13 absent no creatinine that excludes on record; attested "no" on 2026-02-28',
        "E13 unknown no creatinine that excludes on record",
        "The creatinine is 200 µmol/L or more.",
        "creatinine 200 µmol/L or more",
        "E13 present 2026-01-31 肌酐 200 umol/L",
        "E13 absent 未见达到排除标准的肌酐记录；2026-02-28 研究者确认：否",
        "E13 unknown 未见达到排除标准的肌酐记录",
        "肌酐≥200 µmol/L。",
        "肌酐 ≥ 200 µmol/L",
    ]


# ---------------------------------------------------------------- half of it


def test_the_start_refuses_half_of_it_and_says_all_that_is_missing(product: Path, tmp_path: Path) -> None:
    folder = product / "cds_service/trials/nct06802055/criteria" / ADDED
    for lost in ("judge.py", "words.zh.toml", "examples.json"):
        shutil.move(folder / lost, tmp_path / lost)
    told = said_by(product, REFUSED).splitlines()
    for lost in ("judge.py", "words.zh.toml", "examples.json"):
        shutil.move(tmp_path / lost, folder / lost)
    assert f"criteria/{ADDED}: has no judge.py" in told
    assert f"criteria/{ADDED}: has no words.zh.toml that can be read" in told
    assert f"criteria/{ADDED}: has no examples.json that can be read" in told
