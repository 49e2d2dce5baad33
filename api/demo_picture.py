"""The demo's result as one picture: the cameras, and for some people where they were and where they were found."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from api.contact_sheet import fitted
from gallery.store import Gallery
from ingest.frame import Image
from ingest.image import read_image
from ingest.source import open_source
from retrieval.scene_evaluation import AskedQuery
from retrieval.scene_scores import SceneScores
from retrieval.scene_truth import SceneQuery, SceneTruth
from retrieval.search import Sighting

INK, FAINT, TRUE, FALSE, TRUTH, RULE = "#1c2733", "#5d6975", "#1a7f4b", "#c0392b", "#d9dee3", "#e9ecef"
CAMERA_COLOURS = ("#2f6fb3", "#b3692f", "#6f4fb0", "#2f8f86", "#a8437b")


def draw_demo(path: Path, truth: SceneTruth, gallery: Gallery, scores: SceneScores, answered: list[AskedQuery]) -> None:
    """Draws the cameras with their tracks above, and one line of time for each answered query below.

    Args:
        path: PNG to write.
        truth: The scene.
        gallery: What was ingested.
        scores: Of the whole scene.
        answered: The queries to show.
    """
    cameras = list(truth.videos)
    figure = Figure(figsize=(13, 3.6 + 1.28 * len(answered)), dpi=110, facecolor="white")
    FigureCanvasAgg(figure)
    heights = [2.6, *[1.28] * len(answered)]
    outer = figure.add_gridspec(
        len(heights), 1, height_ratios=heights, left=0.02, right=0.985, top=1 - 0.82 / figure.get_figheight(),
        bottom=0.45 / figure.get_figheight(), hspace=0.24,
    )  # fmt: skip
    headline(figure, scores, len(cameras))
    row = outer[0].subgridspec(1, len(cameras), wspace=0.03)
    for k, camera in enumerate(cameras):
        draw_camera(figure.add_subplot(row[k]), truth, gallery, camera, CAMERA_COLOURS[k % len(CAMERA_COLOURS)])
    fps = open_source(str(truth.videos[cameras[0]])).rate
    seconds = max(int(camera.frames.max()) for camera in truth.cameras.values()) / fps
    for k, one in enumerate(answered):
        cells = outer[k + 1].subgridspec(1, 2, width_ratios=[0.06, 0.94], wspace=0.06)
        draw_query(figure.add_subplot(cells[0]), one.query)
        ax = figure.add_subplot(cells[1])
        draw_timeline(ax, one, truth, fps, seconds, last=k == len(answered) - 1)
    figure.savefig(path)


def headline(figure: Figure, scores: SceneScores, cameras: int) -> None:
    """What was asked, and how well it was answered."""
    height = figure.get_figheight()
    title = f"{scores.queries} questions to {cameras} cameras: where else was this person?"
    figure.text(0.02, 1 - 0.30 / height, title, size=16, weight="bold", color=INK, va="center")
    line = (
        f"sightings: precision {scores.sighting_precision:.2f}, recall {scores.sighting_recall:.2f}     "
        f"first sighting right: {scores.rank1:.2f}     mAP {scores.mAP:.2f}     "
        f"“not in this footage” right: {scores.not_found_correct:.2f} of {scores.absent_queries}"
    )
    figure.text(0.02, 1 - 0.62 / height, line, size=10.5, color=FAINT, va="center")


def draw_camera(ax: Axes, truth: SceneTruth, gallery: Gallery, camera: str, colour: str) -> None:
    """A busy frame of one camera with the boxes of its tracklets."""
    tracks = [(row.id, gallery.tracklet(row.id).trajectory) for row in gallery.tracklets([camera])]
    every = np.concatenate([trajectory.frames for _, trajectory in tracks] or [np.zeros(1, np.int64)])
    busiest = int(np.bincount(every).argmax())
    ax.imshow(frame_of(truth.videos[camera], busiest)[:, :, ::-1])
    for id_, trajectory in tracks:
        at = np.flatnonzero(trajectory.frames == busiest)
        if len(at):
            x1, y1, x2, y2 = trajectory.boxes[at[0]].tolist()
            ax.add_patch(Rectangle((x1, y1), x2 - x1, y2 - y1, fill=False, edgecolor=colour, linewidth=2))
            label = str(int(id_.rpartition("-")[2]))
            ax.text(
                x1, y1 - 3, label, size=8, color="white", va="bottom", bbox={"facecolor": colour, "pad": 1.5, "lw": 0}
            )
    ax.set_title(f"{camera}   {len(tracks)} tracklets", size=10, weight="bold", color=colour, loc="left", pad=4)
    ax.set_axis_off()


def frame_of(video: Path, index: int) -> Image:
    """One frame of a video, BGR."""
    for frame in open_source(str(video)).frames(index):
        return frame.image
    raise ValueError(f"{video} has no frame {index}")


def draw_query(ax: Axes, query: SceneQuery) -> None:
    """The picture that was asked with."""
    ax.imshow(fitted(read_image(query.image), 96, 160)[:, :, ::-1])
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_xlabel(f"seen by {query.camera}", size=8, color=INK, labelpad=3)
    for spine in ax.spines.values():
        spine.set_color(INK)
        spine.set_linewidth(1.6)


def draw_timeline(ax: Axes, one: AskedQuery, truth: SceneTruth, fps: float, seconds: float, *, last: bool) -> None:
    """Grey bars where the person was; crops and bars on them where the search found them."""
    others = [camera for camera in truth.videos if camera != one.query.camera]
    for k, camera in enumerate(others):
        ax.axhline(k, color=RULE, linewidth=14, solid_capstyle="butt", zorder=0)
        for visit in truth.visits_of(one.query):
            if visit.camera == camera:
                span = (visit.last_frame - visit.first_frame + 1) / fps
                ax.barh(k, span, left=(visit.first_frame - 1) / fps, height=0.62, color="#b9c2ca", zorder=1)
    for sighting, hit, above in zip(one.answer.sightings, one.judged.hits, one.judged.above, strict=True):
        if above:
            draw_sighting(ax, sighting, others.index(sighting.camera), seconds, TRUE if hit else FALSE)
    ax.set_xlim(0, seconds)
    ax.set_ylim(len(others) - 0.5, -0.5)
    ax.set_yticks(range(len(others)), others, size=9, color=INK)
    ax.tick_params(length=0, labelsize=8.5, colors=FAINT)
    for spine in ax.spines.values():
        spine.set_visible(False)
    if last:
        ax.set_xlabel("seconds     grey: where the person was   green: found   red: somebody else", size=9, color=FAINT)
    else:
        ax.set_xticklabels([])


def draw_sighting(ax: Axes, sighting: Sighting, line: int, seconds: float, colour: str) -> None:
    """A found visit: its span, its best crop beside it, its similarity."""
    start, end = sighting.start_seconds, sighting.end_seconds
    ax.barh(line, max(end - start, seconds / 400), left=start, height=0.34, color=colour, zorder=2)
    ax.text(end + seconds * 0.006, line, f"{sighting.similarity:.2f}", size=8, color=colour, va="center", zorder=3)
    if sighting.crop is not None:
        picture = fitted(read_image(sighting.crop), 40, 80)
        width = seconds * 0.016
        left = max(0.0, start - width * 1.15)
        ax.imshow(picture[:, :, ::-1], extent=(left, left + width, line + 0.49, line - 0.49), aspect="auto", zorder=3)
