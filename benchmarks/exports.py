"""Every backbone exported: how far its files' embeddings are from the training network's, and how fast they are.

    python -m benchmarks.exports [NAME...] [--seconds S] [--json]

Each backbone is exported twice with random weights: ``plain`` (average pooling, the backbone's channels, no neck, last
stride 1) and ``rich`` (GeM, embedding 256, BNNeck, last stride 2, IBN, non-local blocks, ReLU, unpadded pooling: all that
the backbone can have).
Differences are the larger ones of the two, over the embedding's largest number; the goal is 1e-4. Speeds are of ``plain``
at 256x128 on one thread, the three runtimes in turn, medians of batches of 4.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ingest.library_output import nothing_printed
from ingest.paddle_library import nn, paddle
from ingest.runtime import Runtime
from training.agreement import drawn_crops, largest_difference, runtime_embeddings, runtimes_for, trained_embeddings
from training.backbones import build_backbone
from training.description import input_format
from training.export import LARGEST_DIFFERENCE, write_onnx_form, write_paddle
from training.folding import fold
from training.network import ReidNetwork, build_network
from training.network_settings import (
    BACKBONES,
    OSNETS,
    WITH_IBN,
    WITH_MAX_POOLING,
    WITH_NON_LOCAL,
    NetworkSettings,
)
from training.program import read_trace, traced
from training.residual_block import Bottleneck

RUNTIMES = ("Paddle Inference", "onnxruntime", "OpenVINO")


@dataclass(frozen=True)
class Row:
    """One backbone.

    Attributes:
        backbone: Its name.
        parameters: Million numbers in it.
        paddle_mb: Size of ``plain`` for Paddle Inference.
        onnx_mb: In ONNX.
        half_mb: In ONNX with weights in fp16.
        differences: The largest from the training network, by runtime.
        half_difference: The largest in any runtime with weights in fp16.
        speeds: Images a second, by runtime.
    """

    backbone: str
    parameters: float
    paddle_mb: float
    onnx_mb: float
    half_mb: float
    differences: dict[str, float]
    half_difference: float
    speeds: dict[str, float]


def plain(name: str) -> NetworkSettings:
    return NetworkSettings(name, bnneck=False)


def rich(name: str) -> NetworkSettings:
    return NetworkSettings(
        name,
        embedding=256,
        pooling="gem",
        bnneck=True,
        last_stride=1 if name in OSNETS else 2,
        ibn=name in WITH_IBN,
        non_local=name in WITH_NON_LOCAL,
        relu=True,
        unpadded_pool=name in WITH_MAX_POOLING,
    )


def network_of(settings: NetworkSettings) -> ReidNetwork:
    """A network with random weights, in evaluation mode.

    Its normalisations have the statistics of random pictures, so that activations stay of one size; but half the means and
    no variance below 1, and bottlenecks add a fifth to their shortcut. Else what little parts random pictures is scaled up
    from block to block, rounding errors too, as no trained network does.
    """
    paddle.seed(0)
    network = build_network(settings)
    norms = [layer for layer in network.sublayers() if isinstance(layer, nn.BatchNorm2D)]
    for norm in norms:
        norm._momentum = 0.0
    for block in network.sublayers():
        if isinstance(block, Bottleneck):
            block.conv2.bn.weight.set_value(block.conv2.bn.weight * 0.2)
    network.train()
    with paddle.no_grad():
        network(paddle.rand([8, 3, 128, 64]) * 4 - 2)
    network.eval()
    for norm in norms:
        norm._mean.set_value(norm._mean / 2)
        norm._variance.set_value(paddle.clip(norm._variance, min=1.0))
    return network


def measure(name: str, seconds: float) -> Row:
    crops = drawn_crops()
    differences = dict.fromkeys(RUNTIMES, 0.0)
    half, sizes, speeds = 0.0, {}, {}
    for settings in (rich(name), plain(name)):
        network = network_of(settings)
        trained = trained_embeddings(network, crops)
        form = input_format(settings)
        with tempfile.TemporaryDirectory() as place, nothing_printed():
            static = traced(network)
            program = fold(read_trace(network, static))
            write_paddle(Path(place, "n.json"), static)
            write_onnx_form(Path(place, "n.onnx"), network, program)
            write_onnx_form(Path(place, "half.onnx"), network, program, "fp16")
            runtimes = {
                **runtimes_for(Path(place, "n.json"), threads=1),
                **runtimes_for(Path(place, "n.onnx"), threads=1),
            }
            for runtime, loaded in runtimes.items():
                exported = runtime_embeddings(loaded, form, crops)
                differences[runtime] = max(differences[runtime], largest_difference(trained, exported))
            for loaded in runtimes_for(Path(place, "half.onnx"), threads=1).values():
                half = max(half, largest_difference(trained, runtime_embeddings(loaded, form, crops)))
            sizes = {file.name: file.stat().st_size / 1e6 for file in Path(place).iterdir()}
            if settings == plain(name):
                speeds = images_per_second(runtimes, seconds)
    with paddle.LazyGuard():
        parameters = sum(value.size for value in build_backbone(plain(name)).parameters() if not value.stop_gradient)
    return Row(
        backbone=name,
        parameters=parameters / 1e6,
        paddle_mb=sizes["n.json"] + sizes["n.pdiparams"],
        onnx_mb=sizes["n.onnx"],
        half_mb=sizes["half.onnx"],
        differences={runtime: value for runtime, value in differences.items() if runtime in speeds},
        half_difference=half,
        speeds=speeds,
    )


def images_per_second(runtimes: dict[str, Runtime], seconds: float) -> dict[str, float]:
    """Of each runtime, all in turn, so that whatever else the machine does meets all of them."""
    times: dict[str, list[float]] = {name: [] for name in runtimes}
    batch = np.random.default_rng(0).normal(size=next(iter(runtimes.values())).input.shape).astype(np.float32)
    for runtime in runtimes.values():
        runtime.run(batch)
    began = time.monotonic()
    while time.monotonic() - began < seconds or len(next(iter(times.values()))) < 2:
        for name, runtime in runtimes.items():
            start = time.perf_counter()
            runtime.run(batch)
            times[name].append(time.perf_counter() - start)
    return {name: len(batch) / statistics.median(taken) for name, taken in times.items()}


def lines(row: Row, first: bool) -> Iterator[str]:
    runtimes = list(row.speeds)
    if first:
        titles = [
            *("backbone", "M parameters", "MB Paddle", "MB ONNX", "MB fp16"),
            *(f"difference {name}" for name in runtimes),
            "fp16",
            *(f"img/s {name}" for name in runtimes),
        ]
        yield f"| {' | '.join(titles)} |"
        yield "|---" * len(titles) + "|"
    cells = [
        *(
            f"`{row.backbone}`",
            f"{row.parameters:.2f}",
            f"{row.paddle_mb:.1f}",
            f"{row.onnx_mb:.1f}",
            f"{row.half_mb:.1f}",
        ),
        *(f"{row.differences[name]:.0e}" for name in runtimes),
        f"{row.half_difference:.0e}",
        *(f"{row.speeds[name]:.0f}" for name in runtimes),
    ]
    yield f"| {' | '.join(cells)} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="backbones, all of them if none is named")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long speeds are measured")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = []
    for name in options.names or BACKBONES:
        rows.append(measure(name, options.seconds))
        if not options.json:
            print("\n".join(lines(rows[-1], len(rows) == 1)), flush=True)
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    largest = {row.backbone: max(row.differences.values()) for row in rows}
    far = [name for name, difference in largest.items() if not difference <= LARGEST_DIFFERENCE]
    print(f"\n{len(rows)} backbones, largest difference {max(largest.values()):.1e}", file=sys.stderr)
    if far:
        print(f"beyond {LARGEST_DIFFERENCE}: {', '.join(far)}", file=sys.stderr)
    return 1 if far else 0


if __name__ == "__main__":
    raise SystemExit(main())
