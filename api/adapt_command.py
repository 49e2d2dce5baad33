"""``passerby adapt``: an embedder that learns a gallery's own cameras."""

from collections.abc import Callable
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.export_command import images_of, named, network_file
from api.options import Data, Json, at_least_one, data_folder
from api.output import print_json, print_table, say, write
from api.progress import progress_bars
from api.reembed_command import switch_to
from api.stopping import Stopped, stopped_by_signals
from gallery.errors import ConfigError
from ingest.stop import Stop

if TYPE_CHECKING:
    from ingest.catalogue import Installed
    from training.adaptation import Round
    from training.adapting import Adapted
    from training.export_request import Written
    from training.network import ReidNetwork


STOPPED = "stopped; nothing was written, and the gallery is as it was"
MOST_TRACKLETS = 5000
"""Every pair of them is compared: ten tables of so many squared need 2 GB."""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(adapt)


def share(parameter: typer.CallbackParam, value: float) -> float:
    """Refuses what is no share of the tracklets to hold out."""
    if not 0.05 <= value <= 0.5:
        raise ConfigError(f"{parameter.opts[0]} {value:g} is out of range; give 0.05 to 0.5")
    return value


def few_enough(parameter: typer.CallbackParam, value: int) -> int:
    """Refuses so many tracklets that tables of all their pairs do not fit into memory."""
    at_least_one(parameter, value)
    if value > MOST_TRACKLETS:
        raise ConfigError(f"{parameter.opts[0]} {value} is too large; give at most {MOST_TRACKLETS}")
    return value


