"""``make bench``: every figure that the docs quote.

    python -m benchmarks [NAME...]

DEEP_SORT names a checkout of nwojke/deep_sort to compare with (../deep_sort if it is not set), PEERS a Python that has
boxmot and trackers (without it only our trackers are measured), FAST_REID and TORCHREID checkouts of JDAI-CV/fast-reid and
KaiyangZhou/deep-person-reid.

Long: about two hours on two cores with the project's shared data, minutes without.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

SHARED = Path(__file__).resolve().parents[2] / "shared"
BENCHMARKS = {
    "deep_sort_parity": ["--peer", os.environ.get("DEEP_SORT", "../deep_sort")],
    "market1501_peers": [],
    "real_video": [],
    "kill_ingest": [str(SHARED / "data" / "video" / "samihormi_Double1.mp4")],
    "track_speed": [],
    "scenes": [],
    "best_crops": [],
    "detectors": [],
    "pipeline_speed": [],
    "runner_speed": [],
    "paddle_onednn": [],
    "tracking": ["--peers", os.environ["PEERS"]] if "PEERS" in os.environ else [],
}


def main() -> int:
    names = sys.argv[1:] or list(BENCHMARKS)
    failed = []
    for name in names:
        print(f"\n## {name}\n", flush=True)
        began = time.monotonic()
        done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *BENCHMARKS.get(name, [])])
        print(f"\n({name}: {time.monotonic() - began:.0f} s)", flush=True)
        failed += [name] if done.returncode else []
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
