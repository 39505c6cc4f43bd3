"""Gradients of a small network with respect to its input, written as forward operations.

A runtime such as onnxruntime-web runs forward graphs only: it has no autograd. So `InputGradients` spells out
the backward pass of a plain ``nn.Sequential`` as ordinary layers (a transposed convolution for a convolution, a
mask for a ReLU, an upsampling for a pooling), and the whole of it can be exported.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

OUTPUTS = ("logits", "features", "saliency", "attack")


def _pair(value: int | tuple[int, int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def _check_layer(place: str, layer: nn.Module) -> None:
    """ValueError for what the backward pass below cannot express."""
    if isinstance(layer, (nn.ReLU, nn.Flatten, nn.Linear)):
        if isinstance(layer, nn.Flatten) and (layer.start_dim, layer.end_dim) != (1, -1):
            raise ValueError(f"{place}: Flatten must keep the batch and flatten the rest, got {layer}")
        return
    if isinstance(layer, nn.Conv2d):
        odd = layer.groups != 1 or layer.padding_mode != "zeros" or isinstance(layer.padding, str)
        if odd or _pair(layer.dilation) != (1, 1) or _pair(layer.stride) != (1, 1):
            raise ValueError(f"{place}: Conv2d must have stride 1, one group and zero padding, got {layer}")
        return
    if isinstance(layer, nn.AvgPool2d):
        if (
            _pair(layer.stride) != _pair(layer.kernel_size)
            or _pair(layer.padding) != (0, 0)
            or layer.ceil_mode
        ):
            raise ValueError(
                f"{place}: AvgPool2d must tile its input (stride = kernel, no padding), got {layer}"
            )
        return
    known = "Conv2d, Linear, ReLU, AvgPool2d and Flatten"
    raise ValueError(f"{place} must be one of {known}, got {type(layer).__name__}")


class InputGradients(nn.Module):
    """``net`` with four outputs: logits, the first layer's feature maps and two gradients by the input.

    Args:
        net: ``nn.Sequential`` of Conv2d (stride 1), ReLU, AvgPool2d (tiling), Flatten and Linear; the first
            layer is a Conv2d followed by a ReLU, the last gives one logit a class.

    Calling it with ``x`` (1, C, H, W) gives a tuple in the order of `OUTPUTS`:

    - ``logits`` (1, K);
    - ``features`` (1, C', H', W'): what the first convolution and its ReLU see;
    - ``saliency`` (1, C, H, W): gradient of the largest logit (Simonyan et al., 2013, https://arxiv.org/abs/1312.6034);
    - ``attack`` (1, C, H, W): gradient of the cross-entropy at the predicted class, up to a positive factor:
      its sign is the direction of the fast gradient sign method (Goodfellow et al., 2014,
      https://arxiv.org/abs/1412.6572). With p the probabilities and t the largest, the cotangent p - e_t is
      (1 - p_t)(q - e_t), where q is the softmax of the other classes. We send q - e_t backward: it stays
      away from 0 when the net is so sure that p_t rounds to 1.

    Raises:
        TypeError: ``net`` is no ``nn.Sequential``.
        ValueError: a layer that the backward pass does not cover.
    """

    def __init__(self, net: nn.Sequential) -> None:
        super().__init__()
        if not isinstance(net, nn.Sequential):
            raise TypeError(f"net must be an nn.Sequential, got {type(net).__name__}")
        for i, layer in enumerate(net):
            _check_layer(f"net[{i}]", layer)
        if len(net) < 3 or not isinstance(net[0], nn.Conv2d) or not isinstance(net[1], nn.ReLU):
            raise ValueError("net must begin with a Conv2d and a ReLU, whose feature maps are shown")
        self.net = net

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        kept = [x]  # what each layer was given, and at the end the logits
        for layer in self.net:
            kept.append(layer(kept[-1]))
        logits = kept[-1]  # (1, K)
        top = F.one_hot(logits.argmax(1), logits.shape[1]).to(logits.dtype)
        others = torch.softmax(logits - 1e4 * top, 1)
        # Both cotangents travel as one batch of two.
        saliency, attack = self._backward(torch.cat([top, others - top]), kept).split(1)
        return logits, kept[2], saliency, attack

    def _backward(self, g: Tensor, kept: list[Tensor]) -> Tensor:
        """Cotangents ``g`` (B, K) of the logits brought back to the input: (B, C, H, W)."""
        for layer, x in zip(reversed(self.net), reversed(kept[:-1]), strict=True):
            if isinstance(layer, nn.Linear):
                g = g @ layer.weight  # (B, out) @ (out, in)
            elif isinstance(layer, nn.Flatten):
                g = g.reshape(-1, *x.shape[1:])
            elif isinstance(layer, nn.ReLU):
                g = g * (x > 0).to(g.dtype)
            elif isinstance(layer, nn.AvgPool2d):
                h, w = _pair(layer.kernel_size)
                g = F.interpolate(g, scale_factor=(float(h), float(w)), mode="nearest") / (h * w)
                # Rows and columns that did not fill a window were never read.
                g = F.pad(g, (0, x.shape[3] - g.shape[3], 0, x.shape[2] - g.shape[2]))
            else:  # Conv2d
                g = F.conv_transpose2d(g, layer.weight, padding=layer.padding)
        return g
