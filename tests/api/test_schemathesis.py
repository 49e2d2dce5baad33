"""Made-up requests to every operation of the OpenAPI document: none fails the server, none gets an answer that is not documented.

Routes that are added later are tried by themselves; ``real`` has what their paths name. The requests are the same in each
run.
"""

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from api.query_service import QueryService
from api.server import create_app
from gallery.store import Gallery
from tests.api.evaluation_reports import write_reports
from tests.api.test_server import BEARER, TOKEN

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
openapi_checks = pytest.importorskip("schemathesis.specs.openapi.checks", reason="schemathesis is not installed")

CHECKS = (
    schemathesis.checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
)

EXAMPLES = 20
"""Of each operation, of requests that fit its schema, and as many of those that do not."""


@dataclass(frozen=True)
class Real:
    """What there is, which every other request is about.

    Attributes:
        paths: By the beginning of a path, what the names in it stand for.
        body: Values of fields of bodies.
    """

    paths: Mapping[str, Mapping[str, str]]
    body: Mapping[str, object]

    def put_into(self, case: object) -> None:
        """Puts it in the place of what was made up, and looks everywhere."""
        for start, values in self.paths.items():
            for name in set(case.path_parameters or {}) & set(values):
                if case.operation.path.startswith(start):
                    case.path_parameters[name] = values[name]
        if isinstance(case.body, dict):
            case.body.update({name: value for name, value in self.body.items() if name in case.body})
        for name in {"camera", "since", "until"} & set(case.query or {}):
            del case.query[name]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("schemathesis")
    write_reports(place / "gallery", place / "market")
    return place / "gallery" / "reports"


@pytest.fixture(scope="module")
def schema(ingested: Path, reports: Path) -> Iterator[object]:
    """The server in this process, with something behind most routes."""
    with Gallery.open(ingested) as gallery:
        app = create_app(QueryService(gallery, detector="hog", threads=1), TOKEN)
        app.state.reports.folder = reports
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # other people's deprecations
            yield schemathesis.openapi.from_asgi("/openapi.json", app, headers=BEARER)


@pytest.fixture(scope="module")
def real(ingested: Path, reports: Path, scene: Path) -> Real:
    """Routes that are added later may put theirs here."""
    with Gallery.open(ingested) as gallery:
        tracklet = gallery.tracklets()[0].id
    paths = {
        "/api/v1/tracklets/": {"tracklet_id": tracklet},
        "/api/v1/cameras/": {"name": "cam1"},
        "/api/v1/reports/": {"name": "weak", "picture": next((reports / "weak" / "crops").iterdir()).name},
    }
    photo = next((scene / "queries").glob("*_c1.jpg")).read_bytes()
    return Real(paths, {"tracklet": tracklet, "camera": "cam1", "image": photo})


def ask_made_up(operation: object, mode: str, real: Real) -> tuple[set[int], list[str]]:
    """Asks one operation; gives the statuses of the answers, and what is wrong with them."""
    seen: set[int] = set()

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=schemathesis.GenerationMode[mode]), is_real=st.booleans())
    def ask(case: object, is_real: bool) -> None:
        # Who may not ask is for other tests.
        others = {name: value for name, value in (case.headers or {}).items() if name.lower() != "authorization"}
        case.headers = {**others, **BEARER}
        if is_real:
            real.put_into(case)
        response = case.call()
        seen.add(response.status_code)
        case.validate_response(response, checks=list(CHECKS))

    try:
        ask()
    except Unsatisfiable:
        # Where nothing can be given, nothing can be wrong.
        return seen, [] if mode == "NEGATIVE" else [f"{operation.label}: no request fits its schema"]
    except (Exception, BaseExceptionGroup) as fault:  # noqa: BLE001 - all operations are tried, then all faults told
        told = fault.exceptions if isinstance(fault, BaseExceptionGroup) else [fault]
        return seen, [f"{operation.label}: {type(one).__name__}: {one}" for one in told]
    return seen, []


@pytest.mark.parametrize("mode", ["POSITIVE", "NEGATIVE"])
def test_no_answer_is_a_failure_or_a_surprise(schema, real, mode):
    operations = [result.ok() for result in schema.get_all_operations()]
    asked = {operation.label: ask_made_up(operation, mode, real) for operation in operations}
    faults = [fault for _, found in asked.values() for fault in found]
    assert not faults, "\n\n".join(faults)
    assert len(asked) >= 14
    if mode == "POSITIVE":
        never = [label for label, (seen, _) in asked.items() if min(seen) >= 400]
        assert never == [], "these never answered; put what they are about into `real`"
