"""``passerby demo``: rendered cameras, the whole path, and how many of the true sightings were found."""

import shutil
from pathlib import Path

from api.demo_picture import draw_demo
from api.output import say
from api.progress import OnEvent
from api.scene_parts import scene_parts
from gallery.errors import ConfigError, GalleryError
from gallery.store import Gallery
from ingest.camera_job import CameraJob
from ingest.demo_scene import render_scene
from ingest.networks import Networks
from ingest.runner import LocalRunner
from retrieval.scene_evaluation import AskedQuery, SceneEvaluation, evaluate_scene
from retrieval.scene_truth import read_scene

NETWORKS = Networks("motion", "stripes")
"""Parts of the package itself: nothing is downloaded. Of passerby-small the thresholds are those of real people; the drawn
ones all look related to it (the demo's sightings then have precision 0.530 and recall 0.980, with stripes 0.979 and 0.959)."""

SHOWN = 6
"""Queries in the picture."""


def run_demo(out: Path, seed: int, threads: int, bars: OnEvent) -> tuple[SceneEvaluation, Path]:
    """Renders a scene, ingests its cameras side by side, asks about everybody, and draws the result.

    Args:
        out: Folder; an earlier demo in it is replaced.
        seed: Of the scene.
        threads: For everything.
        bars: Is told how far each camera is.

    Returns:
        The scores, and the picture's path.

    Raises:
        ConfigError: If the folder holds something that is not a demo.
    """
    clear(out)
    say(f"rendering cameras into {out / 'scene'}")
    render_scene(out / "scene", seed=seed)
    truth = read_scene(out / "scene")
    say("following people (detector motion, embedder stripes)")
    jobs = [CameraJob(name, ((str(video), None),)) for name, video in truth.videos.items()]
    for outcome in LocalRunner(out / "gallery", NETWORKS, threads).run(jobs, bars):
        if outcome.error:
            raise GalleryError(f"camera {outcome.camera}: {outcome.error}")
    parts = scene_parts(NETWORKS.detector, NETWORKS.embedder, threads, "cpu", "fp32", None)
    result = evaluate_scene(truth, out / "gallery", parts)
    picture = out / "picture.png"
    with Gallery.open(out / "gallery") as gallery:
        draw_demo(picture, truth, gallery, result.scores, shown_queries(result))
    return result, picture


def shown_queries(result: SceneEvaluation) -> list[AskedQuery]:
    """A few queries of different people, those with most true visits first."""
    first_of: dict[int, AskedQuery] = {}
    for one in sorted(result.asked, key=lambda one: (-one.judged.truths, one.query.person)):
        if one.judged.truths:
            first_of.setdefault(one.query.person, one)
    return list(first_of.values())[:SHOWN]


def clear(out: Path) -> None:
    """Removes an earlier demo; refuses to touch anything else."""
    if not out.exists():
        return
    strangers = sorted(path.name for path in out.iterdir() if path.name not in {"scene", "gallery", "picture.png"})
    if strangers:
        raise ConfigError(f"{out} holds {strangers[0]!r}, which is not of a demo; name an empty folder with --out")
    shutil.rmtree(out)
