"""A Re-ID network: a backbone, a pooling, an embedding, a neck."""

from dataclasses import dataclass

from ingest.paddle_library import nn, paddle
from training.backbones import build_backbone
from training.neck import BNNeck
from training.network_settings import BACKBONES, NetworkSettings
from training.pooling import AveragePooling, GeMPooling

__all__ = ["BACKBONES", "Features", "NetworkSettings", "ReidNetwork", "build_network"]


@dataclass(frozen=True, eq=False)
class Features:
    """What losses look at.

    Attributes:
        metric: (B, D) before the neck, for pair losses.
        embedding: (B, D) after it, for classifiers and searches; the same tensor where nothing follows.
    """

    metric: paddle.Tensor
    embedding: paddle.Tensor


class ReidNetwork(nn.Layer):
    """Images to embeddings.

    Attributes:
        settings: What it was made from.
        dimension: D, the length of an embedding.
        backbone: (B, 3, H, W) to a feature map.
    """

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        self.backbone = build_backbone(settings)
        self.pooling = GeMPooling() if settings.pooling == "gem" else AveragePooling()
        channels = self.backbone.channels
        self.dimension = settings.embedding or channels
        # A bias before a batch normalisation does nothing.
        self.fc = (
            nn.Linear(channels, settings.embedding, bias_attr=False if settings.bnneck else None)
            if settings.embedding
            else None
        )
        self.neck = BNNeck(self.dimension) if settings.bnneck else None

    def forward(self, images: paddle.Tensor) -> paddle.Tensor:
        """(B, 3, H, W) float32, RGB normalised by ImageNet's mean and deviation, to (B, D) embeddings, not normalised."""
        return self.features(images).embedding

    def features(self, images: paddle.Tensor) -> Features:
        """The same, before and after the neck."""
        metric = self.pooling(self.backbone(images))
        if self.fc is not None:
            metric = self.fc(metric)
        embedding = metric if self.neck is None else self.neck(metric)
        return Features(metric, nn.functional.relu(embedding) if self.settings.relu else embedding)


def build_network(settings: NetworkSettings) -> ReidNetwork:
    """A network with fresh weights, drawn from Paddle's own generator (``paddle.seed``), in training mode.

    Raises:
        ConfigError: If the backbone cannot be built so.
    """
    return ReidNetwork(settings)
