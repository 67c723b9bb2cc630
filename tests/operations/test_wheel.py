"""The wheel that is built here: in an empty environment it chats, and nothing that it needs is left out."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", os.fspath(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`cherry-bridge` in an environment that holds the wheel; its dependencies are those of the tests, which are the
    locked ones, so that nothing is downloaded. Their own `bridge` is not seen from there."""
    home = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", os.fspath(home)], check=True)
    python = home / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", os.fspath(python), "install", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--quiet", "--disable-pip-version-check", os.fspath(wheel)], check=True)
    [packages] = home.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home / "bin" / "cherry-bridge"


def ran(program: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": os.fspath(folder), "LANG": "C.UTF-8"}
    return subprocess.run(
        [os.fspath(program), *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )


@pytest.mark.skipif(sys.platform == "win32", reason="its environments look different")
def test_it_chats_from_an_empty_environment(program: Path, tmp_path: Path) -> None:
    asked = ran(program, tmp_path, "demo", "--model", "echo:plain", "Are you there?")
    assert (asked.returncode, asked.stderr) == (0, "")
    assert "Are you there?" in asked.stdout
    version = ran(program, tmp_path, "--version").stdout.split()
    assert version == ["cherry-bridge", metadata.version("cherry-bridge")]
    where = [os.fspath(program.with_name("python")), "-c", "import bridge; print(bridge.__file__)"]
    loaded = subprocess.run(where, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert loaded.startswith(os.fspath(program.parents[1])), "not the checkout"


def test_it_holds_every_file_of_the_packages(wheel: Path) -> None:
    there = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    tracked = subprocess.run(["git", "ls-files", "bridge", "channels"], cwd=ROOT, capture_output=True, text=True)
    if tracked.returncode:
        pytest.skip("not a checkout of git")
    expected = {name for name in tracked.stdout.splitlines() if (ROOT / name).exists()}
    assert expected - there == set()
    assert {name.partition("/")[0] for name in there} == {"bridge", "channels"}


def test_it_asks_for_what_is_installed(wheel: Path) -> None:
    name = next(name for name in ZipFile(wheel).namelist() if name.endswith(".dist-info/METADATA"))
    lines = ZipFile(wheel).read(name).decode().splitlines()
    needs = [Requirement(line.removeprefix("Requires-Dist: ")) for line in lines if line.startswith("Requires-Dist: ")]
    ours = [each for each in needs if each.marker is None or each.marker.evaluate({"extra": ""})]
    assert len(ours) > 20
    for each in ours:
        assert each.specifier.contains(metadata.version(each.name)), each
