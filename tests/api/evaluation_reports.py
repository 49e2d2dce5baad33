"""A gallery's folder with evaluation reports in it: two on one made-up folder of people, and one on a scene."""

from datetime import UTC, datetime
from pathlib import Path

from api.market_record import market_record
from api.market_report import write_report
from api.scene_report import scene_record, write_scene_report
from retrieval.market_findings import market_findings
from retrieval.rerank import Reranking
from tests.retrieval.made_up_market import made_up_market

SCENE_SCORES: dict[str, object] = {
    "queries": 12, "rank1": 0.75, "mAP": 0.7, "sighting_precision": 0.9, "sighting_recall": 0.8, "sighting_f1": 0.847,
    "not_found_correct": 1.0, "absent_queries": 2, "per_camera": {"cam1": {"MOTA": 0.9, "IDF1": 0.95}},
}  # fmt: skip
SCENE_SETTINGS: dict[str, object] = {
    "source": Path("/scenes/yard"), "detector": "motion", "embedder": {"name": "stripes", "sha256": "ab" * 32, "dimension": 9},
    "oracle": None, "rerank": False, "precision": "fp32", "device": "cpu",
}  # fmt: skip


def write_reports(gallery: Path, market: Path) -> None:
    """Writes them into ``gallery/reports``: ``weak``, then ``strong``, then ``yard``."""
    for day, (name, noise, rerank) in enumerate((("weak", 1.6, Reranking(k1=4, k2=2)), ("strong", 0.9, None)), start=1):
        findings = market_findings(made_up_market(market, noise=noise, seed=2, rerank=rerank))
        made = datetime(2024, 5, day, 8, tzinfo=UTC)
        write_report(gallery / "reports" / name, findings, market_record(findings, made=made), made=made)
    made = datetime(2024, 5, 3, 8, tzinfo=UTC)
    write_scene_report(gallery / "reports" / "yard", scene_record(SCENE_SCORES, SCENE_SETTINGS, made=made))
