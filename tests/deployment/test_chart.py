"""The Helm chart, rendered: valid for Kubernetes, nothing privileged, everything limited, and no way out but what is listed.

There is no cluster here: this is what was validated, not what was run.
"""

import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from cds_service.cli.commands import _parser
from cds_service.settings import environment

DEPLOY = Path(__file__).parents[2] / "deploy"
RENDERED = DEPLOY / "kubernetes/cds-service.yaml"
OBJECTS = [one for one in yaml.safe_load_all(RENDERED.read_text(encoding="utf-8")) if one]
OF_PROMETHEUS = {"ServiceMonitor", "PrometheusRule"}
"""Kinds of the Prometheus operator, of which Kubernetes' own schemas know nothing."""
VERSIONS = ("1.27", "1.37")


def named(one):
    return f"{one['kind']} {one['metadata']['name']}"


def pods():
    """Each pod template, by the name of what makes it."""
    for one in OBJECTS:
        spec = one.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            yield pytest.param(spec["template"], id=named(one))


def of_kind(kind):
    return [one for one in OBJECTS if one["kind"] == kind]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("one", OBJECTS, ids=named)
def test_it_is_valid_for_the_oldest_and_the_newest_kubernetes(one, version):
    if one["kind"] in OF_PROMETHEUS:
        assert one["apiVersion"] == "monitoring.coreos.com/v1"
        return
    kubernetes_validate.validate(one, version, strict=True)


def test_the_validator_sees_a_mistyped_member():
    (service,) = of_kind("Service")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(service | {"spec": {"selecter": {}}}, VERSIONS[0], strict=True)


def test_everything_is_there():
    kinds = {one["kind"] for one in OBJECTS}
    assert kinds >= OF_PROMETHEUS | {
        "Deployment", "Service", "Ingress", "NetworkPolicy", "PodDisruptionBudget", "HorizontalPodAutoscaler",
        "Job", "CronJob", "ConfigMap",
    }  # fmt: skip
    assert {one["metadata"]["name"] for one in of_kind("CronJob")} == {
        "cds-screening", "cds-digest", "cds-deletion",
    }  # fmt: skip
    assert not of_kind("Secret")  # the site keeps them; the chart knows their names


@pytest.mark.parametrize("template", list(pods()))
def test_a_pod_may_do_nothing_that_it_need_not(template):
    pod = template["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert all("hostPath" not in volume for volume in pod["volumes"])
    for container in pod["containers"]:
        context = container["securityContext"]
        assert (context["privileged"], context["allowPrivilegeEscalation"]) == (False, False)
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}
        for kind in ("requests", "limits"):
            assert container["resources"][kind].keys() == {"cpu", "memory"}


@pytest.mark.parametrize("template", list(pods()))
def test_a_container_runs_a_command_with_settings_that_there_are(template):
    (container,) = template["spec"]["containers"]
    _parser().parse_args(container.get("args", ["serve"]))
    assert {one["name"] for one in container["env"]} <= environment._NAMES
    assert container["envFrom"] == [{"secretRef": {"name": "cds-settings"}}]
    in_the_open = {one["name"] for one in container["env"]}
    assert not in_the_open & {"CDS_DATABASE_URL", "CDS_PSEUDONYM_KEY"}


@pytest.mark.parametrize("template", list(pods()))
def test_a_pod_stands_under_the_network_policy(template):
    (policy,) = of_kind("NetworkPolicy")
    wanted = policy["spec"]["podSelector"]["matchLabels"]
    assert wanted.items() <= template["metadata"]["labels"].items()


def test_there_is_no_way_out_but_to_what_is_listed():
    values = yaml.safe_load((DEPLOY / "helm/cds-service/values.yaml").read_text(encoding="utf-8"))
    (policy,) = of_kind("NetworkPolicy")
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    names, *ways = policy["spec"]["egress"]
    assert {port["port"] for port in names["ports"]} == {53}
    out = [(way["to"][0]["ipBlock"]["cidr"], way["ports"][0]["port"]) for way in ways]
    assert out == [(one["cidr"], one["port"]) for one in values["egress"]]
    assert "0.0.0.0/0" not in dict(out)


def test_an_old_pod_goes_only_when_a_new_one_answers_and_has_time_to_end_its_calls():
    (deployment,) = of_kind("Deployment")
    assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready"
    assert container["livenessProbe"]["httpGet"]["path"] == "/health/live"
    assert "time.sleep(10)" in container["lifecycle"]["preStop"]["exec"]["command"][-1]
    assert pod["terminationGracePeriodSeconds"] >= 10 + 15 + 5


def test_the_services_pods_are_chosen_and_the_jobs_are_not():
    (service,), (deployment,) = of_kind("Service"), of_kind("Deployment")
    wanted = service["spec"]["selector"].items()
    assert wanted <= deployment["spec"]["template"]["metadata"]["labels"].items()
    jobs = [param.values[0] for param in pods() if "Job" in str(param.id)]
    assert jobs
    assert not any(wanted <= job["metadata"]["labels"].items() for job in jobs)


def test_the_rendered_file_is_made_of_the_chart_as_it_is():
    sources = sorted((DEPLOY / "helm/cds-service").rglob("*"), key=lambda one: one.as_posix())
    files = [*(one for one in sources if one.is_file()), DEPLOY / "helm/example.values.yaml"]
    lines = [
        f"{sha256(one.read_bytes()).hexdigest()}  {one.relative_to(DEPLOY / 'helm').as_posix()}\n"
        for one in files
    ]
    wanted = sha256("".join(lines).encode()).hexdigest()
    first = RENDERED.read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# made by deploy/helm/render.sh of sha256:{wanted}", (
        "deploy/helm/render.sh > deploy/kubernetes/cds-service.yaml"
    )


@pytest.fixture(scope="module")
def helm():
    if shutil.which("helm") is None:
        pytest.skip(
            "what helm renders is not tried, only whether the chart has changed since: there is no helm 3"
        )


def test_the_rendered_file_is_current(helm):
    done = subprocess.run([DEPLOY / "helm/render.sh"], capture_output=True, text=True, check=True)
    assert done.stdout == RENDERED.read_text(encoding="utf-8"), (
        "deploy/helm/render.sh > deploy/kubernetes/cds-service.yaml"
    )


def test_without_the_address_that_tokens_name_nothing_is_rendered(helm):
    chart = str(DEPLOY / "helm/cds-service")
    done = subprocess.run(
        ["helm", "template", "cds", chart, "--kube-version", "1.30"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "publicBaseUrl is needed" in done.stderr
