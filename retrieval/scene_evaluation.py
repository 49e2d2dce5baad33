"""The whole path on a scene with known truth: ingest every camera, ask every query, score the answers."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from gallery.errors import GalleryError
from gallery.index import GalleryIndex
from gallery.rows import TrackletRow
from gallery.store import Gallery
from ingest.camera import IngestResult, ingest_camera
from ingest.detector import Detector
from ingest.effort import EFFORT, Effort
from ingest.embedder import Embedder
from ingest.pedestrian_tracker import Tracker
from ingest.source import open_source
from retrieval.mot_evaluation import evaluate_boxes
from retrieval.oracle import MIN_VISIBILITY, TrueBoxes, TrueTracks
from retrieval.query import PersonFinder, query_from_image
from retrieval.scene_scores import Judged, ReturnedSighting, SceneScores, judge, scene_scores
from retrieval.scene_truth import SceneQuery, SceneTruth
from retrieval.search import Answer, Filter, Search
from tracking.trajectory import Trajectory

Oracle = Literal["boxes", "tracks"]
OnCamera = Callable[[str, int, int | None], None]
"""Is told the camera, the frames done and their total."""

ALL = 1000
"""More sightings than any scene has: average precision needs the whole list."""


@dataclass(frozen=True, eq=False)
class AskedQuery:
    """One query of a scene.

    Attributes:
        query: What was asked.
        answer: What came back.
        judged: Which of its sightings are true.
    """

    query: SceneQuery
    answer: Answer
    judged: Judged


@dataclass(frozen=True, eq=False)
class SceneEvaluation:
    """What a scene gave.

    Attributes:
        scores: Over all queries.
        per_camera: MOTA and IDF1 of each camera, fractions.
        ingests: What the ingest of each camera gave.
        asked: Every query with its answer.
    """

    scores: SceneScores
    per_camera: dict[str, dict[str, float]]
    ingests: tuple[IngestResult, ...]
    asked: tuple[AskedQuery, ...]


@dataclass(frozen=True)
class SceneParts:
    """What is put to the test.

    Attributes:
        detector: Makes a fresh detector for a camera (background subtraction has a state of its own).
        embedder: For crops and queries.
        tracker: Makes a fresh tracker that sees that many frames a second, of a detector that is sure from that
            confidence on.
        finder: Finds the person in a query picture.
        effort: What may be left out.
    """

    detector: Callable[[], Detector]
    embedder: Embedder
    tracker: Callable[[float, float], Tracker]
    finder: PersonFinder
    effort: Effort = EFFORT


def evaluate_scene(
    truth: SceneTruth,
    folder: Path,
    parts: SceneParts,
    *,
    oracle: Oracle | None = None,
    rerank: bool = False,
    on_camera: OnCamera = lambda camera, done, total: None,
) -> SceneEvaluation:
    """Ingests a scene into a gallery and scores the answers to its queries.

    Args:
        truth: The scene.
        folder: Where the gallery is made; a scene ingested there before with the same parts is not ingested again.
        parts: What is put to the test.
        oracle: ``boxes`` takes true boxes in place of the detector, ``tracks`` true tracks in place of both.
        rerank: Ask with re-ranking.
        on_camera: Is told how far each camera is.

    Raises:
        GalleryError: If the gallery holds anything else, which would be scored with it.
        SourceError: If a video or a query cannot be read.
    """
    with Gallery.open(folder, create=True) as gallery:
        refuse_others(gallery, list(truth.videos))
        ingests = tuple(ingest_scene_camera(name, truth, gallery, parts, oracle, on_camera) for name in truth.videos)
        refuse_others(gallery, list(truth.videos))
        search = Search(gallery, GalleryIndex(gallery), parts.embedder.thresholds)
        trajectories = {row.id: gallery.tracklet(row.id).trajectory for row in gallery.tracklets()}
        asked = tuple(ask(query, truth, search, parts, trajectories, rerank=rerank) for query in truth.queries)
        per_camera = {
            name: camera_scores(name, truth, gallery.tracklets([name]), trajectories) for name in truth.videos
        }
    return SceneEvaluation(scene_scores([one.judged for one in asked]), per_camera, ingests, asked)


def refuse_others(gallery: Gallery, cameras: list[str]) -> None:
    """Refuses a gallery that holds other cameras, or more than one ingest of one.

    Raises:
        GalleryError: Naming the camera.
    """
    for row in gallery.cameras():
        if row.name not in cameras or len(gallery.ingests(row.name)) > 1:
            raise GalleryError(
                f"{gallery.folder} holds another ingest of camera {row.name}, which would be scored with the scene's: "
                "name a new folder by --data"
            )


def ingest_scene_camera(
    name: str, truth: SceneTruth, gallery: Gallery, parts: SceneParts, oracle: Oracle | None, on_camera: OnCamera
) -> IngestResult:
    """Ingests one camera with the parts, or with truth in place of some."""
    source = open_source(str(truth.videos[name]))
    detector: Detector = parts.detector() if oracle is None else TrueBoxes(truth.cameras[name])
    tracker = parts.tracker(parts.effort.searched_rate(source.rate), detector.identity.sure_confidence)
    if oracle == "tracks":
        tracker = TrueTracks(truth.cameras[name], [v for v in truth.visits if v.camera == name])
    return ingest_camera(
        name,
        source,
        gallery,
        detector,
        parts.embedder,
        tracker,
        lambda done, total: on_camera(name, done, total),
        effort=parts.effort,
    )


def ask(
    query: SceneQuery,
    truth: SceneTruth,
    search: Search,
    parts: SceneParts,
    trajectories: dict[str, Trajectory],
    *,
    rerank: bool,
) -> AskedQuery:
    """Asks one query, its own camera left out, and judges the answer."""
    cameras = tuple(name for name in truth.videos if name != query.camera)
    vectors = query_from_image(query.image, parts.embedder, parts.finder).vectors
    answer = search.find(vectors, Filter(cameras), top=ALL, rerank=rerank)
    returned = [
        ReturnedSighting(
            s.camera, tuple(trajectories[id_] for id_ in s.tracklets), s.similarity >= answer.operating_point
        )
        for s in answer.sightings
    ]
    return AskedQuery(query, answer, judge(returned, truth.visits_of(query), truth))


def camera_scores(
    name: str, truth: SceneTruth, rows: list[TrackletRow], trajectories: dict[str, Trajectory]
) -> dict[str, float]:
    """MOTA and IDF1 of one camera's tracklets; truth below visibility 0.25 is ignored."""
    tracks = [trajectories[row.id] for row in rows]
    camera = truth.cameras[name]
    result = evaluate_boxes(
        camera.frames,
        camera.people,
        camera.boxes,
        np.concatenate([t.frames + 1 for t in tracks] or [np.zeros(0, np.int64)]),
        np.concatenate([np.full(len(t), k + 1) for k, t in enumerate(tracks)] or [np.zeros(0, np.int64)]),
        np.concatenate([t.boxes for t in tracks] or [np.zeros((0, 4), np.float32)]),
        ignored=camera.visibility < MIN_VISIBILITY,
    )
    return {"MOTA": result.MOTA, "IDF1": result.IDF1}
