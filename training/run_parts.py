"""The parts that a run's settings name: network, objective, sampler, augmentation, teacher."""

from pathlib import Path
from typing import cast

from gallery.errors import ConfigError
from ingest.paddle_library import paddle
from training.augmentation import Augmentation
from training.learner import Learner
from training.loader import Loader
from training.network import ReidNetwork, build_network
from training.network_settings import NetworkSettings
from training.objective import Objective
from training.samplers import CameraBalancedPKSampler, PKSampler, PlainSampler, Sampler
from training.samples import TrainingSet
from training.train_settings import TrainSettings
from training.weights import apply_weights, read_network_file, read_pretrained
from training.world import World


def network_settings(settings: TrainSettings) -> NetworkSettings:
    """The network that is trained.

    Raises:
        ConfigError: If it cannot be built so.
    """
    return NetworkSettings(
        backbone=settings.backbone,
        embedding=settings.embedding,
        pooling=settings.pooling,
        bnneck=settings.bnneck,
        last_stride=settings.last_stride,
        ibn=settings.ibn,
        non_local=settings.non_local,
        relu=settings.relu,
        unpadded_pool=settings.unpadded_pool,
        height=settings.height,
        width=settings.width,
    )


def build_sampler(settings: TrainSettings, fit: TrainingSet, world: World) -> Sampler:
    """What makes the batches of this process.

    Raises:
        ConfigError: If the set is too small for a batch.
    """
    share = {"seed": settings.seed, "rank": world.rank, "world": world.size}
    if settings.sampler == "plain":
        return PlainSampler(fit, batch=settings.batch, **share)
    kind = CameraBalancedPKSampler if settings.sampler == "camera" else PKSampler
    return kind(fit, people=settings.ids, images=settings.images, **share)
