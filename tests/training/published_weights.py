"""Names and shapes of what PaddleClas publishes, written from its sources by hand: nothing here knows our networks."""

from collections.abc import Iterable

import numpy as np

Shapes = dict[str, tuple[int, ...]]

STAGES = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}

# in, inside, out, kernel, squeeze-and-excitation: make_divisible(x * 0.35) of the small network's table
MOBILENET_V3_SMALL_X0_35 = [
    (8, 8, 8, 3, True),
    (8, 24, 8, 3, False),
    (8, 32, 8, 3, False),
    (8, 32, 16, 5, True),
    (16, 88, 16, 5, True),
    (16, 88, 16, 5, True),
    (16, 40, 16, 5, True),
    (16, 48, 16, 5, True),
    (16, 104, 32, 5, True),
    (32, 200, 32, 5, True),
    (32, 200, 32, 5, True),
]

# in, inside, out, kernel, squeeze-and-excitation, stride: _make_divisible(x * 0.5, 4)
GHOSTNET_X0_5 = [
    (8, 8, 8, 3, False, 1),
    (8, 24, 12, 3, False, 2),
    (12, 36, 12, 3, False, 1),
    (12, 36, 20, 5, True, 2),
    (20, 60, 20, 5, True, 1),
    (20, 120, 40, 3, False, 2),
    (40, 100, 40, 3, False, 1),
    (40, 92, 40, 3, False, 1),
    (40, 92, 40, 3, False, 1),
    (40, 240, 56, 3, True, 1),
    (56, 336, 56, 3, True, 1),
    (56, 336, 80, 5, True, 2),
    (80, 480, 80, 5, False, 1),
    (80, 480, 80, 5, True, 1),
    (80, 480, 80, 5, False, 1),
    (80, 480, 80, 5, True, 1),
]

# stage, block, in, out, kernel, squeeze-and-excitation: make_divisible(x * 0.25)
PPLCNET_X0_25 = [
    (2, 0, 8, 8, 3, False),
    (3, 0, 8, 16, 3, False),
    (3, 1, 16, 16, 3, False),
    (4, 0, 16, 32, 3, False),
    (4, 1, 32, 32, 3, False),
    (5, 0, 32, 64, 3, False),
    *[(5, block, 64, 64, 5, False) for block in (1, 2, 3, 4, 5)],
    (6, 0, 64, 128, 5, True),
    (6, 1, 128, 128, 5, True),
]


def filled(shapes: Shapes, seed: int = 0) -> dict[str, np.ndarray]:
    """Arrays of these shapes; variances are positive."""
    rng = np.random.default_rng(seed)
    return {name: rng.uniform(0.5, 1.5, shape).astype(np.float32) for name, shape in shapes.items()}


def conv_bn(name: str, out: int, inputs: int, kernel: int, conv: str = ".conv", bn: str = ".bn") -> Shapes:
    normalised = {f"{name}{bn}.{part}": (out,) for part in ("weight", "bias", "_mean", "_variance")}
    return {f"{name}{conv}.weight": (out, inputs, kernel, kernel), **normalised}


def static(name: str, bn: str, out: int, inputs: int, kernel: int) -> Shapes:
    normalised = {f"{bn}_{part}": (out,) for part in ("scale", "offset", "mean", "variance")}
    return {f"{name}_weights": (out, inputs, kernel, kernel), **normalised}


def resnet_rows(depth: int) -> Iterable[tuple[int, int, int, tuple[tuple[str, int, int, int], ...]]]:
    """Stage, block in it, block in all, (part, out, in, kernel) of each convolution; the same for plain and vd."""
    number, inputs = 0, 64
    for stage, count in enumerate(STAGES[depth]):
        width = 64 * 2**stage
        for block in range(count):
            if depth < 50:
                out = width
                parts = [("2a", width, inputs, 3), ("2b", width, width, 3)]
            else:
                out = 4 * width
                parts = [("2a", width, inputs, 1), ("2b", width, width, 3), ("2c", out, width, 1)]
            if block == 0:
                parts.append(("1", out, inputs, 1))
            yield stage, block, number, tuple(parts)
            number, inputs = number + 1, out


def static_block(depth: int, stage: int, block: int) -> str:
    if depth >= 101 and stage == 2:
        return f"{stage + 2}a" if block == 0 else f"{stage + 2}b{block}"
    return f"{stage + 2}{'abcdefgh'[block]}"


PARTS = {"2a": "conv0", "2b": "conv1", "2c": "conv2", "1": "short"}
STEM_VD = ((32, 3, 3), (32, 32, 3), (64, 32, 3))


