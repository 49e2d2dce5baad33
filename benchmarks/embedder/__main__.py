"""Makes the embedder that the package ships, again.

    python -m benchmarks.embedder DATA --torch PYTHON [--work FOLDER]

DATA is a folder in Market-1501's layout with ``splits.json`` (fit, choose, calibrate), PYTHON an interpreter that has PyTorch.
What is done already is left, and the training goes on where it was stopped, so the command can be repeated until it ends:

1. views of the ``fit`` people with the teacher's vectors and of people who do not exist (``bank.py``; half an hour on two cores);
2. the PyTorch twin learns from them (``twin_training.py``; three hours);
3. ``passerby models import`` makes a network of ours of it;
4. a discriminant of the ``fit`` people becomes part of its last layer (``sharpen.py``);
5. ``passerby train`` goes on in Paddle, and keeps what is best on the ``choose`` people;
6. ``passerby export`` writes ONNX and INT8 with mirror images, thresholds of the ``calibrate`` people, into FOLDER/shipped.

With ``--cross`` instead: networks that learn from two of the four cameras, to be tested on the others (``cross.py``).
"""

import argparse
import subprocess
import sys
from pathlib import Path

from benchmarks.embedder import bank

NAME = "passerby-small"
SUMMARY = "Passerby's own: ResNet18_slim on 256x128 pixels, each crop and its mirror image; 2.0 M parameters"
LICENCE = "Apache-2.0 (code); CUHK01 and CUHK03, which it was trained on, are for non-commercial research only"
PASSERBY = (str(Path(sys.executable).with_name("passerby")),)
PADDLE_EPOCHS = (
    *("--loss", "softmax(smoothing=0.1) + triplet(margin=0.3, mining=hard)"),
    *("--iterations", "200", "--validate-every", "50", "--warmup", "20", "--schedule", "cosine"),
    *("--optimizer", "adamw", "--lr", "3e-6", "--ema", "0.98"),
    *("--ids", "16", "--images", "4", "--erase", "0.3", "--jitter", "0.3"),
)
"""Of step 5: short, at a tiny rate, averaged."""


def run(*arguments: str | Path) -> None:
    """Runs a command, and ends this one if it fails."""
    print("$", *arguments, flush=True)
    done = subprocess.run([str(part) for part in arguments])
    if done.returncode:
        sys.exit(done.returncode)


def make(data: Path, work: Path, python: str) -> None:
    """All six steps."""
    bank.fill(data, work)
    twin = learn(work, python, "", "256x128")
    images, splits, sharp = data / "bounding_box_train", data / "splits.json", work / "sharp.npz"
    if not sharp.exists():
        from benchmarks.embedder.sharpen import sharpen

        sharpen(twin, data, sharp)
    finished = work / "paddle"
    parts = ("--people", f"{splits}:fit", "--hold-out", f"{splits}:choose", "--weights", sharp)
    run(*PASSERBY, "train", images, "--out", finished, "--resume", *parts, *shape(twin), *PADDLE_EPOCHS)
    shipped = ("--mirror", "--weights", "fp16", "--int8", "--summary", SUMMARY, "--licence", LICENCE)
    export(data, finished, work / "shipped", NAME, *shipped)


def learn(work: Path, python: str, cameras: str, size: str) -> Path:
    """Steps 2 and 3: the network file of a twin that learnt from all cameras ("") or from two ("-12", "-34")."""
    weights, network = work / f"twin{cameras}.pth", work / f"twin{cameras}.npz"
    if not weights.exists():
        run(python, Path(__file__).with_name("twin_training.py"), work, f"--cameras={cameras}")
    if not network.exists():
        how = ("--architecture", "twin/ResNet18_slim", "--size", size, "--last-stride", "1")
        run(*PASSERBY, "models", "import", weights, *how, "--out", network)
    return network


def shape(network: Path) -> tuple[str, ...]:
    """The options of ``passerby train`` that say what a network file holds."""
    from training.weights import load_network

    settings = load_network(network).settings
    size = f"{settings.height}x{settings.width}"
    return ("--backbone", settings.backbone, "--embedding", str(settings.embedding), "--no-bnneck", "--size", size)


def export(data: Path, network: Path, out: Path, name: str, *options: str) -> None:
    """Step 6."""
    if (out / f"{name}.onnx").exists():
        return
    people = ("--data", data / "bounding_box_train", "--people", f"{data / 'splits.json'}:calibrate")
    run(*PASSERBY, "export", network, "--out", out, "--name", name, "--format", "onnx", *people, *options)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--torch", required=True, help="an interpreter that has PyTorch")
    parser.add_argument("--work", type=Path, default=Path("bench-out/embedder"))
    parser.add_argument("--cross", action="store_true", help="the networks of two cameras each, and their table")
    settings = parser.parse_args()
    if not (settings.data / "splits.json").is_file():
        parser.error(f"{settings.data} has no splits.json, which says who is learnt from")
    if settings.cross:
        from benchmarks.embedder.cross import cross

        cross(settings.data, settings.work, settings.torch)
    else:
        make(settings.data, settings.work, settings.torch)


if __name__ == "__main__":
    main()
