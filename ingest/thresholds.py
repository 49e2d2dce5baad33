"""How similar is similar: numbers that belong to one embedder."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Thresholds:
    """Where an embedder's similarities begin to mean "the same person".

    Chosen on people held out for choosing, never on those that scores are reported on. Similarities are cosines; within
    one camera the same person is far more similar than across cameras, so there is a number for each use.

    Attributes:
        operating_point: Least similarity of a sighting in another camera that counts as found.
        visit_similarity: Least similarity of two tracklets that may be fragments of one visit to one camera.
        max_cosine_distance: Largest distance (1 - cosine) at which a tracker takes a detection for a track's next.
    """

    operating_point: float
    visit_similarity: float
    max_cosine_distance: float
