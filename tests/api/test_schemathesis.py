"""Made-up requests to every operation of the OpenAPI document: none fails the server, none gets an answer that is not documented.

Routes that are added later are tried by themselves; ``real`` has what their paths name. The requests are the same in each
run.
"""

import secrets
import shutil
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from api.job_requests import job_folder
from api.query_service import QueryService
from api.server import create_app
from gallery.feeds import FeedTable
from gallery.jobs import JobTable
from gallery.questions import Part, Questions
from gallery.store import Gallery
from gallery.tokens import TokenTable
from gallery.uploads import UploadTable
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


TRIED_ELSEWHERE = frozenset({"POST /api/v1/uploads", "DELETE /api/v1/jobs/{job_id}"})
"""What no made-up request can do: send a video, and cancel a job that is over."""


@dataclass(frozen=True)
class Real:
    """What there is, which every other request is about.

    Attributes:
        paths: By the beginning of a path, what the names in it stand for.
        body: By the beginning of a path, values of fields of bodies.
    """

    paths: Mapping[str, Mapping[str, str]]
    body: Mapping[str, Mapping[str, object]]

    def put_into(self, case: object) -> None:
        """Puts it in the place of what was made up, and looks everywhere."""
        for start, values in self.paths.items():
            for name in set(case.path_parameters or {}) & set(values):
                if case.operation.path.startswith(start):
                    case.path_parameters[name] = values[name]
        for start, values in self.body.items():
            if case.operation.path.startswith(start) and isinstance(case.body, dict):
                case.body.update({name: value for name, value in values.items() if name in case.body})
        for name in {"camera", "since", "until"} & set(case.query or {}):
            del case.query[name]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("schemathesis")
    write_reports(place / "gallery", place / "market")
    return place / "gallery" / "reports"


@pytest.fixture(scope="module")
def gallery(ingested: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """One of our own: what can be erased is erased."""
    with Gallery.open(Path(shutil.copytree(ingested, tmp_path_factory.mktemp("made-up") / "gallery"))) as own:
        yield own


@pytest.fixture(scope="module")
def schema(gallery: Gallery, reports: Path) -> Iterator[object]:
    """The server in this process, with something behind most routes."""
    app = create_app(QueryService(gallery, detector="hog", threads=1), TOKEN)
    app.state.reports.folder = reports
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # other people's deprecations
        yield schemathesis.openapi.from_asgi("/openapi.json", app, headers=BEARER)


def kept_upload(uploads: UploadTable) -> str:
    part = uploads.new_path()
    part.write_bytes(b"a video")
    return uploads.add(part, "a.mp4", ".video", {"width": 64, "height": 48, "rate": 25.0, "seconds": 1.0}).id


@pytest.fixture
def real(gallery: Gallery, reports: Path, scene: Path) -> Real:
    """Routes that are added later may put theirs here."""
    name = secrets.token_hex(4)
    TokenTable(gallery.database).add(name, name, "viewer")
    uploads, jobs = UploadTable(gallery.database, gallery.folder), JobTable(gallery.database)
    upload, tracked = (kept_upload(uploads) for _ in range(2))
    job = jobs.add("track", "Track a.mp4", {"kind": "track", "upload": "x"}, "anna").id
    jobs.finish(job, "done")
    job_folder(gallery.folder, job).mkdir(parents=True)
    (job_folder(gallery.folder, job) / "tracks.txt").write_text("1,1,0,0,9,20,1,-1,-1,-1\n")
    feeds = FeedTable(gallery.database)
    feeds.remove("cam1")
    feeds.add("cam1", str(scene / "cam1.mp4"), {})
    tracklet = gallery.tracklets(["cam2"])[0].id
    stored = gallery.tracklet(tracklet)
    asked = Part(stored.vectors, stored.crops[0].jpeg(), {"taken": "x", "box": None, "people": (), "tracklets": ()})
    query = Questions(gallery.database).add(gallery.embedder, [asked])
    paths = {
        "/api/v1/tracklets/": {"tracklet_id": tracklet},
        "/api/v1/cameras/": {"name": "cam1"},
        "/api/v1/reports/": {"name": "weak", "picture": next((reports / "weak" / "crops").iterdir()).name},
        "/api/v1/tokens/": {"name": name},
        "/api/v1/uploads/": {"upload_id": upload},
        "/api/v1/jobs/": {"job_id": job, "name": "tracks.txt"},
        "/api/v1/queries/": {"query_id": query},
    }
    photo = next((scene / "queries").glob("*_c1.jpg")).read_bytes()
    bodies = {
        "/api/v1/queries": {"tracklet": tracklet, "camera": "cam2", "image": photo, "query": query, "part": 0},
        "/api/v1/jobs": {"upload": tracked},
        "/api/v1/cameras": {"source": str(scene / "cam1.mp4"), "upload": None},
    }
    return Real(paths, bodies)


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
    operations.sort(key=lambda operation: operation.method.upper() == "DELETE")  # what is gone can be asked for no more
    asked = {operation.label: ask_made_up(operation, mode, real) for operation in operations}
    faults = [fault for _, found in asked.values() for fault in found]
    assert not faults, "\n\n".join(faults)
    assert len(asked) >= 14
    if mode == "POSITIVE":
        never = [label for label, (seen, _) in asked.items() if min(seen) >= 400 and label not in TRIED_ELSEWHERE]
        assert never == [], "these never answered; put what they are about into `real`"
