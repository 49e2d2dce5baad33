"""Other projects' networks in NumPy: what their parameters are called, and what they compute. A slow, obvious twin.

Names and shapes are written by formula, as ``state_dict()`` lists them in torchreid, fast-reid and torchvision; the
forward passes read the parameters by these names.
"""

import numpy as np

EPSILON = 1e-5
OSNET_WIDTHS = {
    "x1_0": (64, 256, 384, 512),
    "x0_75": (48, 192, 288, 384),
    "x0_5": (32, 128, 192, 256),
    "x0_25": (16, 64, 96, 128),
}
RESNET_BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
NON_LOCAL_BLOCKS = {50: (0, 2, 3, 0), 101: (0, 2, 9, 0)}
INSIDE = {("conv2", 0), ("conv2", 1), ("conv3", 1), ("conv4", 0)}  # OSNet-AIN's blocks with instance normalisation

Shapes = dict[str, tuple[int, ...]]
State = dict[str, np.ndarray]


def norm_shapes(name: str, channels: int, kind: str = "batch") -> Shapes:
    affine = {f"{name}.weight": (channels,), f"{name}.bias": (channels,)}
    if kind == "instance":
        return affine
    if kind == "ibn":
        half = channels // 2
        return {**norm_shapes(f"{name}.IN", half, "instance"), **norm_shapes(f"{name}.BN", channels - half)}
    statistics = {f"{name}.running_mean": (channels,), f"{name}.running_var": (channels,)}
    return {**affine, **statistics, f"{name}.num_batches_tracked": ()}


def conv_bn_shapes(name: str, inputs: int, outputs: int, kernel: int = 1, kind: str = "batch") -> Shapes:
    return {
        f"{name}.conv.weight": (outputs, inputs, kernel, kernel),
        **({} if kind == "none" else norm_shapes(f"{name}.bn", outputs, kind)),
    }


