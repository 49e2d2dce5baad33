"""How the recipe generalises: learnt from two of the four cameras, tested on those two and on the other two.

The two pairs of cameras are two data sets (CUHK01 and CUHK03): other places, other cameras, other people. Prints a table of
rank-1 / mAP on the reporting people. A short recipe, the same for both and without the Paddle epochs, so the rows are for
comparison with each other and with the public networks, not with the shipped one.
"""

import json
import subprocess
from pathlib import Path

from benchmarks.embedder import bank
from benchmarks.embedder.__main__ import PASSERBY, export, learn
from retrieval.person_images import read_person_images

PAIRS = {"1-2": (1, 2), "3-4": (3, 4)}
PUBLIC = ("person-reidentification-retail-0277", "osnet_x0_25_msmt17", "stripes")


def cross(data: Path, work: Path, python: str) -> None:
    """Makes both networks and prints the table."""
    bank.fill(data, work)
    networks = {}
    for name in ("-12", "-34"):
        export(data, learn(work, python, name, "128x64"), work / f"cross{name}", f"cross{name}")
        networks[f"learnt from cameras {name[1]}-{name[2]}"] = str(work / f"cross{name}" / f"cross{name}.onnx")
    tests = {pair: part_of(data, work / f"test-{pair}", cameras) for pair, cameras in PAIRS.items()}
    print("\n| network | tested on cameras 1-2 | tested on cameras 3-4 |\n|---|---|---|")
    for row, embedder in {**networks, **{name: name for name in PUBLIC}}.items():
        print(f"| {row} | {' | '.join(scored(tests[pair], embedder) for pair in PAIRS)} |", flush=True)


def part_of(data: Path, folder: Path, cameras: tuple[int, ...]) -> Path:
    """A folder in Market-1501's layout with the queries and the gallery of some cameras, as links."""
    for name in ("query", "bounding_box_test"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for image in read_person_images(data / name):
            link = folder / name / image.path.name
            if image.camera in cameras and not link.exists():
                link.symlink_to(image.path.resolve())
    return folder


def scored(folder: Path, embedder: str) -> str:
    """rank-1 / mAP by ``passerby evaluate market1501``."""
    command = [*PASSERBY, "evaluate", "market1501", str(folder), "--embedder", embedder, "--json"]
    found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
    return f"{found['rank1']:.3f} / {found['mAP']:.3f}"
