"""``passerby models import``: a checkpoint of another project as a network file of ours."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from api.options import Json
from api.output import print_json, print_table, say, write
from gallery.errors import ConfigError

if TYPE_CHECKING:
    from training.importing import Imported

_SUFFIXES = re.compile(r"(\.(pth|pt|tar|pdparams|ckpt|bin|pkl)(-\d+)?)+$")


def import_network(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Weights from PyTorch: .pth, .pt or .pth.tar.")],
    architecture: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What it is, such as torchreid/osnet_x1_0, fast-reid/sbs_R50, torchvision/resnet50, or twin/BACKBONE "
            "for a network of ours from PyTorch; docs/models.md lists them. (default: by its parameters)",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.npz", help="The network file. (default: FILE with .npz)", show_default=False),
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(
            metavar="HxW",
            help="Height and width of the images it was trained on, pixels. (default: as usual for it)",
            show_default=False,
        ),
    ] = None,
    last_stride: Annotated[
        int | None,
        typer.Option(
            metavar="1|2",
            min=1,
            max=2,
            help="Of the backbone's last stage, which its parameters do not show. (default: as usual for it)",
            show_default=False,
        ),
    ] = None,
    entry: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Entry of the checkpoint with the weights, such as ema. (default: state_dict, model, ...)",
            show_default=False,
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the network file if it is there.")] = False,
    as_json: Json = False,
) -> None:
    """Make a network file of ours from a checkpoint of torchreid, fast-reid or torchvision.

    Nothing in the checkpoint is run. Every parameter must find its place, except those of the classifier, which are
    left out. The network can be trained further or exported then.

    Example: passerby models import osnet_x1_0_msmt17.pth
    """
    target = out or file.with_name(_SUFFIXES.sub("", file.name) + ".npz")
    if target.suffix != ".npz":
        raise ConfigError(f"cannot write a network to {target}; let the name of --out end in .npz")
    if target.exists() and not overwrite:
        raise ConfigError(f"{target} is there already; choose another --out, or replace it by --overwrite")
    height, width = read_size(size)
    stride: Literal[1, 2] | None = None if last_stride is None else 1 if last_stride == 1 else 2

    from training.importing import import_checkpoint, origin
    from training.weights import save_network

    found = import_checkpoint(file, architecture, entry=entry, height=height, width=width, last_stride=stride)
    save_network(target, found.network, {"origin": origin(file, found)})
    show(found, target, as_json=as_json)


def read_size(size: str | None) -> tuple[int | None, int | None]:
    """The height and width of "256x128".

    Raises:
        ConfigError: It is no such text.
    """
    if size is None:
        return None, None
    if not re.fullmatch(r"\d{1,5}x\d{1,5}", size):
        raise ConfigError(f"--size is '{size}'; give height and width in pixels, such as 256x128")
    height, width = size.split("x")
    return int(height), int(width)


def show(found: "Imported", target: Path, *, as_json: bool) -> None:
    """What was made, what was left out, and what comes next."""
    from training.start_weights import options_of

    settings = found.network.settings
    for line in (
        f"left out, as only its training needed it: {', '.join(found.dropped)}" if found.dropped else "",
        f"passed over in the checkpoint, and not run: {', '.join(found.passed_over)}" if found.passed_over else "",
        f"its weights were under '{found.entry}' of the checkpoint" if found.entry else "",
    ):
        if line:
            say(line)
    if as_json:
        print_json(
            {
                "path": target,
                "architecture": found.architecture,
                "backbone": settings.backbone,
                "dimension": found.network.dimension,
                "height": settings.height,
                "width": settings.width,
                "entry": found.entry or None,
                "dropped": found.dropped,
                "passed_over": found.passed_over,
            }
        )
        return
    rows = [
        ("file", str(target)),
        ("architecture", found.architecture),
        ("backbone", settings.backbone),
        ("embedding", f"{found.network.dimension} numbers"),
        ("input", f"{settings.height} high, {settings.width} wide, RGB by ImageNet's mean and deviation"),
    ]
    print_table("Imported", ("", ""), rows)
    write("To search with it, export it to what runs everywhere, with images of people it did not learn from:")
    write(f"  passerby export {target} --data DATA")
    write("To train it further with people of your own:")
    write(f"  passerby train DATA {options_of(settings)} --weights {target}")
