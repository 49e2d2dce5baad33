"""What INT8 loses, method by method, on the people of ``choose``, calibrated on those of ``fit``.

    python -m benchmarks.exports_int8 [FILE.npz...] [--json]

Without a file it is OSNet x0.25 trained on MSMT17. Needs the project's shared data.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.exports import images_per_second
from benchmarks.osnet_msmt17 import read_osnet
from benchmarks.scenes import SHARED
from ingest.embedder import NetworkEmbedder
from ingest.library_output import nothing_printed
from ingest.thresholds import Thresholds
from training.agreement import runtimes_for
from training.calibration import calibration_images
from training.description import description, input_format
from training.export import write_onnx_form
from training.folding import fold
from training.held_out import embed_images
from training.network import ReidNetwork
from training.program import read_trace, traced
from training.quantise import quantise
from training.readers import read_training_sets
from training.samples import TrainingSet
from training.validation import score
from training.weights import load_network

WAYS = {
    "percentile 99.999, 7-bit weights (ours)": {},
    "percentile 99.99, 7-bit weights": {"percentile": 99.99},
    "all values, 7-bit weights": {"method": "minmax"},
    "entropy, 7-bit weights": {"method": "entropy"},
    "percentile 99.999, 8-bit weights": {"weight_bits": 8},
}


@dataclass(frozen=True)
class Row:
    """One file.

    Attributes:
        network: What is quantised.
        way: "fp32", or how.
        megabytes: Size of the file.
        mAP: On the people of ``choose``, by runtime.
        rank1: The same.
        speeds: Images a second on one thread, by runtime.
    """

    network: str
    way: str
    megabytes: float
    mAP: dict[str, float]  # noqa: N815
    rank1: dict[str, float]
    speeds: dict[str, float]


def measured(name: str, way: str, path: Path, network: ReidNetwork, held: TrainingSet) -> Row:
    described = description(name, network.settings, network.dimension, Thresholds(0, 0, 0), summary="", licence="")
    runtimes = runtimes_for(path, threads=1)
    found = {
        runtime: score(embed_images(NetworkEmbedder(described, loaded, sha256=""), held), held)
        for runtime, loaded in runtimes.items()
    }
    return Row(
        network=name,
        way=way,
        megabytes=path.stat().st_size / 1e6,
        mAP={runtime: value.mAP for runtime, value in found.items()},
        rank1={runtime: value.rank1 for runtime, value in found.items()},
        speeds=images_per_second(runtimes, 3.0),
    )


def rows_of(name: str, network: ReidNetwork, held: TrainingSet, calibration: TrainingSet) -> Iterator[Row]:
    images = calibration_images(calibration, input_format(network.settings))
    with tempfile.TemporaryDirectory() as place:
        whole, path = Path(place, "whole.onnx"), Path(place, "int8.onnx")
        with nothing_printed():
            write_onnx_form(whole, network, fold(read_trace(network, traced(network))))
        yield measured(name, "fp32", whole, network, held)
        for way, options in WAYS.items():
            quantise(whole, path, images, **options)
            yield measured(name, way, path, network, held)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE.npz", help="networks of ours")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    return table(options.files, as_json=options.json)


def table(files: list[Path], *, as_json: bool) -> int:
    home = SHARED / "data" / "reid-cuhk"
    if not home.is_dir():
        print(f"skipped: {home} is absent")
        return 0
    crops, people = [str(home / "bounding_box_train")], f"{home}/splits.json"
    held = read_training_sets(crops, people=[f"{people}:choose"])
    calibration = read_training_sets(crops, people=[f"{people}:fit"])
    networks = {path.stem: load_network(path) for path in files}
    if not files:
        networks["OSNet x0.25 MSMT17"] = read_osnet(SHARED / "data" / "models" / "osnet_x0_25_msmt17.onnx")
    rows = []
    if not as_json:
        print("| network | weights | MB | runtime | mAP | rank-1 | img/s |\n|---|---|---|---|---|---|---|")
    for name, network in networks.items():
        for row in rows_of(name, network, held, calibration):
            rows.append(row)
            for runtime in () if as_json else row.speeds:
                print(
                    f"| {name} | {row.way} | {row.megabytes:.2f} | {runtime} | {row.mAP[runtime]:.4f} | "
                    f"{row.rank1[runtime]:.4f} | {row.speeds[runtime]:.0f} |",
                    flush=True,
                )
    if as_json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
