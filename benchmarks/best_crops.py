"""Which crops a tracklet keeps: how well tracklets find one another across cameras under each rule.

    python -m benchmarks.best_crops [--people choose|test] [--seeds 1 2 3] [--tracks true|tracked...] [--worn] [--parts] [--out DIR]

Every tracklet is asked for among those of the other cameras, as ``passerby query --tracklet`` does; a second pair of columns
asks with a photo. Tracklets are those of true tracks (the detector's boxes that match one) and those of today's tracker.
``--worn`` moves, blurs and compresses the crops at random. Needs the project's shared data; says so and ends where it is
absent. What the networks gave is kept beside the videos.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.crop_rules import (
    Rule,
    by_quality,
    equally,
    keep_as_shipped,
    keep_best,
    keep_even,
    keep_first,
    keep_largest,
    keep_middles,
    keep_none,
    keep_one_by_one,
    keep_random,
    keep_spread,
    kept_equally,
    ours_without,
    pp_human,
)
from benchmarks.crop_scenes import Seen, Tracks, photos, seen_in_scene
from benchmarks.scenes import CAMERA_SETS, PEOPLE, SHARED, compose
from benchmarks.tracklet_map import Described, Found, difference, find_each, together

SEEDS = {"choose": [1, 2], "test": [1, 2, 3]}
PARTS = ("size", "sharpness", "confidence", "occlusion", "truncation")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", choices=PEOPLE, default="test")
    parser.add_argument("--seeds", type=int, nargs="+", help="of the scenes; by default all that there are")
    parser.add_argument("--tracks", nargs="+", choices=["true", "tracked"], default=["true", "tracked"])
    parser.add_argument("--worn", action="store_true", help="moved, blurred and compressed crops")
    parser.add_argument("--parts", action="store_true", help="what each part of the quality is worth")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("bench-out/scenes"))
    arguments = parser.parse_args()
    if not SHARED.is_dir():
        print(f"skipped: the shared data folder {SHARED} is absent")
        return
    seeds = arguments.seeds or SEEDS[arguments.people]
    folders = {
        cameras: [compose(arguments.out, arguments.people, cameras, seed) for seed in seeds] for cameras in CAMERA_SETS
    }
    for tracks in arguments.tracks:
        scenes = {
            cameras: [read(folder, tracks, arguments.threads, worn=arguments.worn) for folder in some]
            for cameras, some in folders.items()
        }
        print_table(tracks, scenes, rules_without_parts() if arguments.parts else rules())


@dataclass(frozen=True, eq=False)
class Scene:
    """One scene: its tracklets and its photos."""

    tracklets: list[Seen]
    photos: list[Described]


def read(folder: Path, tracks: Tracks, threads: int, *, worn: bool) -> Scene:
    """The tracklets and photos of a scene."""
    return Scene(seen_in_scene(folder, tracks, threads, worn=worn), photos(folder))


def rules() -> list[Rule]:
    """The rows of the table, what is shipped first.

    Unless a row says otherwise the mean is that of all crops, weighted by quality.
    """
    shipped = partial(keep_as_shipped, count=5)
    return [
        Rule("as shipped: of five parts' middles", shipped, by_quality),
        Rule("the same, looking ahead", partial(keep_middles, count=5), by_quality),
        Rule("shipped before: best 5, 0.7 s apart", partial(keep_one_by_one, count=5, seconds=0.7), by_quality),
        Rule("best 5", partial(keep_best, count=5), by_quality),
        Rule("5 unlike each other, of the better half", partial(keep_spread, count=5), by_quality),
        Rule("5 even in time", partial(keep_even, count=5), by_quality),
        Rule("5 at random", partial(keep_random, count=5), by_quality),
        Rule("first 5", partial(keep_first, count=5), by_quality),
        Rule("largest 5", partial(keep_largest, count=5), by_quality),
        Rule("first 5, mean of those alone", partial(keep_first, count=5), kept_equally),
        Rule("largest 5, mean of those alone", partial(keep_largest, count=5), kept_equally),
        Rule("none, mean of all", keep_none, equally),
        Rule("none, PP-Human's mean as it runs", keep_none, partial(pp_human, meant=False)),
        Rule("none, PP-Human's mean as meant", keep_none, partial(pp_human, meant=True)),
        *(Rule(f"as shipped, but {count}", partial(keep_as_shipped, count=count), by_quality) for count in (1, 3, 8)),
        Rule("as shipped, all weigh the same", shipped, equally),
        Rule("as shipped, mean of the kept alone", shipped, kept_equally),
    ]


def rules_without_parts() -> list[Rule]:
    """What is shipped, then the same by a quality that lacks one of its parts."""
    lacking = {part: partial(ours_without, part=part) for part in PARTS}
    return [
        rules()[0],
        *(
            Rule(
                f"quality without {part}", partial(keep_as_shipped, count=5, rate=rate), partial(by_quality, rate=rate)
            )
            for part, rate in lacking.items()
        ),
    ]


def score(scenes: Sequence[Scene], rule: Rule) -> tuple[Found, Found]:
    """What tracklets and photos find under a rule."""
    by_tracklet, by_photo = [], []
    for scene in scenes:
        described = [Described(one.camera, one.person, rule.describe(one.looks)) for one in scene.tracklets]
        by_tracklet.append(find_each(described, described))
        by_photo.append(find_each(scene.photos, described))
    return together(by_tracklet), together(by_photo)


def print_table(tracks: Tracks, scenes: dict[str, list[Scene]], rows: Sequence[Rule]) -> None:
    """One row per rule; differences from the first one."""
    count = {cameras: sum(len(scene.tracklets) for scene in some) for cameras, some in scenes.items()}
    print(f"\n{tracks} tracks: " + ", ".join(f"{n} tracklets in the scenes {cameras}" for cameras, n in count.items()))
    titles = [f"{cameras}: {name}" for cameras in scenes for name in ("mAP", "rank-1", "difference", "photo mAP")]
    titles += ["all: mAP", "all: difference", "all: photo mAP", "all: photo difference"]
    print("\n| rule | " + " | ".join(titles) + " |")
    print("|---" * (1 + len(titles)) + "|")
    base: dict[str, tuple[Found, Found]] = {}
    for rule in rows:
        found = {cameras: score(some, rule) for cameras, some in scenes.items()}
        base = base or found
        cells = []
        for cameras, (tracklets, pictures) in found.items():
            low, high = difference(tracklets, base[cameras][0])
            cells += [f"{tracklets.mean_precision:.4f}", f"{tracklets.rank1:.3f}", f"{low:+.4f} to {high:+.4f}"]
            cells.append(f"{pictures.mean_precision:.4f}")
        for kind in (0, 1):
            pooled = strangers([one[kind] for one in found.values()])
            low, high = difference(pooled, strangers([one[kind] for one in base.values()]))
            cells += [f"{pooled.mean_precision:.4f}", f"{low:+.4f} to {high:+.4f}"]
        print(f"| {rule.name} | " + " | ".join(cells) + " |", flush=True)


def strangers(found: Sequence[Found]) -> Found:
    """The queries of several camera sets as one; nobody is in two of them, whatever their numbers."""
    apart = [Found(one.people + 1_000_000 * k, one.precision, one.first) for k, one in enumerate(found)]
    return together(apart)


if __name__ == "__main__":
    main()
