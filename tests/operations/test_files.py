"""The files that operators install say what the program does, and give it no more than it needs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bridge import metrics
from bridge.server import meter as _meter  # noqa: F401 - it counts, too
from bridge.settings import Settings, variable
from tests.tunnel.note import DEPLOY, ROOT, block, unit

OPERATIONS = ROOT / "docs" / "operations.md"
HARDENED = {
    "DynamicUser": "yes",
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateDevices": "yes",
    "PrivateUsers": "yes",
    "PrivateTmp": "yes",
    "MemoryDenyWriteExecute": "yes",
    "RestrictNamespaces": "yes",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "SystemCallArchitectures": "native",
}


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text()))


@pytest.mark.parametrize("name", ["cherry-bridge", "cherry-gateway"])
def test_a_service_gives_one_folder_and_no_privilege(name: str) -> None:
    service = unit(f"{name}.service")["Service"]
    assert {name: service.get(name) for name in HARDENED} == HARDENED
    assert service["StateDirectory"] == name


def test_the_store_outlives_the_answers_that_are_being_ended() -> None:
    service = unit("cherry-bridge.service")["Service"]
    # The embedded store is in the same control group: it must outlive the answers that are being ended.
    assert service["KillMode"] == "mixed"


def test_systemd_takes_the_service_and_finds_little_exposed(systemd_analyze: str, tmp_path: Path) -> None:
    service = tmp_path / "cherry-bridge.service"
    text = (DEPLOY / "cherry-bridge.service").read_text()
    service.write_text(re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", text))
    asked = subprocess.run([systemd_analyze, "verify", service], capture_output=True, check=False)
    assert (asked.returncode, asked.stderr) == (0, b"")
    judged = subprocess.run(
        [systemd_analyze, "security", "--offline=true", service], capture_output=True, text=True, check=False
    )
    level = re.search(r"Overall exposure level for \S+: ([\d.]+)", judged.stdout)
    assert level, judged
    assert float(level[1]) <= 1.5
    assert level[1] in OPERATIONS.read_text(), "the page says which"


def test_the_compose_file_gives_little_and_names_what_there_is() -> None:
    services, volumes = compose()["services"], compose()["volumes"]
    assert set(services) == {"bridge", "gateway", "redis", "tunnel"}
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "ports" not in service, "nothing is opened beyond this machine but the tunnel's sshd"
        for volume in service["volumes"]:
            assert volume.partition(":")[0] in volumes, name
    assert {name for name, service in services.items() if service.get("profiles")} == {"gateway", "tunnel"}
    assert all(services[name]["cap_drop"] == ["ALL"] for name in ("bridge", "gateway", "tunnel"))
    assert "container_name" not in services["bridge"], "which would forbid --scale"
    known = {variable(Settings, field) for field in Settings.model_fields}
    assert set(services["bridge"]["environment"]) <= known
    assert services["redis"]["network_mode"] == "none"
    socket = services["bridge"]["environment"]["BRIDGE_REDIS_URL"].removeprefix("unix://")
    assert socket == "/run/valkey/valkey.sock"
    assert "--unixsocket /data/valkey.sock" in services["redis"]["command"]


def test_docker_takes_the_compose_file(compose_command: list[str], tmp_path: Path) -> None:
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    shutil.copytree(DEPLOY, tmp_path / "deploy")
    (tmp_path / ".env").touch()
    command = [*compose_command, "--profile", "tunnel", "config", "--quiet"]
    asked = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert asked.returncode == 0, asked.stderr


def test_a_linter_takes_the_dockerfile() -> None:
    """It reads it as the builder does, and the commands in it as the shell does."""
    hadolint = str(Path(sys.executable).with_name("hadolint"))
    command = [hadolint, "--no-color", "--failure-threshold", "warning", str(ROOT / "Dockerfile")]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert asked.returncode == 0, asked.stdout + asked.stderr


def test_the_image_copies_only_what_is_let_into_its_context() -> None:
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    names = {name for line in copied for name in line.split()}
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert names == let_in
    assert all((ROOT / name).exists() for name in names)


def test_the_image_has_no_privilege_and_one_place_for_data() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER bridge$", text, re.MULTILINE)
    assert "BRIDGE_DATA_DIR=/data" in text
    assert "VOLUME /data" in text
    for name in re.findall(r"\b(BRIDGE_[A-Z_]+)=", text):
        assert name in {variable(Settings, field) for field in Settings.model_fields}


def test_the_dashboard_asks_for_what_is_counted() -> None:
    board = json.loads((DEPLOY / "grafana.json").read_text())
    asked = {name for panel in board["panels"] for each in panel["targets"] for name in names_in(each["expr"])}
    told = names_in(metrics.exposition()) | {f"{family.name}_bucket" for family in metrics.FAMILIES}
    assert asked <= told
    # Everything that is counted can be seen there.
    assert {family.name for family in metrics.FAMILIES} == {name.removesuffix("_bucket") for name in asked}
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_every_metric_is_told_of() -> None:
    told = names_in(OPERATIONS.read_text())
    assert {family.name for family in metrics.FAMILIES} <= told


def test_the_containers_sshd_permits_what_the_note_does() -> None:
    """The same rules for the same key, though one stands in a Match block and the other alone in its container."""
    rules = (DEPLOY / "sshd" / "sshd_config").read_text()
    noted = re.search(r"^Match User cherry-tunnel\n(.*?)^END$", block("server"), re.MULTILINE | re.DOTALL)
    assert noted
    for line in noted[1].splitlines():
        if "AuthorizedKeysFile" not in line:
            assert line.strip() in rules.splitlines(), line
    [restrictions] = re.findall(r"'(restrict,\S+)'", block("server"))
    assert f"'{restrictions}'" in (DEPLOY / "sshd" / "start").read_text()


def names_in(text: str) -> set[str]:
    return set(re.findall(r"\bcherry_bridge_[a-z_]+", text))
