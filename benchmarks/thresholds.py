"""Thresholds that ``passerby export`` would measure for public embedders, beside those of the catalogue.

    python -m benchmarks.thresholds [NAME...]

The catalogue's were chosen by composed scenes of the people in ``choose``; measured are those of the crops of ``choose`` and
of ``calibrate``. Needs the project's shared data.
"""

import os
import sys

from benchmarks.scenes import SHARED

NAMES = ("person-reidentification-retail-0277", "person-reidentification-retail-0288", "osnet_x0_25_msmt17")


def main() -> None:
    home = SHARED / "data" / "reid-cuhk"
    if not home.is_dir():
        print(f"skipped: {home} is absent")
        return
    os.environ.setdefault("PASSERBY_MODELS", str(SHARED / "data" / "models"))
    from ingest.models import load_embedder
    from training.held_out import GivenThresholds, measure
    from training.readers import read_training_sets

    print("| embedder | chosen by | operating point | visit similarity | max cosine distance |\n|---|---|---|---|---|")
    for name in sys.argv[1:] or NAMES:
        embedder = load_embedder(name)
        rows = {"the catalogue": embedder.thresholds}
        for part in ("choose", "calibrate"):
            held = read_training_sets([str(home / "bounding_box_train")], people=[f"{home}/splits.json:{part}"])
            rows[f"crops of `{part}`"] = measure(embedder, held, GivenThresholds()).thresholds
        for origin, found in rows.items():
            numbers = (found.operating_point, found.visit_similarity, found.max_cosine_distance)
            print(f"| {name} | {origin} | {' | '.join(f'{number:.3f}' for number in numbers)} |", flush=True)


if __name__ == "__main__":
    main()
