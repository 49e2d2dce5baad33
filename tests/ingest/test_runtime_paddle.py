"""Paddle Inference: what a network of Paddle gives here, and what is refused."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gallery.errors import ModelError
from ingest.embedder import NetworkEmbedder
from ingest.models import load_embedder
from ingest.runtime import Device, Precision, Tensor
from ingest.runtimes import open_runtime

pytest.importorskip("paddle")
from ingest.paddle_library import inference, paddle
from ingest.paddle_tensorrt import build_engines, fixed_shape
from tests.ingest import paddle_networks as networks

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = np.array([1.0, 2.0, 4.0], np.float32)

EXPORT_OLD = """
import paddle
paddle.enable_static()
program, start = paddle.static.Program(), paddle.static.Program()
with paddle.static.program_guard(program, start):
    image = paddle.static.data("image", [-1, 3, 16, 8], "float32")
    initial = paddle.nn.initializer.Assign([1.0, 2.0, 4.0])
    weights = paddle.static.create_parameter([3], "float32", default_initializer=initial)
    vectors = paddle.mean(image, axis=[2, 3]) * weights
    executor = paddle.static.Executor(paddle.CPUPlace())
    executor.run(start)
    paddle.static.save_inference_model(r"{prefix}", [image], [vectors], executor)
"""

SIDECAR = """
kind = "embedder"
licence = "CC0-1.0"
dimension = 3
[input]
width = 8
height = 16
colour = "rgb"
scale = 0.00392156862745098
mean = [0.485, 0.456, 0.406]
std = [0.229, 0.224, 0.225]
resize = "stretch"
[thresholds]
operating_point = 0.5
visit_similarity = 0.6
max_cosine_distance = 0.2
"""


@pytest.fixture(scope="module")
def means(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The mean of each channel times 1, 2 and 4, as Paddle 3 exports it."""
    return networks.export(networks.Means(), tmp_path_factory.mktemp("means") / "model.json", x=[-1, 3, 16, 8])


