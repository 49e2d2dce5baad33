"""``make bench``: every figure that the docs quote.

    python -m benchmarks [NAME...]

DEEP_SORT names a checkout of nwojke/deep_sort to compare with (../deep_sort if it is not set), PEERS a Python that has
boxmot and trackers (without it only our trackers are measured), TORCH one that has PyTorch and what
benchmarks/imports.py says, TORCHREID and FAST_REID checkouts of KaiyangZhou/deep-person-reid and JDAI-CV/fast-reid,
PADDLECLAS one of PaddlePaddle/PaddleClas.

Long: about two hours on two cores with the project's shared data, minutes without.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

SHARED = Path(__file__).resolve().parents[2] / "shared"
IMPORTS = {"--torch": "TORCH", "--torchreid": "TORCHREID", "--fast-reid": "FAST_REID"}
BENCHMARKS = {
    "deep_sort_parity": ["--peer", os.environ.get("DEEP_SORT", "../deep_sort")],
    "tracker_speed": [],
    "market1501_peers": [],
    "real_video": [],
    "kill_ingest": [str(SHARED / "data" / "video" / "samihormi_Double1.mp4")],
    "track_speed": [],
    "clips": [],
    "scenes": [],
    "best_crops": [],
    "feedback": [],
    "detectors": [],
    "pipeline_speed": [],
    "runner_speed": [],
    "paddle_onednn": [],
    "backbones": [],
    "paddleclas_parity": [],
    "losses": [],
    "sampling": [],
    "loader_speed": [],
    "exports": [],
    "exports_int8": [],
    "thresholds": [],
    "imports": [part for option, name in IMPORTS.items() if name in os.environ for part in (option, os.environ[name])],
    "embedder.parity": ["--torch", os.environ.get("TORCH", sys.executable)],
    "embedder.teachers": [str(SHARED / "data" / "reid-cuhk")],
    "embedder.speed": [],
    "adapt": [],
    "serve_load": [],
    "embedder.overlap": [str(SHARED / "data" / "reid-cuhk")],
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
