"""What can be set about following people, beside what the camera and the embedder decide."""

from dataclasses import dataclass, fields, replace

from tracking.settings import TrackerSettings


@dataclass(frozen=True)
class TrackerOptions:
    """Settings of the tracker that somebody chose; None leaves the default.

    Each field is one of ``TrackerSettings`` and has its name, so an option more is a line here.

    Attributes:
        max_cosine_distance: Largest cosine distance, 0-2, at which a detection looks like a track.
        nn_budget: Features kept per track; 0 keeps all.
        max_iou_distance: Largest 1 - IoU, 0-1, at which a detection lies where a track is.
        max_age: Frames a confirmed track may be unseen before it ends, at least 1.
        n_init: Detections in a row that confirm a track, at least 1.
    """

    max_cosine_distance: float | None = None
    nn_budget: int | None = None
    max_iou_distance: float | None = None
    max_age: int | None = None
    n_init: int | None = None

    def over(self, defaults: TrackerSettings) -> TrackerSettings:
        """The defaults, with what was chosen in their place.

        Raises:
            ValueError: If a chosen setting is out of its range.

        >>> chosen = TrackerOptions(max_age=10, nn_budget=0).over(TrackerSettings(max_age=75))
        >>> chosen.max_age, chosen.n_init, chosen.nn_budget
        (10, 3, None)
        """
        chosen = {field.name: value for field in fields(self) if (value := getattr(self, field.name)) is not None}
        if self.nn_budget == 0:
            chosen["nn_budget"] = None
        return replace(defaults, **chosen)


LOW_CONFIDENCE = 0.1
"""From here on a network's box may go on with a track that is there: ByteTrack's own limit (arXiv 2110.06864)."""

DEFAULT_OPTIONS = TrackerOptions()