@pytest.fixture(scope="module")
def old_means(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as Paddle 2 exported it; Paddle 3 does that only where its new representation is off from the start."""
    path = tmp_path_factory.mktemp("old") / "inference.pdmodel"
    code = EXPORT_OLD.replace("{prefix}", str(path.with_suffix("")))
    environment = {**os.environ, "FLAGS_enable_pir_api": "0"}
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], env=environment, capture_output=True, check=True)
    return path


@pytest.fixture
def copied(means: Path, tmp_path: Path) -> Path:
    for file in means.parent.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path / means.name


def pixels(count: int) -> NDArray[np.float32]:
    return np.random.default_rng(5).uniform(0, 255, (count, 3, 16, 8)).astype(np.float32)


@pytest.mark.parametrize("kind", ["means", "old_means"])
def test_a_network_runs_in_the_batch_asked_for(kind: str, request: pytest.FixtureRequest) -> None:
    runtime = open_runtime(request.getfixturevalue(kind), batch=4, threads=1)
    assert (runtime.batch, runtime.input.shape, runtime.others) == (4, (4, 3, 16, 8), ())
    assert [output.shape for output in runtime.outputs] == [(None, 3)]
    batch = pixels(4)
    assert runtime.run(batch)[0] == pytest.approx(batch.mean(axis=(2, 3)) * WEIGHTS, rel=1e-5)


def test_a_network_made_for_one_image_runs_one_by_one(tmp_path: Path) -> None:
    path = networks.export(networks.Means(), tmp_path / "one.json", x=[1, 3, 16, 8])
    runtime = open_runtime(path, batch=8, threads=1)
    assert runtime.batch == 1
    assert runtime.run(pixels(1))[0].shape == (1, 3)


def test_a_result_is_the_callers_own(means: Path) -> None:
    runtime = open_runtime(means, threads=1)
    first = runtime.run(pixels(1))[0]
    kept = first.copy()
    runtime.run(np.zeros((1, 3, 16, 8), np.float32))
    assert first.tolist() == kept.tolist()


def test_other_inputs_are_told_by_name(tmp_path: Path) -> None:
    path = networks.export(networks.PpYoloe(0.5), tmp_path / "m.json", image=[-1, 3, 16, 8], scale_factor=[-1, 2])
    runtime = open_runtime(path, threads=1)
    assert [tensor.name for tensor in runtime.others] == ["scale_factor"]
    image = np.zeros((1, 3, 16, 8), np.float32)
    image[0, 0, 2:8, 1:5] = 1.0
    rows = runtime.run(image, scale_factor=np.array([[2.0, 0.5]], np.float32))[0]
    assert rows.tolist() == [[0, 1, 2, 1, 10, 4]]
    for others, complaint in (
        ({}, "takes scale_factor beside its images, not nothing"),
        ({"im_shape": np.ones((1, 2), np.float32)}, "not im_shape"),
        ({"scale_factor": np.ones((1, 3), np.float32)}, r"scale_factor of .* takes \(None, 2\), not \(1, 3\)"),
    ):
        with pytest.raises(ModelError, match=complaint):
            runtime.run(image, **others)


def test_another_shape_is_refused(means: Path) -> None:
    with pytest.raises(ModelError, match=r"takes \(2, 3, 16, 8\), not \(3, 3, 16, 8\)"):
        open_runtime(means, batch=2, threads=1).run(pixels(3))


def test_an_image_gives_the_same_whatever_stands_beside_it(means: Path) -> None:
    runtime = open_runtime(means, batch=4, threads=1)
    batch = pixels(4)
    alone = np.zeros_like(batch)
    alone[0] = batch[0]
    assert np.array_equal(runtime.run(batch)[0][0], runtime.run(alone)[0][0])


@pytest.mark.parametrize("kind", ["means", "old_means"])
def test_an_embedder_is_that_of_numpy(kind: str, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(kind)
    path.with_suffix(".toml").write_text(SIDECAR)
    embedder = load_embedder(str(path.parent), threads=1)
    assert isinstance(embedder, NetworkEmbedder)
    assert embedder.identity.name == path.parent.name
    crops = [np.full((40, 20, 3), colour, np.uint8) for colour in ((30, 0, 40), (0, 255, 9), (1, 2, 3))]
    wanted = []
    for crop in crops:
        rgb = crop[0, 0, ::-1] / 255
        vector = (rgb - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225] * WEIGHTS
        wanted.append(vector / np.linalg.norm(vector))
    assert embedder.embed(crops) == pytest.approx(np.array(wanted), abs=1e-5)


def damage(path: Path, what: str) -> Path:
    weights = path.with_suffix(".pdiparams")
    changes: dict[str, Callable[[], object]] = {
        "no weights": weights.unlink,
        "empty weights": lambda: weights.write_bytes(b""),
        "other weights": lambda: weights.write_bytes(b"not weights"),
        "half the weights": lambda: weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2]),
        "empty": lambda: path.write_bytes(b""),
        "half": lambda: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
        "text": lambda: path.write_text("not a network"),
        "other json": lambda: path.write_text('{"program": {"regions": []}}'),
        "a list": lambda: path.write_text("[1, 2]"),
        "no inputs": lambda: path.write_text('{"program": {"regions": [{"blocks": [{"ops": []}]}]}}'),
    }
    changes[what]()
    return path


@pytest.mark.parametrize(
    ("what", "complaint"),
    [
        ("no weights", r"model\.pdiparams is missing"),
        ("empty weights", "damaged or of another kind"),
        ("other weights", "damaged or of another kind"),
        ("half the weights", "damaged or of another kind"),
        ("empty", "is empty"),
        ("half", "damaged or of another kind"),
        ("text", "damaged or of another kind"),
        ("other json", "damaged or of another kind"),
        ("a list", "damaged or of another kind"),
        ("no inputs", "0 inputs and 0 outputs"),
    ],
)
def test_a_damaged_network_is_refused(
    copied: Path, what: str, complaint: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ModelError, match=complaint) as caught:
        open_runtime(damage(copied, what), threads=1)
    assert str(copied) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("content", [b"not a network", b"xx", b"\0" * 100])
def test_what_is_no_pdmodel_never_reaches_the_predictor(old_means: Path, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.pdmodel"
    path.write_bytes(content)
    path.with_suffix(".pdiparams").write_bytes(old_means.with_suffix(".pdiparams").read_bytes())
    with pytest.raises(ModelError, match="damaged or of another kind"):
        open_runtime(path, threads=1)


def test_two_image_inputs_are_refused(tmp_path: Path) -> None:
    path = networks.export(networks.Grids(0.5, 16, 16, (8,)), tmp_path / "m.json", image=[1, 3, 16, 16])
    text = path.read_text()
    path.write_text(
        text.replace("[1,3,16,16]", "[1,3,16]")
        if "[1,3,16,16]" in text
        else text.replace("[1, 3, 16, 16]", "[1, 3, 16]")
    )
    with pytest.raises(ModelError, match=r"must have one input for images, \(B, C, H, W\); it has image \(1, 3, 16\)"):
        open_runtime(path, threads=1)


def test_upsampling_says_what_to_do_where_onednn_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = networks.export(networks.Upsampled(), tmp_path / "up.json", x=[-1, 3, 16, 8])
    batch = pixels(1)
    try:
        vectors = open_runtime(path, threads=1).run(batch)[0]
    except ModelError as error:
        assert str(error).startswith(f"Paddle {paddle.__version__} cannot run {path} in oneDNN")
        for remedy in ("'paddlepaddle<3.3'", "ONNX", "PASSERBY_ONEDNN=off"):
            assert remedy in str(error)
    else:  # a Paddle without that fault
        assert vectors == pytest.approx(batch.mean(axis=(2, 3)) * WEIGHTS, rel=1e-5)
    monkeypatch.setenv("PASSERBY_ONEDNN", "off")
    assert open_runtime(path, threads=1).run(batch)[0] == pytest.approx(batch.mean(axis=(2, 3)) * WEIGHTS, rel=1e-5)


def test_onednn_is_on_or_off(means: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSERBY_ONEDNN", "maybe")
    with pytest.raises(ModelError, match="PASSERBY_ONEDNN is 'maybe'; set it to on or off"):
        open_runtime(means, threads=1)


@pytest.mark.skipif(paddle.is_compiled_with_cuda(), reason="this Paddle has CUDA")
@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
def test_a_gpu_is_never_replaced_by_the_cpu(means: Path, device: Device) -> None:
    with pytest.raises(ModelError, match=rf"cannot run .* on {device}: this PaddlePaddle has no CUDA.*--device cpu"):
        open_runtime(means, device=device)


def test_a_gpu_build_without_a_gpu_or_without_tensorrt_is_refused(means: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paddle, "is_compiled_with_cuda", lambda: True)
    monkeypatch.setattr(paddle.device.cuda, "device_count", lambda: 0)
    with pytest.raises(ModelError, match="Paddle finds no GPU"):
        open_runtime(means, device="cuda")
    monkeypatch.setattr(paddle.device.cuda, "device_count", lambda: 1)
    with pytest.raises(ModelError, match="in TensorRT: this PaddlePaddle was built without it"):
        open_runtime(means, device="tensorrt")
    monkeypatch.setattr(inference, "get_trt_compile_version", lambda: (8, 6, 1))
    monkeypatch.setattr(inference, "get_trt_runtime_version", lambda: (8, 6, 1))
    with pytest.raises(ModelError, match=r"no converter for it .*paddle\.tensorrt"):
        open_runtime(means, device="tensorrt", precision="fp16")


@pytest.mark.parametrize(
    ("device", "precision", "there"),
    [
        ("cpu", "bf16", "fp32"),
        ("cpu", "int8", "fp32"),
        ("cuda", "fp16", "fp32"),
        ("tensorrt", "bf16", "fp32 or fp16 or int8"),
    ],
)
def test_precisions_belong_to_devices(means: Path, device: Device, precision: Precision, there: str) -> None:
    with pytest.raises(ModelError, match=f"in {precision} on {device}: Paddle computes in {there} there"):
        open_runtime(means, device=device, precision=precision)


def test_engines_are_built_for_one_size(means: Path, tmp_path: Path) -> None:
    assert fixed_shape(means, Tensor("image", (None, 3, 16, 8)), 4) == (4, 3, 16, 8)
    assert fixed_shape(means, Tensor("scale_factor", (1, 2)), 1) == (1, 2)
    with pytest.raises(ModelError, match=r"the size of its input image .* is open; export it with a fixed one"):
        build_engines(means, tmp_path, [Tensor("image", (None, 3, None, None))], 1, "fp32")


def test_engines_are_asked_for_as_wanted(means: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The converter is not in Paddle's CPU wheel: a stand-in with its interface keeps what it is asked for."""
    from enum import Enum
    from types import ModuleType, SimpleNamespace

    asked: dict[str, object] = {}

    def convert(path: str, config: SimpleNamespace) -> None:
        asked.update(path=path, config=config)
        if config.precision_mode.name == "FP16":
            raise RuntimeError("(External) no engine\n  [Hint: of no use]")
        for suffix in (".json", ".pdiparams"):
            Path(config.save_model_dir + suffix).write_bytes(means.with_suffix(suffix).read_bytes())

    export = ModuleType("paddle.tensorrt.export")
    export.Input = lambda **shapes: shapes  # type: ignore[attr-defined]
    export.PrecisionMode = Enum("PrecisionMode", ["FP32", "FP16", "BF16", "INT8"])  # type: ignore[attr-defined]
    export.TensorRTConfig = lambda inputs, **options: SimpleNamespace(inputs=inputs, **options)  # type: ignore[attr-defined]
    export.convert = convert  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "paddle.tensorrt", ModuleType("paddle.tensorrt"))
    monkeypatch.setitem(sys.modules, "paddle.tensorrt.export", export)
    inputs = [Tensor("image", (None, 3, 16, 8)), Tensor("scale_factor", (None, 2))]
    config = build_engines(means, tmp_path, inputs, 2, "int8")
    assert asked["path"] == str(means)
    built: SimpleNamespace = asked["config"]  # type: ignore[assignment]
    assert (built.precision_mode.name, built.save_model_dir) == ("INT8", str(tmp_path / "engine"))
    assert [(each["name"], each["max_input_shape"]) for each in built.inputs] == [
        ("image", (2, 3, 16, 8)),
        ("scale_factor", (2, 2)),
    ]
    assert config.prog_file() == str(tmp_path / "engine.json")
    with pytest.raises(ModelError, match=r"TensorRT cannot build .* in fp16 \(\(External\) no engine .*--device cuda"):
        build_engines(means, tmp_path, inputs, 2, "fp16")


def test_paddle_is_an_extra(means: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.runtimes.find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"PaddlePaddle is not installed; pip install 'passerby\[paddle\]'"):
        open_runtime(means)


def test_importing_paddle_leaves_logging_and_warnings_alone() -> None:
    code = "import logging, ingest.paddle_library as p; print(p.paddle.__name__, logging.getLogger().handlers)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("paddle []\n", "")
