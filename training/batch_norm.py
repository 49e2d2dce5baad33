"""Batch normalisation as Paddle has it, less the warning that it gives at every call while training."""

from ingest.paddle_library import nn, paddle


class BatchNorm2D(nn.BatchNorm2D):
    """Of (B, C, h, w)."""

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """The same shape, each channel normalised."""
        return nn.functional.batch_norm(
            x,
            self._mean,
            self._variance,
            weight=self.weight,
            bias=self.bias,
            training=self.training,
            momentum=self._momentum,
            epsilon=self._epsilon,
            use_global_stats=self._use_global_stats,
        )
