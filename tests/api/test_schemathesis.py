"""Made-up requests to every operation of the OpenAPI document: none fails the server, none gets an answer that is not documented.

Routes that are added later are tried by themselves; ``real`` has what their paths name. The requests are the same in each
run.
"""

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
from api.messages import Filters
from api.query_service import QueryService
from api.question import TrackletQuestion
from api.server import create_app
from gallery.feeds import FeedTable
from gallery.jobs import JobTable
from gallery.store import Gallery
from gallery.tokens import TokenTable
from gallery.uploads import UploadTable
from tests.api.evaluation_reports import write_reports
from tests.api.test_server import BEARER, TOKEN
from tests.ingest.videos import noise, write_video

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
        removed: The same of what is to be removed.
        body: Values of fields of bodies.
    """

    paths: Mapping[str, Mapping[str, str]]
    removed: Mapping[str, Mapping[str, str]]
    body: Mapping[str, object]

    def put_into(self, case: object) -> None:
        """Puts it in the place of what was made up, and looks everywhere."""
        there = self.removed if case.operation.method.upper() == "DELETE" else self.paths
        values = next((found for start, found in there.items() if case.operation.path.startswith(start)), {})
        for name in set(case.path_parameters or {}) & set(values):
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
def app(pristine: Path, reports: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """The server in this process, with something behind every route; no job of it runs."""
    folder = Path(shutil.copytree(pristine, tmp_path_factory.mktemp("made-up") / "gallery"))
    with Gallery.open(folder) as gallery:
        app = create_app(QueryService(gallery, detector="hog", threads=1), TOKEN)
        app.state.reports.folder = reports
        yield app


@pytest.fixture(scope="module")
def schema(app: object) -> Iterator[object]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # other people's deprecations
        yield schemathesis.openapi.from_asgi("/openapi.json", app, headers=BEARER)


@pytest.fixture(scope="module")
def real(app, reports: Path, scene: Path, tmp_path_factory: pytest.TempPathFactory) -> Real:
    """Routes that are added later may put theirs here."""
    gallery = app.state.service.gallery
    tracklet, _, gone = (row.id for row in gallery.tracklets(["cam1"])[:3])
    photo = next((scene / "queries").glob("*_c1.jpg")).read_bytes()
    video = write_video(tmp_path_factory.mktemp("sent") / "a.mp4", [noise(k) for k in range(3)]).read_bytes()
    for camera in ("cam1", "gone"):
        FeedTable(gallery.database).add(camera, "/videos/door.mp4", {})
    question, forgotten = (
        app.state.asking.ask([TrackletQuestion(tracklet=tracklet)], Filters(), "owner").id for _ in range(2)
    )
    table = JobTable(gallery.database)
    done, waiting = (table.add("track", "Track a.mp4", {}, "owner").id for _ in range(2))
    table.begin(done)
    table.finish(done, "done", {})
    job_folder(gallery.folder, done).mkdir(parents=True)
    (job_folder(gallery.folder, done) / "tracks.txt").write_text("1,1,0,0,9,9,1,-1,-1,-1\n")
    uploads = UploadTable(gallery.database, gallery.folder)
    kept, removed = (sent(uploads, video) for _ in range(2))
    TokenTable(gallery.database).add("anna", "anna-token", "viewer")
    paths = {
        "/api/v1/tracklets/": {"tracklet_id": tracklet},
        "/api/v1/cameras/": {"name": "cam1"},
        "/api/v1/reports/": {"name": "weak", "picture": next((reports / "weak" / "crops").iterdir()).name},
        "/api/v1/queries/": {"query_id": question},
        "/api/v1/jobs/": {"job_id": done, "name": "tracks.txt"},
    }
    gone_with_them = {
        "/api/v1/tracklets/": {"tracklet_id": gone},
        "/api/v1/cameras/": {"name": "gone"},
        "/api/v1/queries/": {"query_id": forgotten},
        "/api/v1/jobs/{job_id}/files": {"job_id": done},
        "/api/v1/jobs/": {"job_id": waiting},
        "/api/v1/uploads/": {"upload_id": removed},
        "/api/v1/tokens/": {"name": "anna"},
    }
    body = {"tracklet": tracklet, "camera": "cam2", "image": photo, "video": video, "upload": kept}
    return Real(paths, gone_with_them, body)


def sent(uploads: UploadTable, video: bytes) -> str:
    part = uploads.new_path()
    part.write_bytes(video)
    return uploads.add(part, "a.mp4", ".video", {"width": 64, "height": 48, "rate": 25.0, "seconds": 0.1}).id


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
