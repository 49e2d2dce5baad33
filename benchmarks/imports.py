"""Networks of torchreid, fast-reid and torchvision beside what we import: the same embeddings.

    python -m benchmarks.imports --torch PYTHON [--torchreid DIR] [--fast-reid DIR] [--names NAME...] [--json]

``--torch`` is a Python with torch, torchvision, yacs, termcolor and tabulate; ``--torchreid`` and ``--fast-reid`` are
checkouts of github.com/KaiyangZhou/deep-person-reid and github.com/JDAI-CV/fast-reid. What is absent is said and left
out. Each network gets random weights and statistics there (``benchmarks/imports_peers.py``), is saved as its project
saves it, and embeds three random images; the file is imported here, its architecture found by the file alone where it can
be, and embeds the same pixels. ``difference`` is the largest |ours - theirs| over the largest |theirs|; the goal is 1e-4.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

GOAL = 1e-4
PEERS = Path(__file__).with_name("imports_peers.py")


@dataclass(frozen=True)
class Row:
    """One network.

    Attributes:
        name: As its project calls it.
        recognised: What the file alone was taken for.
        dimension: Of its embedding.
        parameters: Million numbers in our network.
        difference: Largest |ours - theirs| over the largest |theirs|.
        cosine: The smallest of our embedding and theirs.
    """

    name: str
    recognised: str
    dimension: int
    parameters: float
    difference: float
    cosine: float


def compare(name: str, folder: Path) -> Row:
    """Imports the peer's file and runs it on the peer's images."""
    from ingest.paddle_library import paddle
    from training.importing import IMAGENET_MEAN, IMAGENET_STD, import_checkpoint

    target = folder / name.replace("/", "_")
    with np.load(target.with_suffix(".npz")) as file:
        images, theirs = file["images"], file["embeddings"]
    found = import_checkpoint(target.with_suffix(".pth"))
    network = found.network
    if found.architecture != name:
        network = import_checkpoint(target.with_suffix(".pth"), name).network
    assert images.shape[1:3] == (network.settings.height, network.settings.width), name
    normalised = (images / 255 - IMAGENET_MEAN) / IMAGENET_STD
    with paddle.no_grad():
        ours = network(paddle.to_tensor(normalised.transpose(0, 3, 1, 2).astype(np.float32))).numpy()
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    return Row(
        name=name,
        recognised=found.architecture,
        dimension=network.dimension,
        parameters=sum(value.size for value in network.state_dict().values()) / 1e6,
        difference=float(np.abs(ours - theirs).max() / np.abs(theirs).max()),
        cosine=float(((ours * theirs).sum(1) / lengths).min()),
    )


def compared(options: argparse.Namespace) -> Iterator[Row]:
    """One row for each network that can be built there; one process builds them one after the other."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        command = [options.torch, str(PEERS), place, *options.names]
        for option, checkout in (("--torchreid", options.torchreid), ("--fast-reid", options.fast_reid)):
            command += [option, str(checkout)] if checkout else []
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as peer:
            assert peer.stdin
            assert peer.stdout
            for name in options.names:
                line = peer.stdout.readline().strip()
                if line == f"made {name}":
                    yield compare(name, folder)
                    for file in folder.glob("*.*"):
                        file.unlink()
                elif line:
                    print(f"left out: {line}", file=sys.stderr)
                else:
                    raise SystemExit(f"{name}: the other Python failed")
                peer.stdin.write("\n")
                peer.stdin.flush()


def main() -> int:
    from training.architectures import ARCHITECTURES

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch", help="a Python with torch and torchvision")
    parser.add_argument("--torchreid", type=Path, help="checkout of KaiyangZhou/deep-person-reid")
    parser.add_argument("--fast-reid", type=Path, help="checkout of JDAI-CV/fast-reid")
    parser.add_argument("--names", nargs="+", choices=list(ARCHITECTURES), default=list(ARCHITECTURES), metavar="NAME")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.torch is None:
        print("no Python with PyTorch (--torch): nothing to compare with")
        return 0
    warnings.simplefilter("ignore")
    rows = []
    for row in compared(options):
        if not options.json:
            if not rows:
                print(
                    "| network | recognised as | dimension | M numbers | difference | smallest cosine |\n|---|---|---|---|---|---|"
                )
            seen = "the same" if row.recognised == row.name else row.recognised
            print(
                f"| {row.name} | {seen} | {row.dimension} | {row.parameters:.2f} | {row.difference:.1e} | {row.cosine:.6f} |",
                flush=True,
            )
        rows.append(row)
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    far = [row.name for row in rows if not row.difference <= GOAL]
    print(
        f"\n{len(rows)} networks, largest difference {max((row.difference for row in rows), default=0):.1e}",
        file=sys.stderr,
    )
    if far:
        print(f"beyond {GOAL}: {', '.join(far)}", file=sys.stderr)
    return 1 if far else 0


if __name__ == "__main__":
    raise SystemExit(main())
