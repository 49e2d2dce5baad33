"""The parts that a scene's evaluation puts to the test, from the names on the command line."""

from api.output import say
from ingest.effort import EFFORT
from ingest.models import load_detector, load_embedder, load_still_detector, resolve_detector
from ingest.pedestrian_tracker import pedestrian_tracker
from ingest.runtime import Device, Precision
from ingest.tracker_options import LOW_CONFIDENCE
from retrieval.scene_evaluation import SceneParts


def scene_parts(
    detector: str, embedder: str, threads: int, device: Device, precision: Precision, confidence: float | None
) -> SceneParts:
    """Loads the embedder now, and a detector for each camera when its turn comes."""
    name = resolve_detector(detector)
    vectors = load_embedder(
        embedder, threads=threads, device=device, precision=precision, batch=EFFORT.embedder_batch(device)
    )
    say(f"detector {name}, embedder {vectors.identity.name}")
    return SceneParts(
        detector=lambda: load_detector(
            name,
            threads=threads,
            device=device,
            precision=precision,
            min_confidence=confidence,
            low_confidence=LOW_CONFIDENCE,
        ),
        embedder=vectors,
        tracker=lambda rate, sure: pedestrian_tracker(vectors.thresholds, rate, sure_confidence=sure),
        finder=lambda: load_still_detector(name, threads=threads, device=device),
    )
