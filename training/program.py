"""A network as the list of the operations that it computes an embedding by, read from Paddle's own trace of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from gallery.errors import ModelError
from ingest.library_output import nothing_printed
from ingest.paddle_library import FAILURES, paddle
from training.network import ReidNetwork

IMAGES = "images"
"""Name of the input in every export."""

EMBEDDING = "embedding"
"""Name of the output in every export."""


@dataclass(frozen=True, eq=False)
class Operation:
    """One step of a network.

    Attributes:
        kind: Paddle's name for it, "conv2d".
        inputs: Which value, or which values in a list, it takes for each of its arguments.
        output: The value that it gives.
        attributes: Its settings, by Paddle's names.
    """

    kind: str
    inputs: Mapping[str, str | tuple[str, ...]]
    output: str
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def takes(self) -> tuple[str, ...]:
        """All values that it needs."""
        given = ((value,) if isinstance(value, str) else value for value in self.inputs.values())
        return tuple(value for values in given for value in values)


@dataclass(frozen=True, eq=False)
class Program:
    """What a network computes: ``IMAGES`` (B, 3, H, W) to ``output`` (B, D), both float32.

    Attributes:
        operations: In the order of their computation.
        constants: Values that are known: the parameters.
        ranks: Number of axes of every value, constants too.
        output: The value that is the embedding.
    """

    operations: tuple[Operation, ...]
    constants: Mapping[str, NDArray[Any]]
    ranks: Mapping[str, int]
    output: str


def traced(network: ReidNetwork) -> Any:
    """The network as Paddle's static graph, for batches of any size; the network itself stays as it is.

    Raises:
        ModelError: If Paddle cannot make a graph of it.
    """
    network.eval()
    settings = network.settings
    images = paddle.static.InputSpec([-1, 3, settings.height, settings.width], "float32", IMAGES)
    try:
        with nothing_printed():  # Paddle warns of its own calls while it traces
            static = paddle.jit.to_static(network.forward, input_spec=[images], full_graph=True)
            static.concrete_program_specify_input_spec(input_spec=None)
    except FAILURES as error:
        raise ModelError(f"Paddle cannot make a graph of {settings.backbone} ({_last_line(error)})") from error
    return static


def read_trace(network: ReidNetwork, static: Any) -> Program:
    """The program of a network.

    Args:
        network: Whose parameters it has.
        static: Its trace.

    Raises:
        ModelError: If it does not give one embedding.
    """
    concrete = static.concrete_program_specify_input_spec(input_spec=None)
    parameters = {value.name: value.numpy() for value in network.state_dict().values()}
    operations: list[Operation] = []
    constants: dict[str, NDArray[Any]] = {}
    lists: dict[str, tuple[str, ...]] = {}
    names: dict[str, str] = {}
    ranks: dict[str, int] = {}
    for step in concrete.main_program.global_block().ops:
        kind, attributes = step.name().partition(".")[2], step.attrs()
        results = step.results()
        name = IMAGES if kind == "data" else f"{kind}_{len(names)}"
        names[results[0].id] = name
        sources = [names[source.id] if source.initialized() else "" for source in step.operands_source()]
        if kind == "combine":
            lists[name] = tuple(sources)
            continue
        ranks[name] = len(results[0].shape)
        if kind == "parameter":
            constants[name] = parameters[attributes["parameter_name"]]
        elif kind != "data":
            given = dict(zip(step.get_input_names(), sources, strict=True))
            inputs = {argument: lists.get(value) or value for argument, value in given.items() if value}
            operations.append(Operation(kind, inputs, name, attributes))
    if len(concrete.outputs) != 1:
        raise ModelError(f"the network gives {len(concrete.outputs)} outputs; it must give one embedding")
    return Program(tuple(operations), constants, ranks, names[concrete.outputs[0].id])


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
