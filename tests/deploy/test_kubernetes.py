"""The Kubernetes manifests: their schemas, and what must fit together in them."""

import tomllib

import kubernetes_validate
import pytest
import yaml

from running import ROOT, certificate, configured, seconds

TEXT = (ROOT / "deploy/kubernetes/pixelgate.yaml").read_text()
DOCUMENTS = list(yaml.safe_load_all(TEXT))
BY_NAME = {(document["kind"], document["metadata"]["name"]): document for document in DOCUMENTS}
POD = BY_NAME["Deployment", "pixelgate"]["spec"]["template"]
CONTAINER, = POD["spec"]["containers"]
CONFIG = BY_NAME["ConfigMap", "pixelgate"]["data"]["pixelgate.toml"]
VERSIONS = ("1.30", "1.34", "1.37")
# What the gateway takes after its grace time at most (drain.rs).
LAST_S = 2


def services():
    return {name: document["spec"] for (kind, name), document in BY_NAME.items() if kind == "Service"}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_document_follows_the_schema(version):
    for document in DOCUMENTS:
        kubernetes_validate.validate(document, version, strict=True)


def test_the_schema_knows_a_slip():
    slip = yaml.safe_load(yaml.safe_dump(BY_NAME["Deployment", "pixelgate"]))
    slip["spec"]["template"]["spec"]["terminationGracePeriod"] = 45
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(slip, VERSIONS[-1], strict=True)


def test_the_services_lead_to_the_pod():
    labels = POD["metadata"]["labels"]
    assert BY_NAME["Deployment", "pixelgate"]["spec"]["selector"]["matchLabels"] == labels
    ports = {port["name"]: port for port in CONTAINER["ports"]}
    for service in services().values():
        assert service["selector"] == labels
        for port in service["ports"]:
            assert ports[port["targetPort"]]["protocol"] == port["protocol"]


def test_players_find_tcp_and_udp_on_one_address_and_number():
    service = services()["pixelgate"]
    config = tomllib.loads(CONFIG)
    assert service["type"] == "LoadBalancer"
    assert {port["protocol"] for port in service["ports"]} == {"TCP", "UDP"}
    inside = {port["containerPort"] for port in CONTAINER["ports"] if port["name"] in ("https", "quic")}
    outside = {port["port"] for port in service["ports"]}
    assert inside == outside == {int(config["https"].rsplit(":", 1)[1])}


def test_a_low_port_is_open_to_the_user():
    sysctls = {sysctl["name"]: int(sysctl["value"]) for sysctl in POD["spec"]["securityContext"]["sysctls"]}
    first = sysctls["net.ipv4.ip_unprivileged_port_start"]
    assert all(port["containerPort"] >= first for port in CONTAINER["ports"])


def test_only_players_are_let_in_from_outside():
    outside = [name for name, service in services().items() if service.get("type", "ClusterIP") != "ClusterIP"]
    assert outside == ["pixelgate"]
    assert "admin" not in {port["targetPort"] for service in services().values() for port in service["ports"]}


def test_the_probes_ask_the_operators_listener():
    ports = {port["name"]: port["containerPort"] for port in CONTAINER["ports"]}
    assert ports["admin"] == int(tomllib.loads(CONFIG)["admin"].rsplit(":", 1)[1])
    assert CONTAINER["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "admin"}
    assert CONTAINER["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "admin"}


def test_it_is_given_the_time_to_drain():
    sleep = CONTAINER["lifecycle"]["preStop"]["sleep"]["seconds"]
    needed = sleep + seconds(tomllib.loads(CONFIG)["drain-grace"]) + LAST_S
    assert POD["spec"]["terminationGracePeriodSeconds"] > needed


def test_it_runs_without_privileges():
    pod, container = POD["spec"]["securityContext"], CONTAINER["securityContext"]
    assert pod["runAsNonRoot"] and pod["runAsUser"] > 0
    assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["readOnlyRootFilesystem"] and not container["allowPrivilegeEscalation"]
    assert container["capabilities"] == {"drop": ["ALL"]}


def test_a_gateway_starts_with_its_configuration(tmp_path):
    cert, key = certificate(tmp_path / "certs")
    mounts = {mount["name"]: mount["mountPath"] for mount in CONTAINER["volumeMounts"]}
    assert mounts["config"] == "/etc/pixelgate"
    text = CONFIG.replace(f"{mounts['tls']}/tls.crt", str(cert)).replace(f"{mounts['tls']}/tls.key", str(key))
    with configured(text, tmp_path) as addresses:
        assert addresses["http"] is None
        assert addresses["https"] and addresses["quic"] and addresses["streamer"] and addresses["sfu"]
