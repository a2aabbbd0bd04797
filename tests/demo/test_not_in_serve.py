"""Nothing of the demo can be reached, or is even loaded, where the service is served."""

import subprocess
import sys

_DEMO_ONLY = ("cds_service.demo", "sekmet")


def _loaded_by(program: str) -> set[str]:
    listing = f"import sys\n{program}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def _of_the_demo(modules: set[str]) -> set[str]:
    return {m for m in modules if any(m == name or m.startswith(f"{name}.") for name in _DEMO_ONLY)}


def test_serving_loads_nothing_of_the_demo() -> None:
    loaded = _loaded_by("import cds_service.cli.serve, cds_service.wiring, cds_service.web.wsgi_app")
    assert "cds_service.web.wsgi_app" in loaded
    assert _of_the_demo(loaded) == set()


def test_the_demo_itself_would_have_been_noticed() -> None:
    assert _of_the_demo(_loaded_by("import cds_service.cli.demo")) >= {"cds_service.demo", "sekmet"}


def test_the_served_app_has_no_address_of_the_demo() -> None:
    program = (
        "from cds_service import wiring\n"
        "from tests.installation import an_installation\n"
        "app = wiring.build_app(an_installation())\n"
        "assert not [r.rule for r in app.url_map.iter_rules() if 'fhir' in r.rule or 'demo' in r.rule]\n"
        "assert app.test_client().get('/fhir/metadata').status_code == 404"
    )
    assert _of_the_demo(_loaded_by(program)) == set()
