"""What oneDNN saves on the CPU: MobileNetV3-small, whose weights do not matter here, in Paddle with and without it.

    python -m benchmarks.paddle_onednn

Needs PaddlePaddle; says so and ends where it is absent.
"""

import os
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from ingest.runtimes import open_runtime

BATCH, RUNS = 4, 10


def main() -> None:
    if find_spec("paddle") is None:
        print("skipped: PaddlePaddle is not installed")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = export(Path(folder) / "model.json")
        for choice in ("on", "off"):
            os.environ["PASSERBY_ONEDNN"] = choice
            print(f"oneDNN {choice}: {1000 * seconds_per_image(path):.1f} ms of CPU per image, one thread", flush=True)


def export(path: Path) -> Path:
    from ingest.paddle_library import paddle

    network = paddle.vision.models.mobilenet_v3_small()
    network.eval()
    specs = [paddle.static.InputSpec([-1, 3, 256, 128], "float32", "image")]
    paddle.jit.save(paddle.jit.to_static(network, input_spec=specs, full_graph=True), str(path.with_suffix("")))
    return path


def seconds_per_image(path: Path) -> float:
    """The least of several runs, of this thread alone: Paddle's own helpers only wait."""
    runtime = open_runtime(path, batch=BATCH, threads=1)
    batch = np.random.default_rng(1).normal(size=(BATCH, 3, 256, 128)).astype(np.float32)
    runtime.run(batch)
    times = []
    for _ in range(RUNS):
        began = time.thread_time()
        runtime.run(batch)
        times.append(time.thread_time() - began)
    return min(times) / BATCH


if __name__ == "__main__":
    main()
