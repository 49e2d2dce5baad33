"""Detectors and embedders by name: built-in, of the catalogue, or a network file."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from gallery.errors import ModelError
from gallery.tracklet import EmbedderIdentity
from ingest.catalogue import Installed, find, identify, installed
from ingest.detector import Detector
from ingest.embedder import Embedder, NetworkEmbedder
from ingest.network_detector import NetworkDetector
from ingest.paddle_detector import PaddleDetector
from ingest.runtime import Device, Precision
from ingest.runtimes import SUFFIXES, is_installed, open_runtime, runs_on
from ingest.sidecar import Kind
from ingest.ssd import SsdDetector
from ingest.thresholds import Thresholds
from ingest.yolox import YoloxDetector

AUTO_DETECTORS = ("person-detection-retail-0013", "yolox_nano", "picodet_xs_320", "motion")
"""What "auto" takes the first installed of, best first: by recall of people in scenes with known truth.

PicoDet-XS finds more than YOLOX-Nano in composed scenes, but less and with more false boxes on real video, at more than
twice the cost (``benchmarks/detectors.py``), so it comes after it.
"""

AUTO_STILL_DETECTORS = ("person-detection-retail-0013", "yolox_nano", "picodet_xs_320", "hog")
"""The same for single pictures, where nothing moves."""

AUTO_EMBEDDERS = (
    "person-reidentification-retail-0277",
    "person-reidentification-retail-0286",
    "person-reidentification-retail-0287",
    "person-reidentification-retail-0288",
    "osnet_x0_25_msmt17",
    "passerby-small",
)
"""What "auto" takes the first installed of; the last is part of the package."""

BUILT_IN: dict[Kind, tuple[str, ...]] = {"detector": ("hog", "motion"), "embedder": ("stripes",)}
"""Those that need no file."""

_DETECTOR_BATCH: dict[Device, int] = {"cpu": 1, "cuda": 8, "tensorrt": 8}
"""Images per run. Two cores do 62 single images a second with person-detection-retail-0013, 51 in batches of 4."""

_EMBEDDER_BATCH: dict[Device, int] = {"cpu": 4, "cuda": 32, "tensorrt": 32}
"""Crops per run. Two cores do 88 a second with person-reidentification-retail-0277 in batches of 4, 82 in 16, 74 in 32;
and what fills up the last batch of a few crops is wasted."""

_DECODERS: dict[str, type[NetworkDetector]] = {
    "yolox": YoloxDetector,
    "ssd": SsdDetector,
    "paddledetection": PaddleDetector,
}


class _Limits(TypedDict, total=False):
    """What is left out of a detector's answers; what is not given is the detector's own default."""

    min_confidence: float
    min_height_px: float


def load_detector(
    name: str = "auto",
    *,
    threads: int | None = None,
    device: Device = "cpu",
    precision: Precision = "fp32",
    min_confidence: float | None = None,
    low_confidence: float | None = None,
    min_height_px: float | None = None,
) -> Detector:
    """Loads a detector; its ``identity`` says which one it is.

    Args:
        name: "auto" (the first installed of ``AUTO_DETECTORS``), "hog", "motion", a name of the catalogue or of an
            added network, or the path of a network file or of its folder.
        threads: Most threads a network may use; all cores by default.
        device: Where a network runs; the built-in detectors have no use for it.
        precision: What a network computes in.
        min_confidence: Boxes below it are left out; by default what the detector's description says.
        low_confidence: A network's boxes from this one on are given all the same, for trackers (see
            ``DetectorIdentity.sure_confidence``); None gives none. The built-in detectors have none.
        min_height_px: Boxes lower than this in the picture are left out; by default what the detector likes.

    Raises:
        ModelError: If it is unknown, not installed, damaged, no detector, or cannot run as asked.
    """
    chosen = _choose(name, "detector", AUTO_DETECTORS, device)
    limits = _limits(min_confidence, min_height_px)
    if isinstance(chosen, str):
        return _built_in_detector(chosen, limits)
    sha256 = chosen.fingerprint()
    batch = 1 if chosen.network.decoding == "paddledetection" else _DETECTOR_BATCH[device]
    runtime = open_runtime(chosen.path, batch=batch, threads=threads, device=device, precision=precision)
    decoder = _DECODERS[chosen.network.decoding]
    return decoder(chosen.network, runtime, sha256=sha256, precision=precision, low_confidence=low_confidence, **limits)


def load_embedder(
    name: str = "auto",
    *,
    threads: int | None = None,
    device: Device = "cpu",
    precision: Precision = "fp32",
    batch: int | None = None,
) -> Embedder:
    """Loads an embedder; its ``identity`` says which one it is.

    Args:
        name: "auto" (the first installed of ``AUTO_EMBEDDERS``), "stripes", a name of the package's networks, of the
            catalogue or of an added network, or the path of a network file or of its folder.
        threads: Most threads a network may use; all cores by default.
        device: Where a network runs; "stripes" has no use for it.
        precision: What a network computes in.
        batch: Crops per run; by default what is fastest where many crops come together.

    Raises:
        ModelError: If it is unknown, not installed, damaged, no embedder, or cannot run as asked.
    """
    chosen = _choose(name, "embedder", AUTO_EMBEDDERS, device)
    if isinstance(chosen, str):
        from ingest.stripes import StripesEmbedder

        return StripesEmbedder()
    sha256 = chosen.fingerprint()
    size = _EMBEDDER_BATCH[device] if batch is None else batch
    runtime = open_runtime(chosen.path, batch=size, threads=threads, device=device, precision=precision)
    return NetworkEmbedder(chosen.network, runtime, sha256=sha256)


def load_still_detector(name: str = "auto", *, threads: int | None = None, device: Device = "cpu") -> Detector:
    """Loads a detector for a single picture, in which nothing moves.

    Args:
        name: As for ``load_detector``; "motion" and "auto" mean the first installed of ``AUTO_STILL_DETECTORS``.
        threads: Most threads a network may use; all cores by default.
        device: Where a network runs.

    Raises:
        ModelError: As ``load_detector``.
    """
    if name in ("auto", "motion"):
        name = _resolved("auto", _first_of(AUTO_STILL_DETECTORS, "detector", device))
    return load_detector(name, threads=threads, device=device)


def load_gallery_embedder(
    identity: EmbedderIdentity,
    *,
    threads: int | None = None,
    device: Device = "cpu",
    precision: Precision = "fp32",
) -> Embedder:
    """Loads the very embedder that a gallery's vectors are from.

    Raises:
        ModelError: As ``load_embedder``, and if what is installed by that name gives other vectors.
    """
    embedder = load_embedder(identity.name, threads=threads, device=device, precision=precision)
    if embedder.identity != identity:
        raise ModelError(
            f"the gallery was made with another version of {identity.name} (SHA-256 {identity.sha256[:16]}..., "
            f"here {embedder.identity.sha256[:16]}...); install that one, or ingest again"
        )
    return embedder


def embedder_thresholds(name: str) -> Thresholds:
    """How similar is similar for an embedder, known without loading its network.

    Raises:
        ModelError: If it is unknown, not installed, or no embedder.
    """
    chosen = _choose(name, "embedder", AUTO_EMBEDDERS, "cpu")
    if isinstance(chosen, str):
        from ingest.stripes import THRESHOLDS

        return THRESHOLDS
    if chosen.network.thresholds is None:
        raise ModelError(f"{name} has no thresholds, so it is no embedder; mend its description")
    return chosen.network.thresholds


def resolve_detector(name: str, device: Device = "cpu") -> str:
    """The name of the detector that ``load_detector`` would take: what "auto" means here and now.

    Raises:
        ModelError: If it is unknown, not installed, or no detector.
    """
    return _resolved(name, _choose(name, "detector", AUTO_DETECTORS, device))


def resolve_embedder(name: str, device: Device = "cpu") -> str:
    """The name of the embedder that ``load_embedder`` would take: what "auto" means here and now.

    Raises:
        ModelError: If it is unknown, not installed, or no embedder.
    """
    return _resolved(name, _choose(name, "embedder", AUTO_EMBEDDERS, device))


def _resolved(name: str, chosen: str | Installed) -> str:
    if name != "auto":
        return name
    return chosen if isinstance(chosen, str) else chosen.network.name


def _choose(name: str, kind: Kind, order: Sequence[str], device: Device) -> str | Installed:
    """A built-in by its name, or an installed network."""
    if name == "auto":
        return _first_of(order, kind, device)
    if name in BUILT_IN[kind]:
        return name
    chosen = identify(Path(name)) if _is_path(name) else find(name)
    if chosen.network.kind != kind:
        raise ModelError(f"'{name}' is not of the kind {kind}; `passerby models list` shows the kind of each")
    return chosen


def _first_of(order: Sequence[str], kind: Kind, device: Device) -> str | Installed:
    there = {model.network.name: model for model in installed() if _runs_here(model, device)}
    first = next((name for name in order if name in there or name in BUILT_IN[kind]), None)
    if first is None:
        raise ModelError(f"no {kind} that is installed runs on the device {device}; name one that does")
    return there.get(first, first)


def _runs_here(model: Installed, device: Device) -> bool:
    return is_installed(model.path.suffix) and runs_on(model.path.suffix, device)


def _is_path(name: str) -> bool:
    return os.sep in name or Path(name).suffix in SUFFIXES or name in (os.curdir, os.pardir)


def _limits(min_confidence: float | None, min_height_px: float | None) -> _Limits:
    limits = _Limits()
    if min_confidence is not None:
        limits["min_confidence"] = min_confidence
    if min_height_px is not None:
        limits["min_height_px"] = min_height_px
    return limits


def _built_in_detector(name: str, limits: _Limits) -> Detector:
    if name == "hog":
        from ingest.hog import HogDetector

        return HogDetector(**limits)
    from ingest.motion import MotionDetector

    return MotionDetector(**limits)
