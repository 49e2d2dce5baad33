"""The house: which folder may import which, and what stays where."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

MAY_IMPORT = {
    "tracking": set(),
    "gallery": {"tracking"},
    "ingest": {"tracking", "gallery"},
    "retrieval": {"tracking", "gallery", "ingest"},
    "training": {"tracking", "gallery", "ingest", "retrieval"},
    "api": {"tracking", "gallery", "ingest", "retrieval", "training"},
}

STAYS_IN = {
    "paddle": {"training", "ingest"},
    "faiss": {"gallery"},
    "sqlalchemy": {"gallery"},
    "alembic": {"gallery"},
    "fastapi": {"api"},
    "starlette": {"api"},
    "uvicorn": {"api"},
    "httpx": {"api"},
    "pydantic": {"api"},
    "typer": {"api"},
    "rich": {"api"},
    "onnx": {"training"},
    "onnxruntime": {"ingest", "training"},
    "openvino": {"ingest"},
    "yaml": {"ingest"},
    "av": {"ingest"},
    "motmetrics": {"retrieval"},
    "tensorboardX": {"training"},
    "jinja2": {"api"},
    "babel": {"api"},
    "python_multipart": {"api"},
    "matplotlib": {"retrieval", "api"},
    "prometheus_client": {"api"},
}

FILES = sorted(path for folder in MAY_IMPORT for path in (ROOT / folder).rglob("*.py"))


def imported_names(path: Path) -> set[str]:
    """Top-level names of everything that a file imports, at any depth of its code."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where a name comes from"
            names.add((node.module or "").split(".")[0])
    return names


def test_there_are_files_to_check():
    assert {path.relative_to(ROOT).parts[0] for path in FILES} == set(MAY_IMPORT)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_follow_the_table(path: Path):
    folder = path.relative_to(ROOT).parts[0]
    imported = imported_names(path)
    assert imported & set(MAY_IMPORT) <= MAY_IMPORT[folder] | {folder}
    for library, homes in STAYS_IN.items():
        assert library not in imported or folder in homes, f"{library} belongs to {sorted(homes)}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_one_idea(path: Path):
    assert path.name not in {"utils.py", "helpers.py", "common.py", "const.py", "misc.py"}
    assert len(path.read_text().splitlines()) <= 350


def test_modules_do_not_import_in_circles():
    graph = {module_name(path): modules_imported(path) for path in FILES}
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join((*trail, module))
        if module in done:
            return
        for other in sorted(graph.get(module, set()) & set(graph)):
            visit(other, (*trail, module))
        done.add(module)

    for module in sorted(graph):
        visit(module, ())


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules_imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names - {module_name(path)}


@pytest.mark.parametrize("light", ["tracking.tracker", "gallery.errors", "api.main"])
def test_light_modules_load_nothing_heavy(light: str):
    heavy = [
        "paddle",
        "faiss",
        "sqlalchemy",
        "onnxruntime",
        "openvino",
        "cv2",
        "av",
        "matplotlib",
        "fastapi",
        "jinja2",
        "pandas",
        "prometheus_client",
    ]
    code = f"import sys, {light}; print(*[name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.split() == []