def adapt(
    network: Annotated[
        Path | None,
        typer.Argument(
            metavar="NETWORK",
            help="What the gallery's vectors come from: the folder of a run, or a network file (.npz).",
            show_default="the weights beside the gallery's embedder",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the adapted network.")] = Path("adapted"),
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Name of the adapted embedder.", show_default="the present one's, -adapted"),
    ] = None,
    switch: Annotated[
        bool,
        typer.Option("--switch", help="If the check passes, keep the network and embed the gallery anew with it."),
    ] = False,
    rounds: Annotated[int, typer.Option(metavar="N", help="Rounds of grouping and learning; 0: statistics only.")] = 5,
    passes: Annotated[float, typer.Option(metavar="N", help="How often a crop is learnt in a round.")] = 3.0,
    lr: Annotated[float, typer.Option(metavar="RATE", help="Learning rate.")] = 2e-4,
    times: Annotated[
        bool, typer.Option("--times/--no-times", help="Let the times between tracklets help to group them.")
    ] = True,
    hold_out: Annotated[
        float, typer.Option(metavar="P", callback=share, help="Share of the tracklets that the check is made on.")
    ] = 0.25,
    check: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME=]DATA",
            help="Named people to check on, too: a folder or list as for `passerby train`, best of these cameras. "
            "May be given again.",
            show_default=False,
        ),
    ] = None,
    tracklets: Annotated[
        int, typer.Option(metavar="N", callback=few_enough, help="Most tracklets to learn from, drawn by chance.")
    ] = 1500,
    seed: Annotated[int, typer.Option(metavar="N", help="Of all chance.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Let an embedder learn a gallery's own cameras; nobody has to be named.

    The statistics of its normalisations become those of the footage; then it groups tracklets by looks and by the times
    between cameras, and learns to tell the groups apart. A quarter of the tracklets is held out: what finds less among
    them than before is not kept, and the exit code is 1 if nothing is. That check notices harm; how much more is found
    only named people can say (--check). The gallery stays as it is without --switch.

    Example: passerby adapt run --out adapted --switch
    """
    if find_spec("paddle") is None or find_spec("onnx") is None:
        raise ConfigError(
            "adapting needs PaddlePaddle and onnx, which are not installed; pip install 'passerby[train]'"
        )
    from api.gallery_footage import is_mirrored, own_weights, read_footage
    from gallery.store import Gallery
    from ingest.catalogue import find
    from ingest.models import BUILT_IN, embedder_thresholds
    from training.adaptation import AdaptSettings
    from training.adapting import adapt as adapt_network
    from training.export import open_network
    from training.export_request import refuse_existing, target_files
    from training.footage import embed_footage

    settings = AdaptSettings(rounds=rounds, passes=passes, lr=lr, times=times, seed=seed)
    people = images_of(check, (), skip_bad=False)
    with Gallery.open(data_folder(data)) as gallery:
        identity = gallery.embedder
        kept = read_footage(gallery, tracklets, seed)
        if identity is None:
            raise ConfigError(f"gallery {gallery.folder} is empty: ingest a video first")
        called = named(Path(f"{identity.name}-adapted.npz"), name)
        if called == identity.name:
            raise ConfigError(
                f"the gallery's vectors are of '{called}', which --name would replace; choose another name for the adapted one"
            )
        if not overwrite:
            refuse_existing([*target_files(out, called, ("onnx",), int8=False), out / f"{called}.npz"])
        source = own_weights(identity) if network is None else network_file(network)
        loaded = open_network(source)
        known = embedder_thresholds(identity.name)
        say(
            f"{source.name}: {len(kept.footage)} tracklets, {len(kept.footage.crops)} crops of "
            f"{', '.join(kept.cameras)}"
        )
        before = embed_footage(loaded, kept.footage)
        mirror = is_mirrored(loaded, before, kept, source.name)
        with progress_bars("steps") as bars:
            adapted = stopped_adaptation(
                lambda stop: adapt_network(
                    loaded,
                    kept.footage,
                    settings,
                    known,
                    before=before,
                    hold_out=hold_out,
                    people=people,
                    on_round=told_round,
                    on_step=lambda done, total: bars("learnt", done, total),
                    stop=stop,
                )
            )
        written, switched = None, False
        if adapted.kept is not None:
            like = None if identity.name in BUILT_IN["embedder"] else find(identity.name)
            summary = f"{identity.name}, adapted to {', '.join(kept.cameras)}"
            written = written_network(
                loaded, adapted, like, out, called, summary=summary, mirror=mirror, overwrite=overwrite
            )
            if switch:
                switched = switch_to(gallery, written.path) > 0
    show(adapted, written, switched=switched, as_json=as_json)
    if adapted.kept is None:
        raise typer.Exit(1)


def stopped_adaptation(run: "Callable[[Stop], Adapted]") -> "Adapted":
    """Lets an adaptation be ended by Ctrl-C.

    Raises:
        Stopped: If it was.
    """
    stop = Stop()
    try:
        with stopped_by_signals(stop):
            adapted = run(stop)
    except KeyboardInterrupt as error:
        raise Stopped(STOPPED) from error
    if stop.reason is not None:  # it came where nothing was asked any more, for example in the last check
        raise Stopped(STOPPED)
    return adapted


def written_network(
    network: "ReidNetwork",
    adapted: "Adapted",
    like: "Installed | None",
    out: Path,
    name: str,
    *,
    summary: str,
    mirror: bool,
    overwrite: bool,
) -> "Written":
    """Writes the adapted network: NAME.npz, from which it can learn on, and NAME.onnx with its description."""
    from training.export import export as write_network
    from training.export_request import Request
    from training.held_out import GivenThresholds
    from training.weights import save_network

    limits = adapted.thresholds
    request = Request(
        out=out,
        name=name,
        forms=("onnx",),
        thresholds=GivenThresholds(limits.operating_point, limits.visit_similarity, limits.max_cosine_distance),
        mirror=mirror,
        summary=summary,
        licence="not stated" if like is None else like.network.licence,
        overwrite=overwrite,
    )
    written = write_network(network, request)[0]
    save_network(out / f"{name}.npz", network)
    return written


def told_round(done: "Round") -> None:
    """One line for each round."""
    say(f"round {done.number}: {done.groups} groups, {done.joined} of them in several cameras; loss {done.loss:.3f}")


def show(adapted: "Adapted", written: "Written | None", *, switched: bool, as_json: bool) -> None:
    """What the check said, what was written, and what comes next."""
    if as_json:
        print_json(
            {
                "kept": adapted.kept,
                "learnt": adapted.learnt,
                "held_out": adapted.held,
                "rounds": [asdict(one) for one in adapted.rounds],
                "checks": [
                    {"stage": one.stage, "passed": one.passed, "measures": [asdict(m) for m in one.compared]}
                    for one in adapted.checked
                ],
                "thresholds": asdict(adapted.thresholds),
                "file": None if written is None else written.path.absolute(),
                "switched": switched,
            }
        )
        return
    rows = [
        (one.stage, m.name, m.asked, m.before, m.after, f"{m.change.low:+.3f} to {m.change.high:+.3f}", m.worse)
        for one in adapted.checked
        for m in one.compared
    ]
    title = f"Checked on {adapted.held} tracklets that were held out"
    print_table(title, ("stage", "measure", "asked", "before", "after", "change, 95 %", "worse"), rows)
    if written is None:
        write("Nothing is switched to: " + why_not(adapted))
        return
    write(f"Kept: {adapted.kept}. {written.path}, operating point {adapted.thresholds.operating_point:.3f}")
    if switched:
        write(f"The gallery's vectors are of {written.path.stem} now; `passerby ingest` takes it by itself.")
    else:
        write("To search with it:")
        write(f"  passerby models add {written.path}")
        write(f"  passerby reembed --embedder {written.path.stem}")


def why_not(adapted: "Adapted") -> str:
    """Why an adapted network is not to be used."""
    if not any(one.compared for one in adapted.checked):
        return (
            "too little is known of these tracklets to check it (people of one camera at the same time, or typical times "
            "between cameras, are needed); ingest more"
        )
    return "each stage finds less among the tracklets that were held out than before"
