"""Data of the book: small sets that come with installed packages, a generated shapes world, splits,
augmentation.

Names are loaded on first use; `utils.data.sources` lists every set with its licence.
"""

from __future__ import annotations

from utils.lazy import exports

# public name -> module that defines it
_EXPORTS = {
    "ImageSet": "utils.data.images",
    "digits": "utils.data.images",
    "faces": "utils.data.images",
    "mnist1d": "utils.data.images",
    "mnist_small": "utils.data.images",
    "photograph": "utils.data.images",
    "photograph_credit": "utils.data.images",
    "photographs": "utils.data.images",
    "cifar10": "utils.data.full",
    "fashion_mnist": "utils.data.full",
    "mnist": "utils.data.full",
    "LabeledTexts": "utils.data.text",
    "names_by_language": "utils.data.text",
    "pronunciations": "utils.data.text",
    "sentiment": "utils.data.text",
    "text_corpus": "utils.data.text",
    "efficientnet_lite0": "utils.data.pretrained",
    "imagenet_classes": "utils.data.pretrained",
    "vgg16_features": "utils.data.pretrained",
    "environment": "utils.data.environments",
    "environment_names": "utils.data.environments",
    "Scenes": "utils.data.scenes",
    "shapes": "utils.data.world",
    "split": "utils.data.splits",
    "boxes_of": "utils.data.augment",
    "color_jitter": "utils.data.augment",
    "crop": "utils.data.augment",
    "flip": "utils.data.augment",
    "rotate90": "utils.data.augment",
    "translate": "utils.data.augment",
}

__getattr__, __dir__, __all__ = exports(__name__, _EXPORTS)
