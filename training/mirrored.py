"""A network that looks at each image twice."""

from ingest.paddle_library import paddle
from training.network import ReidNetwork


class MirroredNetwork(ReidNetwork):
    """A network whose embedding of an image is the mean of those of the image and of its mirror image.

    People are much the same mirrored, and cameras see them from either side. This is the flip test of published
    figures (arXiv 1903.07071, section 4) made a part of the network; it takes twice the time.
    """

    def forward(self, images: paddle.Tensor) -> paddle.Tensor:
        """(B, 3, H, W) to (B, D), as ``ReidNetwork.forward``."""
        both = paddle.concat([images, paddle.flip(images, axis=[3])], axis=0)
        return self.features(both).embedding.reshape([2, -1, self.dimension]).mean(axis=0)


def mirrored(network: ReidNetwork) -> MirroredNetwork:
    """A network with the weights of another that also looks at mirror images."""
    made = MirroredNetwork(network.settings)
    made.set_state_dict(network.state_dict())
    return made