def resnet_vd(depth: int, generation: str) -> Shapes:
    """Of 1.x ("static"), 2.0 ("dygraph") or today ("current")."""
    shapes: Shapes = {}
    for number, sizes in enumerate(STEM_VD, start=1):
        if generation == "static":
            shapes |= static(f"conv1_{number}", f"bnv1_{number}", *sizes)
        elif generation == "dygraph":
            shapes |= conv_bn(f"conv1_{number}", *sizes, conv="._conv", bn="._batch_norm")
        else:
            shapes |= conv_bn(f"stem.{number - 1}", *sizes)
    for stage, block, number, parts in resnet_rows(depth):
        letters = static_block(depth, stage, block)
        for part, *sizes in parts:
            if generation == "static":
                shapes |= static(f"res{letters}_branch{part}", f"bn{letters}_branch{part}", *sizes)
            elif generation == "dygraph":
                shapes |= conv_bn(f"bb_{stage}_{block}.{PARTS[part]}", *sizes, conv="._conv", bn="._batch_norm")
            else:
                shapes |= conv_bn(f"blocks.{number}.{PARTS[part]}", *sizes)
    features = 512 if depth < 50 else 2048
    head = {
        "static": ("fc_0.w_0", "fc_0.b_0"),
        "dygraph": ("out.weight", "out.bias"),
        "current": ("fc.weight", "fc.bias"),
    }
    return {**shapes, head[generation][0]: (features, 1000), head[generation][1]: (1000,)}


def resnet50(generation: str) -> Shapes:
    """The same of the plain network, and "vision": what paddle.vision has."""
    stem = {
        "static": static("conv1", "bn_conv1", 64, 3, 7),
        "dygraph": conv_bn("conv", 64, 3, 7, conv="._conv", bn="._batch_norm"),
        "current": conv_bn("stem.0", 64, 3, 7),
        "vision": conv_bn("", 64, 3, 7, conv="conv1", bn="bn1"),
    }
    shapes = dict(stem[generation])
    for stage, block, number, parts in resnet_rows(50):
        letters = static_block(50, stage, block)
        for part, *sizes in parts:
            if generation == "static":
                shapes |= static(f"res{letters}_branch{part}", f"bn{letters}_branch{part}", *sizes)
            elif generation == "dygraph":
                shapes |= conv_bn(f"res{letters}.{PARTS[part]}", *sizes, conv="._conv", bn="._batch_norm")
            elif generation == "current":
                shapes |= conv_bn(f"blocks.{number}.{PARTS[part]}", *sizes)
            elif part == "1":
                shapes |= conv_bn(f"layer{stage + 1}.{block}.downsample", *sizes, conv=".0", bn=".1")
            else:
                third = " abc".index(part[1])
                shapes |= conv_bn(f"layer{stage + 1}.{block}", *sizes, conv=f".conv{third}", bn=f".bn{third}")
    head = "out" if generation == "dygraph" else "fc"
    return {**shapes, f"{head}.weight": (2048, 1000), f"{head}.bias": (1000,)}


