"""`cds-service simulate` as a person runs it: two files, a progress bar on standard error, the same figures again."""

import json
from pathlib import Path

import pytest

from cds_service.cli import main


def figures(folder: Path, *more: str) -> dict[str, object]:
    code = main(["simulate", "--patients", "3", "--seed", "7", "--out", str(folder), "--cores", "1", *more])
    assert code == 0
    found: dict[str, object] = json.loads((folder / "figures.json").read_text("utf-8"))
    return found


def _timeless(told: object) -> object:
    """Without what depends on the machine: seconds."""
    if isinstance(told, dict):
        return {name: _timeless(value) for name, value in told.items() if "econds" not in name}
    return told


def test_one_page_and_its_figures_and_the_same_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = figures(tmp_path / "a", "--no-forecast")
    out, err = capsys.readouterr()
    assert out.split() == [str(tmp_path / "a" / "report.html"), str(tmp_path / "a" / "figures.json")]
    assert "3 patients x 4 policies" in err
    again = figures(tmp_path / "b", "--no-forecast")
    assert _timeless(first) == _timeless(again)
    assert (first["seed"], first["patients"]) == (7, 3)
    page = (tmp_path / "a" / "report.html").read_text("utf-8")
    for word in ("seed 7", "Who failed, and why", "95 % interval", "echarts", "assumptions.toml"):
        assert word in page
    assert "<link" not in page
    assert " src=" not in page.partition("<script>")[0]


def test_with_forecasts_it_says_how_often_they_held(tmp_path: Path) -> None:
    found = figures(tmp_path, "--patients", "1")
    told = found["forecasts"]
    assert isinstance(told, dict)
    assert told["program"] is None
    assert told["program+forecast"]["sirolimus"]["forecasts"] > 3
    policies = found["policies"]
    assert isinstance(policies, dict)
    for name in ("sirolimusInBand", "doseChanges", "outsideRecord"):
        assert policies["program"][name] == policies["program+forecast"][name]


@pytest.mark.parametrize("patients", ["0", "-3", "many", "100001"])
def test_a_number_of_patients_that_is_none_is_refused(
    patients: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["simulate", "--patients", patients])
    assert refused.value.code == 2
    assert "is no number from 1 to 100000" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    code = main(
        [
            "simulate",
            "--patients",
            "1",
            "--no-forecast",
            "--cores",
            "1",
            "--out",
            str(tmp_path / "file" / "x"),
        ]
    )
    assert code == 2
    assert "file" in capsys.readouterr().err


def test_a_site_file_that_cannot_be_used_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "site.toml"
    site.write_text("colour = 1\n")
    monkeypatch.setenv("CDS_SITE_FILE", str(site))
    assert main(["simulate", "--patients", "1"]) == 2
    assert "colour: no such setting" in capsys.readouterr().err
    site.write_text('[thresholds]\n"titration.nothing" = 1\n')
    assert main(["simulate", "--patients", "1"]) == 2
    assert "titration.nothing" in capsys.readouterr().err
