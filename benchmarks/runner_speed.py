"""Several cameras by processes and by shared networks: frames a second and memory.

    python -m benchmarks.runner_speed [--cameras 4] [--rounds 3] [--threads N]

Each round runs ``passerby ingest`` once with each runner, its start and the loading of networks included. Memory is the
most that all its processes held at once, what they share counted once (PSS). Needs the project's shared data; says so
and ends where it is absent.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.scenes import EMBEDDER, SHARED
from benchmarks.tracking_data import DETECTOR

VIDEO = SHARED / "data" / "video" / "samihormi_Double1.mp4"
RUNNERS = {
    "processes": ["--runner", "processes"],
    "shared": ["--runner", "shared"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    arguments = parser.parse_args()
    if not SHARED.is_dir():
        print(f"skipped: the shared data folder {SHARED} is absent")
        return
    os.environ.setdefault("PASSERBY_MODELS", str(SHARED / "data" / "models"))
    rounds = [
        {name: measured(options, arguments) for name, options in RUNNERS.items()} for _ in range(arguments.rounds)
    ]
    print(f"{arguments.cameras} cameras of {VIDEO.name}, {arguments.threads} threads, {arguments.rounds} rounds:\n")
    print("| runner | frames/s | times as fast | memory, MB |\n|---|---|---|---|")
    for name in RUNNERS:
        rate = statistics.median(one[name][0] for one in rounds)
        ratio = statistics.median(one[name][0] / one["processes"][0] for one in rounds)
        memory = statistics.median(one[name][1] for one in rounds)
        print(f"| {name} | {rate:.1f} | {ratio:.2f} | {memory:.0f} |")


def measured(options: list[str], arguments: argparse.Namespace) -> tuple[float, float]:
    """Frames a second over all cameras, and the most memory in MB."""
    cameras = [f"camera{k}={VIDEO}" for k in range(arguments.cameras)]
    networks = ["--detector", DETECTOR, "--embedder", EMBEDDER, "--threads", str(arguments.threads)]
    program = [sys.executable, "-c", "from api.main import main; main()"]
    with tempfile.TemporaryDirectory() as folder:
        began, most = time.perf_counter(), 0.0
        command = [*program, "ingest", *cameras, *networks, *options, "--data", folder, "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            while process.poll() is None:
                most = max(most, memory_of(process.pid))
                time.sleep(0.2)
            assert process.stdout is not None
            result = json.loads(process.stdout.read())
        frames = sum(camera["frames"] for camera in result["cameras"])
        return frames / (time.perf_counter() - began), most


def memory_of(process: int) -> float:
    """MB that a process and its children hold, what they share counted once."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return 0.0
    own = next(float(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return own / 1024 + sum(memory_of(int(child)) for child in children)


if __name__ == "__main__":
    main()
