"""The twin beside the Paddle network: same weights, same batches, three steps; outputs and losses must agree.

    python -m benchmarks.embedder.parity --torch PYTHON

PYTHON is an interpreter that has PyTorch. Prints both projects' losses of each step and the largest differences; the exit
code is 1 if a loss differs by more than 1e-4. Outputs are those of training mode: PyTorch's running variance is the unbiased
estimate, Paddle's is not, which matters for batches as small as these only.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

STEPS, BATCH, DIMENSION, CLASSES = 3, 16, 128, 10
TOLERANCE = 1e-4
RATE = 1e-3
"""Of plain gradient descent: Adam divides by the gradients' own size, so that rounding decides where they are zero."""


def batches() -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Images (B, 3, 64, 32), labels (B,) and a teacher's vectors (B, 128) of every step, and then images to look at."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(STEPS + 1):
        images = rng.normal(size=(BATCH, 3, 64, 32)).astype(np.float32)
        target = rng.normal(size=(BATCH, DIMENSION)).astype(np.float32)
        found.append((images, rng.integers(0, CLASSES, BATCH), target / np.linalg.norm(target, axis=1, keepdims=True)))
    return found


def paddle_side(folder: Path) -> tuple[list[float], np.ndarray]:
    """Writes its fresh weights into the folder, then learns."""
    from ingest.paddle_library import nn, paddle
    from training.network import build_network
    from training.network_settings import NetworkSettings

    paddle.seed(1)
    network = build_network(NetworkSettings("ResNet18_slim", embedding=DIMENSION, bnneck=False, height=64, width=32))
    start = np.random.default_rng(2).normal(size=(CLASSES, DIMENSION)).astype(np.float32) * 0.05
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    np.savez(folder / "weights.npz", classes=start, **weights)
    classes = paddle.create_parameter([CLASSES, DIMENSION], "float32")
    classes.set_value(paddle.to_tensor(start))
    optimiser = paddle.optimizer.SGD(RATE, parameters=[*network.parameters(), classes])
    found = []
    for images, labels, target in batches()[:STEPS]:
        student = nn.functional.normalize(network(paddle.to_tensor(images)), axis=1)
        goal = paddle.to_tensor(target)
        others = paddle.to_tensor(~np.eye(BATCH, dtype=bool))
        gaps = (student @ student.T - goal @ goal.T)[others]
        logits = 16.0 * student @ nn.functional.normalize(classes, axis=1).T
        total = (1 - (student * goal).sum(1)).mean() + 20.0 * gaps.square().mean()
        total = total + 0.2 * nn.functional.cross_entropy(logits, paddle.to_tensor(labels), label_smoothing=0.1)
        optimiser.clear_grad()
        total.backward()
        optimiser.step()
        found.append(float(total.item()))
    return found, network(paddle.to_tensor(batches()[-1][0])).numpy()


def torch_side(folder: Path) -> None:
    """Reads the weights, learns alike, and prints the losses and the last outputs as JSON. Runs in the other environment."""
    import torch

    sys.path.insert(0, str(Path(__file__).parent))
    import twin_training
    from twin import Twin

    twin_training.DRAWN = 0
    arrays = dict(np.load(folder / "weights.npz"))
    classes = torch.nn.Parameter(torch.from_numpy(arrays.pop("classes")))
    network = Twin(DIMENSION)
    names = {"._mean": ".running_mean", "._variance": ".running_var"}
    for name, array in arrays.items():
        theirs = name
        for paddle_name, torch_name in names.items():
            theirs = theirs.replace(paddle_name, torch_name)
        value = torch.from_numpy(array.T.copy() if name == "fc.weight" else array)
        network.state_dict()[theirs].copy_(value)
    optimiser = torch.optim.SGD([*network.parameters(), classes], RATE)
    found = []
    for images, labels, target in batches()[:STEPS]:
        output = network(torch.from_numpy(images))
        total = sum(twin_training.losses(output, torch.from_numpy(labels), torch.from_numpy(target), classes).values())
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        found.append(total.item())
    with torch.no_grad():
        last = network(torch.from_numpy(batches()[-1][0])).numpy()
    print(json.dumps({"losses": found, "outputs": last.tolist()}))


def compare(python: str) -> tuple[list[tuple[float, float]], float]:
    """(Paddle's, PyTorch's) loss of each step, and the largest relative difference of the outputs after the last."""
    with tempfile.TemporaryDirectory() as name:
        ours, outputs = paddle_side(Path(name))
        done = subprocess.run([python, __file__, "--side", name], stdout=subprocess.PIPE, text=True, check=True)
    theirs = json.loads(done.stdout.splitlines()[-1])
    gap = np.abs(outputs - np.array(theirs["outputs"])).max() / np.abs(outputs).max()
    return list(zip(ours, theirs["losses"], strict=True)), float(gap)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch", help="an interpreter that has PyTorch")
    parser.add_argument("--side", type=Path, help=argparse.SUPPRESS)
    settings = parser.parse_args()
    if settings.side:
        torch_side(settings.side)
        return 0
    if not settings.torch:
        parser.error("name an interpreter that has PyTorch: --torch PYTHON")
    if subprocess.run([settings.torch, "-c", "import torch, cv2"], stderr=subprocess.DEVNULL).returncode:
        print(f"skipped: {settings.torch} has no PyTorch or no OpenCV; name another Python by --torch or TORCH")
        return 0
    steps, gap = compare(settings.torch)
    print("| step | Paddle | PyTorch | difference |\n|---|---|---|---|")
    for number, (ours, theirs) in enumerate(steps, 1):
        print(f"| {number} | {ours:.6f} | {theirs:.6f} | {abs(ours - theirs):.1e} |")
    print(f"\noutputs after {STEPS} steps differ by at most {gap:.1e} of the largest")
    return 0 if all(abs(ours - theirs) <= TOLERANCE for ours, theirs in steps) else 1


if __name__ == "__main__":
    raise SystemExit(main())
