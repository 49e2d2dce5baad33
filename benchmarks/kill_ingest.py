"""kill -9 at random moments of an ingest: the gallery opens, search works, and the end is that of an undisturbed run.

    python -m benchmarks.kill_ingest VIDEO [--kills 20] [--seed 1] [--detector M] [--embedder M]

Each kill ends `passerby ingest` between its start and some seconds later, so some hit the loading of networks, some the
first commit, some the middle. After each, a query and `doctor` run on what is left. Exit code 1 if anything differs.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=float, default=6.0, help="seconds until the latest kill")
    parser.add_argument("--detector", default="auto")
    parser.add_argument("--embedder", default="auto")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        undisturbed, killed = Path(folder) / "undisturbed", Path(folder) / "killed"
        began = time.monotonic()
        subprocess.run(ingest(arguments, undisturbed), check=True, stdout=subprocess.DEVNULL)
        print(f"undisturbed: {time.monotonic() - began:.1f} s, {len(tracklets(undisturbed))} tracklets", flush=True)
        chance = random.Random(arguments.seed)
        landed = sum(kill_once(arguments, killed, chance, k) for k in range(arguments.kills))
        subprocess.run(ingest(arguments, killed), check=True, stdout=subprocess.DEVNULL)
        same = tracklets(undisturbed) == tracklets(killed)
        doctor = run("doctor", "--data", killed)
        print(f"{arguments.kills} kills, {landed} while the ingest ran; tracklets (id, camera, start, end, boxes) "
              f"{'identical' if same else 'DIFFERENT'}; doctor: {doctor['problems'] or 'no problem'}")  # fmt: skip
        return 0 if same and not doctor["problems"] else 1


def ingest(arguments: argparse.Namespace, data: Path) -> list[str]:
    networks = ["--detector", arguments.detector, "--embedder", arguments.embedder]
    return [*passerby(), "ingest", f"cam={arguments.video}", "--data", str(data), "--json", *networks]


def passerby() -> list[str]:
    return [sys.executable, "-c", "from api.main import main; main()"]


def kill_once(arguments: argparse.Namespace, data: Path, chance: random.Random, number: int) -> bool:
    """Starts the ingest, kills it, and looks at what is left. Whether the kill found it alive."""
    process = subprocess.Popen(ingest(arguments, data), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(chance.uniform(0.2, arguments.longest))
    alive = process.poll() is None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    if not (data / "gallery.sqlite").exists():
        print(f"kill {number + 1}: before the gallery was made", flush=True)
        return alive
    listed = tracklets(data)
    if listed:
        answer = run("query", "--tracklet", listed[0]["id"], "--data", data)
        said = f"query answers {answer['answer']}"
    else:
        said = "nothing to ask yet"
    problems = run("doctor", "--data", data)["problems"]
    print(f"kill {number + 1}: {len(listed)} tracklets kept, {said}, problems: {problems or 'none'}", flush=True)
    return alive


def tracklets(data: Path) -> list[dict]:
    listed = run("tracklets", "--boxes", "--data", data)["tracklets"]
    return [{key: one[key] for key in ("id", "camera", "start", "end", "boxes")} for one in listed]


def run(*arguments: object) -> dict:
    done = subprocess.run([*passerby(), *map(str, arguments), "--json"], capture_output=True, text=True)
    if done.returncode not in (0, 1) or not done.stdout:
        raise SystemExit(f"{arguments} failed: {done.stderr}")
    return json.loads(done.stdout)


if __name__ == "__main__":
    raise SystemExit(main())
