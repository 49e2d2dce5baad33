"""The wheel: what is in it, and whether it works where there is no checkout."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {"api", "gallery", "ingest", "retrieval", "tracking", "training"}
BUILD_NEEDS = 77
"""Major version of setuptools that ``pyproject.toml`` asks for."""


def run(*command: object, cwd: Path) -> str:
    """Standard output of a command, run without this checkout on its path."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run([*map(str, command)], cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from the checkout; setuptools is fetched only where the one here is too old."""
    folder = tmp_path_factory.mktemp("wheel")
    here = int(version("setuptools").split(".")[0]) >= BUILD_NEEDS
    isolation = ["--no-isolation"] if here else []
    run(sys.executable, "-m", "build", "--wheel", *isolation, "--outdir", folder, copied(folder), cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


def copied(folder: Path) -> Path:
    """A copy of all files that git would commit, so that building leaves nothing in the checkout."""
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            target = folder / "checkout" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((ROOT / name).read_bytes())
    return folder / "checkout"


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A fresh environment with the wheel and, by their path, the dependencies of this one."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python]
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=folder)
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip())
    # Paths in it are searched after the environment's own, and .pth files in them (an editable install) do not count.
    paths = dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))
    (site / "dependencies.pth").write_text("\n".join(paths) + "\n")
    return folder


def test_the_wheel_holds_the_six_packages_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        top = {name.split("/")[0] for name in archive.namelist()}
        (info,) = (name for name in top if name.endswith(".dist-info"))
        assert top - {info} == PACKAGES
        listed = archive.read(f"{info}/top_level.txt").decode().split()
        licences = {name.rpartition("/")[2] for name in archive.namelist() if f"{info}/licenses/" in name}
    assert set(listed) == PACKAGES
    assert licences == {"LICENSE", "NOTICE"}


def test_the_wheel_holds_every_module_and_what_modules_read(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    expected = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for pattern in (
            *("*.py", "*.toml", "*.mako", "*.po", "*.html", "*.css", "static/*.js", "static/*.svg", "py.typed"),
            *("shipped/*.onnx", "shipped/*.npz", "shipped/*.md"),
        )
        for path in (ROOT / package).rglob(pattern)
    }
    assert {name for name in names if name.split("/")[0] in PACKAGES} == expected
    assert {"ingest/catalogue.toml", "gallery/migrations/env.py", "gallery/migrations/script.py.mako"} <= names
    assert any(name.startswith("gallery/migrations/versions/") for name in names)
    assert {"api/templates/market_report.html", "api/templates/market_report.css"} <= names


def test_the_command_works_outside_the_checkout(installed):
    passerby = installed / "venv" / "bin" / "passerby"
    assert "ingest" in run(passerby, "--help", cwd=installed)
    models = json.loads(run(passerby, "models", "list", "--json", cwd=installed))
    assert "yolox_nano" in json.dumps(models)


def test_the_packages_come_from_the_fresh_environment(installed):
    code = f"import {', '.join(sorted(PACKAGES))}; print(*(m.__file__ for m in ({', '.join(sorted(PACKAGES))})))"
    files = run(installed / "venv" / "bin" / "python", "-c", code, cwd=installed).split()
    assert len(files) == len(PACKAGES)
    assert all(Path(file).is_relative_to(installed / "venv") for file in files)


def test_an_installed_package_makes_a_gallery(installed):
    code = (
        "from pathlib import Path; from gallery.store import Gallery\n"
        "with Gallery.open(Path('gallery'), create=True) as gallery: print(gallery.cameras())"
    )
    assert run(installed / "venv" / "bin" / "python", "-c", code, cwd=installed).strip() == "[]"
