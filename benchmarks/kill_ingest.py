"""kill -9 at random moments of an ingest: the gallery opens, search works, and the end is that of an undisturbed run.

    python -m benchmarks.kill_ingest VIDEO [--kills 20] [--seed 1] [--detector M] [--embedder M]

Each kill ends `passerby ingest` between its start and its end, so some hit the loading of networks, some the first
commit, some the middle or the end. After each, a query and `doctor` run on what is left, and the next ingest goes on
from there; one that ends before its kill is compared with the undisturbed one, and the next begins anew. Exit code 1
if anything differs.
"""

import argparse
import json
import random
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
    parser.add_argument("--longest", type=float, help="seconds until the latest kill; by default a whole ingest's")
    parser.add_argument("--detector", default="auto")
    parser.add_argument("--embedder", default="auto")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        finish(arguments, Path(folder) / "undisturbed")
        seconds = time.monotonic() - began
        expected = outcome(Path(folder) / "undisturbed")
        print(f"undisturbed: {seconds:.1f} s, {len(expected['tracklets'])} tracklets", flush=True)
        different = kill_often(arguments, Path(folder), arguments.longest or seconds, expected)
    print(f"{arguments.kills} kills: {different or 'no'} ingests with other tracklets (id, camera, start, end, boxes) or "
          "problems than the undisturbed one")  # fmt: skip
    return 1 if different else 0


def kill_often(arguments: argparse.Namespace, folder: Path, longest: float, expected: dict) -> int:
    """Kills ingests until there were enough kills; how many ended differently."""
    chance = random.Random(arguments.seed)
    kills = galleries = different = 0
    while kills < arguments.kills:
        galleries += 1
        data = folder / f"killed {galleries}"
        while kills < arguments.kills and killed(arguments, data, chance.uniform(0.2, longest)):
            kills += 1
            print(f"kill {kills}: {look(data)}", flush=True)
        finish(arguments, data)
        same = outcome(data) == expected
        different += not same
        print(f"gallery {galleries} is finished, {'identical' if same else 'DIFFERENT'}", flush=True)
    return different


def killed(arguments: argparse.Namespace, data: Path, after: float) -> bool:
    """Starts an ingest and kills it after so many seconds; False if it had ended by itself."""
    process = subprocess.Popen(ingest(arguments, data), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True
    return False


def look(data: Path) -> str:
    """What a kill left: how far the ingest is, what a query says, and what is wrong."""
    if not (data / "gallery.sqlite").exists():
        return "before the gallery was made"
    cameras = ask("cameras", data)["cameras"]
    until = cameras[0]["until"] if cameras else None
    found = tracklets(data)
    answer = ask("query", data, "--tracklet", found[0]["id"])["answer"] if found else "not asked"
    problems = ask("doctor", data)["problems"]
    return f"seen until {until or 'nothing'}, {len(found)} tracklets, query: {answer}, problems: {problems or 'none'}"


def finish(arguments: argparse.Namespace, data: Path) -> None:
    """Lets an ingest come to its end."""
    done = subprocess.run(ingest(arguments, data), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"the ingest failed: {done.stderr}")


def ingest(arguments: argparse.Namespace, data: Path) -> list[str]:
    networks = ["--detector", arguments.detector, "--embedder", arguments.embedder]
    return [*passerby(), "ingest", f"cam={arguments.video}", "--data", str(data), "--json", *networks]


def passerby() -> list[str]:
    return [sys.executable, "-c", "from api.main import main; main()"]


def outcome(data: Path) -> dict:
    """What must be the same in the end."""
    return {"tracklets": tracklets(data), "problems": ask("doctor", data)["problems"]}


def tracklets(data: Path) -> list[dict]:
    listed = ask("tracklets", data, "--boxes")["tracklets"]
    return [{key: one[key] for key in ("id", "camera", "start", "end", "boxes")} for one in listed]


def ask(command: str, data: Path, *options: str) -> dict:
    """What a command answers with --json."""
    done = subprocess.run(
        [*passerby(), command, *options, "--data", str(data), "--json"], capture_output=True, text=True
    )
    if done.returncode not in (0, 1) or not done.stdout:
        raise SystemExit(f"passerby {command} failed: {done.stderr}")
    return json.loads(done.stdout)


if __name__ == "__main__":
    raise SystemExit(main())
