"""From a name to the part of a network that makes feature maps."""

from ingest.paddle_library import nn
from training.ghostnet import GhostNet
from training.mobilenet_v3 import MobileNetV3
from training.network_settings import NetworkSettings
from training.osnet import OSNet
from training.pp_lcnet import PPLCNet
from training.resnet import ResNet
from training.resnet_slim import SlimResNet


def build_backbone(settings: NetworkSettings) -> nn.Layer:
    """A backbone with fresh weights: (B, 3, H, W) to (B, C, h, w), where its attribute ``channels`` is C."""
    family, *parts = settings.backbone.split("_", 1)
    last_stride = settings.last_stride
    if settings.backbone == "ResNet18_slim":
        return SlimResNet(last_stride=last_stride, ibn=settings.ibn)
    if family.startswith("ResNet"):
        return ResNet(
            int(family.removeprefix("ResNet")),
            vd=parts == ["vd"],
            last_stride=last_stride,
            ibn=settings.ibn,
            non_local=settings.non_local,
            unpadded_pool=settings.unpadded_pool,
        )
    variant, scale = _variant_and_scale(parts[0])
    if family == "MobileNetV3":
        return MobileNetV3("small" if variant == "small" else "large", scale, last_stride=last_stride)
    if family == "GhostNet":
        return GhostNet(scale, last_stride=last_stride)
    if family == "PPLCNet":
        return PPLCNet(scale, last_stride=last_stride)
    return OSNet(scale, "ibn" if variant == "ibn" else "ain" if variant == "ain" else "plain")


def _variant_and_scale(part: str) -> tuple[str, float]:
    """The "small" and 0.35 of "small_x0_35"; the variant is empty in "x0_35"."""
    variant, _, scale = part.rpartition("x")
    return variant.rstrip("_"), float(scale.replace("_", "."))