def mobilenet_v3_small_x0_35(generation: str) -> Shapes:
    parts = {"expand": "expand_conv", "depthwise": "bottleneck_conv", "linear": "linear_conv"}
    static_graph = generation == "static"
    stem = {"static": "conv1", "dygraph": "conv1", "current": "conv"}[generation]
    shapes = static("conv1", "conv1_bn", 8, 3, 3) if static_graph else conv_bn(stem, 8, 3, 3)
    for number, (inputs, middle, out, kernel, excite) in enumerate(MOBILENET_V3_SMALL_X0_35):
        rows = {"expand": (middle, inputs, 1), "depthwise": (middle, 1, kernel), "linear": (out, middle, 1)}
        block = {"static": f"conv{number + 2}", "dygraph": f"conv{number + 2}", "current": f"blocks.{number}"}[
            generation
        ]
        for part, sizes in rows.items():
            if static_graph:
                shapes |= static(f"{block}_{part}", f"{block}_{part}_bn", *sizes)
            else:
                shapes |= conv_bn(f"{block}.{parts[part]}", *sizes)
        for which, sizes in ((1, (middle // 4, middle)), (2, (middle, middle // 4))) if excite else ():
            name = f"{block}_se_{which}_weights" if static_graph else f"{block}.mid_se.conv{which}.weight"
            offset = f"{block}_se_{which}_offset" if static_graph else f"{block}.mid_se.conv{which}.bias"
            shapes |= {name: (*sizes, 1, 1), offset: sizes[:1]}
    if static_graph:
        shapes |= static("conv_last", "conv_last_bn", 200, 32, 1)
        return {**shapes, "last_1x1_conv_weights": (1280, 200, 1, 1), "fc_weights": (1280, 1000), "fc_offset": (1000,)}
    head = "out" if generation == "dygraph" else "fc"
    shapes |= conv_bn("last_second_conv", 200, 32, 1)
    return {**shapes, "last_conv.weight": (1280, 200, 1, 1), f"{head}.weight": (1280, 1000), f"{head}.bias": (1000,)}


def ghostnet_x0_5(generation: str) -> Shapes:
    shapes: Shapes = {}

    def add(dotted: str, flat: str, *sizes: int) -> None:
        nonlocal shapes
        if generation == "current":
            shapes |= conv_bn(dotted, *sizes, conv="._conv", bn="._batch_norm")
        else:
            rows = static(flat, f"{flat}_bn", *sizes)
            # The variances lack the _bn in PaddleClas 1.x.
            shapes |= {name.replace("_bn_variance", "_variance"): shape for name, shape in rows.items()}

    add("conv1", "conv1", 8, 3, 3)
    for number, (inputs, middle, out, kernel, excite, stride) in enumerate(GHOSTNET_X0_5):
        block = f"_ghostbottleneck_{number}"
        for which, taken, given in ((1, inputs, middle), (2, middle, out)):
            module = f"{block}.ghost_module_{which}", f"{block}_ghost_module_{which}"
            add(f"{module[0]}.primary_conv", f"{module[1]}_primary_conv", given // 2, taken, 1)
            add(f"{module[0]}.cheap_operation", f"{module[1]}_cheap_operation", given // 2, 1, 3)
        if stride == 2:
            add(f"{block}.depthwise_conv", f"{block}_depthwise_depthwise", middle, 1, kernel)
        if excite:
            for which, layer, sizes in (
                (1, "squeeze", (middle, middle // 4)),
                (2, "excitation", (middle // 4, middle)),
            ):
                names = (f"{block}.se_block.{layer}.weight", f"{block}.se_block.{layer}.bias")
                if generation == "static":
                    names = (f"{block}_se_{which}_weights", f"{block}_se_{which}_offset")
                shapes |= {names[0]: sizes, names[1]: sizes[1:]}
        if stride == 2 or inputs != out:
            add(f"{block}.shortcut_depthwise", f"{block}_shortcut_depthwise_depthwise", inputs, 1, kernel)
            add(f"{block}.shortcut_conv", f"{block}_shortcut_conv", out, inputs, 1)
    add("conv_last", "conv_last", 480, 80, 1)
    add("fc_0", "fc_0", 1280, 480, 1)
    weight, bias = ("fc_1.weight", "fc_1.bias") if generation == "current" else ("fc_1_weights", "fc_1_offset")
    return {**shapes, weight: (1280, 1000), bias: (1000,)}


def pplcnet_x0_25() -> Shapes:
    shapes = conv_bn("conv1", 8, 3, 3)
    for stage, block, inputs, out, kernel, excite in PPLCNET_X0_25:
        name = f"blocks{stage}.{block}"
        shapes |= conv_bn(f"{name}.dw_conv", inputs, 1, kernel) | conv_bn(f"{name}.pw_conv", out, inputs, 1)
        for which, sizes in ((1, (inputs // 4, inputs)), (2, (inputs, inputs // 4))) if excite else ():
            shapes |= {f"{name}.se.conv{which}.weight": (*sizes, 1, 1), f"{name}.se.conv{which}.bias": sizes[:1]}
    return {**shapes, "last_conv.weight": (1280, 128, 1, 1), "fc.weight": (1280, 1000), "fc.bias": (1000,)}


def osnet_x0_25() -> Shapes:
    """By torchreid's names (its statistics are called running_mean and running_var), with its classifier."""
    shapes = conv_bn("conv1", 16, 3, 7)
    for stage, inputs, out in (("conv2", 16, 64), ("conv3", 64, 96), ("conv4", 96, 128)):
        for block, taken in ((0, inputs), (1, out)):
            name, middle = f"{stage}.{block}", out // 4
            shapes |= conv_bn(f"{name}.conv1", middle, taken, 1)
            for stream, layers in (
                ("a", ("",)),
                ("b", (".0", ".1")),
                ("c", (".0", ".1", ".2")),
                ("d", (".0", ".1", ".2", ".3")),
            ):
                for layer in layers:
                    light = f"{name}.conv2{stream}{layer}"
                    shapes |= {
                        f"{light}.conv1.weight": (middle, middle, 1, 1),
                        f"{light}.conv2.weight": (middle, 1, 3, 3),
                    }
                    shapes |= {f"{light}.bn.{part}": (middle,) for part in ("weight", "bias", "_mean", "_variance")}
            gate = middle // 16
            shapes |= {f"{name}.gate.fc1.weight": (gate, middle, 1, 1), f"{name}.gate.fc1.bias": (gate,)}
            shapes |= {f"{name}.gate.fc2.weight": (middle, gate, 1, 1), f"{name}.gate.fc2.bias": (middle,)}
            shapes |= conv_bn(f"{name}.conv3", out, middle, 1)
            if taken != out:
                shapes |= conv_bn(f"{name}.downsample", out, taken, 1)
        if stage != "conv4":
            shapes |= conv_bn(f"{stage}.2.0", out, out, 1)
    shapes |= conv_bn("conv5", 128, 128, 1)
    return {**shapes, "classifier.weight": (128, 751), "classifier.bias": (751,)}
