"""The table of backbones in docs/train.md: channels, parameters, published weights."""

from ingest.paddle_library import paddle
from training.backbones import build_backbone
from training.network_settings import GHOSTNETS, MOBILENETS_V3, OSNETS, PP_LCNETS, RESNETS, RESNETS_VD, NetworkSettings

FAMILIES = (("ResNet18_slim",), RESNETS, RESNETS_VD, MOBILENETS_V3[:6], MOBILENETS_V3[6:], GHOSTNETS, PP_LCNETS, OSNETS)

SSLD = (
    "ResNet34_vd",
    "ResNet50_vd",
    "ResNet101_vd",
    "MobileNetV3_small_x0_35",
    "MobileNetV3_small_x1_0",
    "MobileNetV3_large_x1_0",
    "GhostNet_x1_3",
    "PPLCNet_x0_25",
    "PPLCNet_x0_5",
    "PPLCNet_x1_0",
    "PPLCNet_x2_5",
)
"""Of which PaddleClas publishes weights distilled on more images as well."""


def main() -> None:
    print("\n".join(table()))


def table() -> list[str]:
    """The lines of the table."""
    rows = ["| backbone | channels | parameters | `.pdparams` of PaddleClas |", "|---|---|---|---|"]
    for family in FAMILIES:
        rows += [row(name) for name in family]
    return rows


def row(name: str) -> str:
    """The line of one backbone."""
    with paddle.LazyGuard():  # its weights are counted, not drawn
        backbone = build_backbone(NetworkSettings(name))
    count = sum(value.size for value in backbone.parameters() if not value.stop_gradient)
    return f"| `{name}` | {backbone.channels} | {count / 1e6:.2f} M | {published(name)} |"


def published(name: str) -> str:
    if name == "ResNet18_slim" or (name.endswith("_x0_25") and name.startswith("MobileNetV3")):
        return "none"
    if name.startswith("OSNet"):
        return "none; torchreid's by `passerby models import`"
    return f"`{name}_pretrained`" + (f", `{name}_ssld_pretrained`" if name in SSLD else "")


if __name__ == "__main__":
    main()
