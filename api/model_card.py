"""What one network is, and its model card: ``passerby models show``."""

from pathlib import Path
from typing import Any

from api.output import write
from ingest.catalogue import Installed, find, identify, installed, known
from ingest.models import BUILT_IN
from ingest.runtimes import SUFFIXES
from ingest.sidecar import Network

Description = dict[str, Any]


def describe_model(name: str) -> Description:
    """All that is known of a network.

    Args:
        name: Of a network that is built in, of the catalogue (installed or not) or added; or the path of a network file.

    Returns:
        name, kind, licence, summary, upstream, obtain, installed, path, megabytes, input, dimension, thresholds, card. What does
        not apply is None.

    Raises:
        ModelError: If there is no such network.
    """
    for kind, names in BUILT_IN.items():
        if name in names:
            return _description(
                Network(name, kind, "part of the package, without weights", "Apache-2.0", "", "", None, ())
            )
    if Path(name).suffix in SUFFIXES or Path(name).is_dir():
        model = identify(Path(name))
    elif name in known() and all(one.network.name != name for one in installed()):
        return _description(known()[name])
    else:
        model = find(name)
    return _description(model.network, model)


def print_model(model: Description) -> None:
    """Writes the description, a line for each fact, and below it the card."""
    how = f"`passerby models pull {model['name']}`"
    facts = {key: value for key, value in model.items() if key not in ("card", "obtain") and value is not None}
    facts["installed"] = "yes" if model["installed"] else f"no; {model['obtain'] or how}"
    facts["input"] = _input_text(model["input"])
    facts["thresholds"] = ", ".join(f"{key} {value}" for key, value in (model["thresholds"] or {}).items())
    if model["megabytes"] is not None:
        facts["megabytes"] = f"{model['megabytes']:.2f}"
    width = max(map(len, facts))
    for key, value in facts.items():
        if value:
            write(f"{key:<{width}}  {value}")
    if model["card"]:
        write()
        write(model["card"].rstrip())


def _description(network: Network, model: Installed | None = None) -> Description:
    card = None if model is None else model.path.with_suffix(".md")
    form, thresholds = network.input, network.thresholds
    return {
        "name": network.name,
        "kind": network.kind,
        "licence": network.licence,
        "summary": network.summary,
        "upstream": network.upstream or None,
        "obtain": network.obtain or None,
        "installed": model is not None or not network.files,
        "path": None if model is None else model.path,
        "megabytes": None if model is None else sum(path.stat().st_size for path in model.paths) / 1e6,
        "input": None if form is None else {"height": form.height, "width": form.width, "colour": form.colour},
        "dimension": network.dimension or None,
        "thresholds": None if thresholds is None else vars(thresholds),
        "card": card.read_text() if card is not None and card.is_file() else None,
    }


def _input_text(form: dict[str, Any] | None) -> str:
    return "" if form is None else f"{form['height']} high, {form['width']} wide, {form['colour'].upper()}"
