"""Batch normalisation as Paddle has it, less the warning that it gives at every call while training."""

from ingest.paddle_library import nn, paddle


class BatchNorm1D(nn.BatchNorm1D):
    """Of (B, C)."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """The same shape, each channel normalised."""
        return _normalise(self, x)


class BatchNorm2D(nn.BatchNorm2D):
    """Of (B, C, h, w)."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """The same shape, each channel normalised."""
        return _normalise(self, x)


def _normalise(layer: nn.Layer, x: paddle.Tensor) -> paddle.Tensor:
    return nn.functional.batch_norm(
        x,
        layer._mean,
        layer._variance,
        weight=layer.weight,
        bias=layer.bias,
        training=layer.training,
        momentum=layer._momentum,
        epsilon=layer._epsilon,
        use_global_stats=layer._use_global_stats,
    )