def osnet_shapes(scale: str, variant: str = "") -> Shapes:
    """torchreid's osnet_x..., osnet_ibn_x... and osnet_ain_x..."""
    stem, *widths = OSNET_WIDTHS[scale]
    shapes = conv_bn_shapes("conv1", 3, stem, 7, "instance" if variant else "batch")
    inputs = stem
    for stage, width in zip(("conv2", "conv3", "conv4"), widths, strict=True):
        for block in range(2):
            name, middle = f"{stage}.{block}", width // 4
            shapes |= conv_bn_shapes(f"{name}.conv1", inputs, middle)
            for stream in stream_names(name, variant):
                for light in stream:
                    shapes[f"{light}.conv1.weight"] = (middle, middle, 1, 1)
                    shapes[f"{light}.conv2.weight"] = (middle, 1, 3, 3)
                    shapes |= norm_shapes(f"{light}.bn", middle)
            for layer, (i, o) in {"fc1": (middle, middle // 16), "fc2": (middle // 16, middle)}.items():
                shapes |= {f"{name}.gate.{layer}.weight": (o, i, 1, 1), f"{name}.gate.{layer}.bias": (o,)}
            inside = variant == "ain" and (stage, block) in INSIDE
            shapes |= conv_bn_shapes(f"{name}.conv3", middle, width, kind="none" if inside else "batch")
            if inputs != width:
                shapes |= conv_bn_shapes(f"{name}.downsample", inputs, width)
            if inside or (variant == "ibn" and stage == "conv2"):
                shapes |= norm_shapes(f"{name}.IN", width, "instance")
            inputs = width
        if stage != "conv4":
            shapes |= conv_bn_shapes(pool_name(stage, variant), width, width)
    shapes |= conv_bn_shapes("conv5", inputs, inputs)
    shapes |= {"fc.0.weight": (512, inputs), "fc.0.bias": (512,), **norm_shapes("fc.1", 512)}
    return {**shapes, "classifier.weight": (11, 512), "classifier.bias": (11,)}


def stream_names(block: str, variant: str) -> list[list[str]]:
    """The light convolutions of the four streams of a block."""
    if variant == "ain":
        return [[f"{block}.conv2.{t}.layers.{i}" for i in range(t + 1)] for t in range(4)]
    return [
        [f"{block}.conv2a"],
        *[[f"{block}.conv2{letter}.{i}" for i in range(n)] for letter, n in (("b", 2), ("c", 3), ("d", 4))],
    ]


def pool_name(stage: str, variant: str) -> str:
    return f"pool{stage[-1]}.0" if variant == "ain" else f"{stage}.2.0"


def resnet_shapes(depth: int, *, ibn: bool = False, non_local: bool = False, prefix: str = "") -> Shapes:
    """Torchvision's body."""
    shapes: Shapes = {f"{prefix}conv1.weight": (64, 3, 7, 7), **norm_shapes(f"{prefix}bn1", 64)}
    inputs, expansion = 64, 4 if depth >= 50 else 1
    for stage, count in enumerate(RESNET_BLOCKS[depth]):
        width = 64 * 2**stage
        for block in range(count):
            name = f"{prefix}layer{stage + 1}.{block}"
            sizes = [(inputs, width, 1), (width, width, 3), (width, 4 * width, 1)]
            if depth < 50:
                sizes = [(inputs, width, 3), (width, width, 3)]
            for number, (i, o, kernel) in enumerate(sizes, start=1):
                shapes[f"{name}.conv{number}.weight"] = (o, i, kernel, kernel)
                shapes |= norm_shapes(f"{name}.bn{number}", o, "ibn" if ibn and stage < 3 and number == 1 else "batch")
            if block == 0 and (stage > 0 or depth >= 50):
                shapes[f"{name}.downsample.0.weight"] = (expansion * width, inputs, 1, 1)
                shapes |= norm_shapes(f"{name}.downsample.1", expansion * width)
            inputs = expansion * width
        if non_local:
            for number in range(NON_LOCAL_BLOCKS[depth][stage]):
                name = f"{prefix}NL_{stage + 1}.{number}"
                shapes |= {f"{name}.g.weight": (1, inputs, 1, 1), f"{name}.g.bias": (1,)}
                shapes |= {f"{name}.W.0.weight": (inputs, 1, 1, 1), f"{name}.W.0.bias": (inputs,)}
                shapes |= norm_shapes(f"{name}.W.1", inputs)
                for part in ("theta", "phi"):
                    shapes |= {f"{name}.{part}.weight": (1, inputs, 1, 1), f"{name}.{part}.bias": (1,)}
    return shapes


def fast_reid_shapes(recipe: str, depth: int, *, ibn: bool = False, embedding: int = 0) -> Shapes:
    """fast-reid's bagtricks, AGW and sbs."""
    channels = 2048
    shapes = resnet_shapes(depth, ibn=ibn, non_local=recipe != "bagtricks", prefix="backbone.")
    if recipe == "sbs":
        shapes["heads.pool_layer.p"] = (1,)
    if embedding:
        shapes["heads.bottleneck.0.weight"] = (embedding, channels, 1, 1)
    shapes |= norm_shapes(f"heads.bottleneck.{1 if embedding else 0}", embedding or channels)
    return {**shapes, "heads.weight": (11, embedding or channels)}


def draw(shapes: Shapes, seed: int = 0) -> State:
    """Weights that keep values of about 1, and statistics that no fresh network has."""
    rng = np.random.default_rng(seed)
    state: State = {}
    for name, shape in shapes.items():
        last = name.rsplit(".", 1)[-1]
        if last == "num_batches_tracked":
            state[name] = np.array(5)
        elif last == "running_var" or (last == "weight" and len(shape) == 1):
            state[name] = rng.uniform(0.5, 1.5, shape).astype(np.float32)
        elif last == "p":
            state[name] = np.full(shape, 3.3, np.float32)
        elif ".NL_" in name and name.endswith(
            ("g.weight", "theta.weight", "phi.weight")
        ):  # multiplied with one another
            state[name] = rng.normal(0, 0.2 / np.sqrt(shape[1]), shape).astype(np.float32)
        elif len(shape) > 1:
            state[name] = rng.normal(0, np.sqrt(1 / np.prod(shape[1:])), shape).astype(np.float32)
        else:
            state[name] = rng.normal(0, 0.2, shape).astype(np.float32)
    return state


def conv(
    x: np.ndarray, weight: np.ndarray, stride: int = 1, groups: int = 1, bias: np.ndarray | None = None
) -> np.ndarray:
    """(B, C, h, w) by "same" padding."""
    size = weight.shape[-1]
    pad = (size - 1) // 2
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), (2, 3))[:, :, ::stride, ::stride]
    if groups == 1:
        y = np.tensordot(windows, weight, ((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2)
    else:
        y = np.einsum("bchwij,cij->bchw", windows, weight[:, 0])
    return y if bias is None else y + bias[:, None, None]


def norm(x: np.ndarray, state: State, name: str) -> np.ndarray:
    """Whichever normalisation has parameters of that name."""
    if f"{name}.IN.weight" in state:
        half = x.shape[1] // 2
        return np.concatenate([norm(x[:, :half], state, f"{name}.IN"), norm(x[:, half:], state, f"{name}.BN")], 1)
    if f"{name}.running_mean" in state:
        mean, variance = (state[f"{name}.running_{what}"].reshape(1, -1, 1, 1) for what in ("mean", "var"))
    else:
        mean, variance = x.mean((2, 3), keepdims=True), x.var((2, 3), keepdims=True)
    scale, shift = (state[f"{name}.{what}"].reshape(1, -1, 1, 1) for what in ("weight", "bias"))
    return (x - mean) / np.sqrt(variance + EPSILON) * scale + shift


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def max_pool(x: np.ndarray, *, padded: bool = True) -> np.ndarray:
    """3×3, stride 2: from one pixel before the edge, or from the edge on and over the other one."""
    h, w = x.shape[2:]
    ends = [(1, 1)] * 2 if padded else [(0, (size - 3) % 2) for size in (h, w)]
    x = np.pad(x, ((0, 0), (0, 0), *ends), constant_values=-np.inf)
    return np.lib.stride_tricks.sliding_window_view(x, (3, 3), (2, 3))[:, :, ::2, ::2].max((4, 5))


def mean_pool(x: np.ndarray) -> np.ndarray:
    b, c, h, w = x.shape
    return x.reshape(b, c, h // 2, 2, w // 2, 2).mean((3, 5))


def osnet(x: np.ndarray, state: State, variant: str = "") -> np.ndarray:
    """(B, 3, H, W) to (B, 512) as torchreid's in evaluation."""

    def conv_bn(x: np.ndarray, name: str, stride: int = 1) -> np.ndarray:
        y = conv(x, state[f"{name}.conv.weight"], stride)
        return norm(y, state, f"{name}.bn") if f"{name}.bn.weight" in state else y

    def light(x: np.ndarray, name: str) -> np.ndarray:
        y = conv(conv(x, state[f"{name}.conv1.weight"]), state[f"{name}.conv2.weight"], groups=x.shape[1])
        return relu(norm(y, state, f"{name}.bn"))

    def gate(x: np.ndarray, name: str) -> np.ndarray:
        y = x.mean((2, 3), keepdims=True)
        y = relu(conv(y, state[f"{name}.fc1.weight"], bias=state[f"{name}.fc1.bias"]))
        return x / (1 + np.exp(-conv(y, state[f"{name}.fc2.weight"], bias=state[f"{name}.fc2.bias"])))

    x = max_pool(relu(conv_bn(x, "conv1", 2)))
    for stage in ("conv2", "conv3", "conv4"):
        for block in range(2):
            name = f"{stage}.{block}"
            start, total = relu(conv_bn(x, f"{name}.conv1")), 0
            for stream in stream_names(name, variant):
                y = start
                for layer in stream:
                    y = light(y, layer)
                total = total + gate(y, f"{name}.gate")
            y = conv_bn(total, f"{name}.conv3")
            short = conv_bn(x, f"{name}.downsample") if f"{name}.downsample.conv.weight" in state else x
            if variant == "ain" and f"{name}.IN.weight" in state:
                x = relu(norm(y, state, f"{name}.IN") + short)
            elif f"{name}.IN.weight" in state:
                x = relu(norm(y + short, state, f"{name}.IN"))
            else:
                x = relu(y + short)
        if stage != "conv4":
            x = mean_pool(relu(conv_bn(x, pool_name(stage, variant))))
    x = relu(conv_bn(x, "conv5")).mean((2, 3))
    return fully_connected(x, state)


def fully_connected(x: np.ndarray, state: State) -> np.ndarray:
    """torchreid's head: a layer, a normalisation, a ReLU."""
    y = x @ state["fc.0.weight"].T + state["fc.0.bias"]
    return relu(norm(y[:, :, None, None], state, "fc.1")[:, :, 0, 0])


def resnet(x: np.ndarray, state: State, depth: int, *, last_stride: int = 2, prefix: str = "") -> np.ndarray:
    """(B, 3, H, W) to a feature map; fast-reid's (``prefix`` "backbone.") pools the stem otherwise, and has non-local blocks."""
    x = relu(norm(conv(x, state[f"{prefix}conv1.weight"], 2), state, f"{prefix}bn1"))
    x = max_pool(x, padded=not prefix)
    for stage, count in enumerate(RESNET_BLOCKS[depth], start=1):
        for block in range(count):
            name = f"{prefix}layer{stage}.{block}"
            stride = (1, 2, 2, last_stride)[stage - 1] if block == 0 else 1
            y = x
            parts = 3 if depth >= 50 else 2
            for part in range(1, parts + 1):
                step = stride if part == parts - 1 else 1
                y = norm(conv(y, state[f"{name}.conv{part}.weight"], step), state, f"{name}.bn{part}")
                y = relu(y) if part < parts else y
            if f"{name}.downsample.0.weight" in state:
                x = norm(conv(x, state[f"{name}.downsample.0.weight"], stride), state, f"{name}.downsample.1")
            x = relu(x + y)
            blocks = sum(f"{prefix}NL_{stage}.{number}.g.weight" in state for number in range(count))
            if count - block <= blocks:
                x = non_local(x, state, f"{prefix}NL_{stage}.{block - count + blocks}")
    return x


def non_local(x: np.ndarray, state: State, name: str) -> np.ndarray:
    """The (h·w)² products written out."""
    b, _, h, w = x.shape
    g, theta, phi = (
        conv(x, state[f"{name}.{p}.weight"], bias=state[f"{name}.{p}.bias"]).reshape(b, h * w)
        for p in ("g", "theta", "phi")
    )
    products = theta[:, :, None] * phi[:, None, :] / (h * w)
    y = np.einsum("bij,bj->bi", products, g).reshape(b, 1, h, w)
    return x + norm(conv(y, state[f"{name}.W.0.weight"], bias=state[f"{name}.W.0.bias"]), state, f"{name}.W.1")


def fast_reid(x: np.ndarray, state: State, depth: int, pooling: str) -> np.ndarray:
    """(B, 3, H, W), normalised, to the embedding of fast-reid's baselines."""
    y = resnet(x, state, depth, last_stride=1, prefix="backbone.")
    if pooling == "gem":
        p = state.get("heads.pool_layer.p", np.array([3.0]))
        y = (np.maximum(y, 1e-6) ** p).mean((2, 3), keepdims=True) ** (1 / p)
    else:
        y = y.mean((2, 3), keepdims=True)
    if state["heads.bottleneck.0.weight"].ndim == 4:
        y = conv(y, state["heads.bottleneck.0.weight"])
        return norm(y, state, "heads.bottleneck.1")[:, :, 0, 0]
    return norm(y, state, "heads.bottleneck.0")[:, :, 0, 0]
