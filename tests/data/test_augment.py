from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.data import boxes_of, color_jitter, crop, flip, rotate90, shapes, translate

SCENES = shapes(24, size=40, radius=(0.12, 0.25), seed=7)
SEEDS = st.integers(0, 2**32)
MOVES = {
    "flip": lambda *a, **k: flip(*a, **k),
    "rotate90": lambda *a, **k: rotate90(*a, **k),
    "crop": lambda *a, **k: crop(*a, size=28, **k),
    "translate": lambda *a, **k: translate(*a, pixels=13, **k),
}


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def painted(instances: torch.Tensor) -> torch.Tensor:
    """An image that is its own label: where an instance goes, its pixels must go too."""
    return instances[:, None].float().div(255).expand(-1, 3, -1, -1).clone()


@pytest.mark.parametrize("move", MOVES)
@settings(max_examples=25, deadline=None)
@given(seed=SEEDS)
def test_pixels_masks_and_boxes_move_together(move, seed):
    instances = SCENES.instances
    k = SCENES.boxes.shape[1]
    images, boxes, masks = MOVES[move](painted(instances), SCENES.boxes, instances, generator=generator(seed))
    assert torch.equal((images[:, 0] * 255).round().to(torch.uint8), masks)
    assert masks.dtype == instances.dtype and boxes.dtype == SCENES.boxes.dtype
    h, w = masks.shape[-2:]
    assert (boxes >= 0).all() and (boxes[..., [0, 2]] <= w).all() and (boxes[..., [1, 3]] <= h).all()
    exact = boxes_of(masks, k)
    seen = exact[..., 2] > 0
    if move in ("flip", "rotate90"):
        assert torch.equal(boxes, exact)  # nothing leaves the picture, so boxes stay tight
    else:
        # What is visible lies in its box; a box without area has nothing visible.
        assert (boxes[seen][:, :2] <= exact[seen][:, :2]).all() and (
            boxes[seen][:, 2:] >= exact[seen][:, 2:]
        ).all()
    area = (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])
    assert (area[seen] > 0).all()
    assert (boxes[area == 0] == 0).all()  # gone is all zeros
    blank = SCENES.labels < 0
    assert (boxes[blank] == 0).all()


@pytest.mark.parametrize("move", ["crop", "translate"])
def test_clipped_boxes_are_tight_for_one_convex_object(move):
    square = torch.zeros(64, 40, 40, dtype=torch.uint8)
    square[:, 10:25, 5:31] = 1
    _, boxes, masks = MOVES[move](painted(square), boxes_of(square, 1), square, generator=generator(0))
    assert torch.equal(boxes, boxes_of(masks, 1))


@pytest.mark.parametrize("move", MOVES)
def test_inputs_are_left_alone_and_a_seed_repeats(move):
    given_ = (SCENES.images.clone(), SCENES.boxes.clone(), SCENES.masks)
    kept = [t.clone() for t in given_]
    first = MOVES[move](*given_, generator=generator(1))
    second = MOVES[move](*given_, generator=generator(1))
    assert all(torch.equal(a, b) for a, b in zip(given_, kept, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    alone = MOVES[move](given_[0], generator=generator(1))
    assert torch.equal(alone.images, first.images) and alone.boxes is None and alone.masks is None


def test_each_image_draws_for_itself_and_evenly():
    n = 4000
    ramp = torch.arange(9.0).view(1, 1, 3, 3).expand(n, 1, 3, 3) / 9
    flipped = flip(ramp, generator=generator(0)).images[:, 0, 0, 0] > 0
    assert abs(flipped.float().mean() - 0.5) < 0.04
    assert flip(ramp, p=0.0).images.equal(ramp) and flip(ramp, p=1.0).images.equal(ramp.flip(-1))
    corner = rotate90(ramp, generator=generator(0)).images[:, 0, 0, 0]
    counts = torch.stack([(corner == v).sum() for v in ramp[0, 0].flatten()[[0, 2, 6, 8]]])
    assert counts.sum() == n and (counts - n / 4).abs().max() < 130
    wide = torch.arange(25.0).view(1, 1, 5, 5).expand(n, 1, 5, 5) / 25
    corner = crop(wide, size=3, generator=generator(0)).images[:, 0, 0, 0].mul(25).round().long()
    counts = torch.bincount(corner, minlength=25)[[0, 1, 2, 5, 6, 7, 10, 11, 12]]
    assert counts.sum() == n and (counts - n / 9).abs().max() < 100
    spot = torch.zeros(n, 1, 5, 5)
    spot[:, :, 2, 2] = 1
    counts = translate(spot, pixels=1, generator=generator(0)).images.sum((0, 1))[1:4, 1:4]
    assert counts.sum() == n and (counts - n / 9).abs().max() < 100


def test_translate_fills_what_comes_in():
    out = translate(torch.ones(50, 1, 8, 8), pixels=4, fill=0.25, generator=generator(3)).images
    assert set(out.unique().tolist()) == {0.25, 1.0}


@given(seed=SEEDS, b=st.floats(0, 1), c=st.floats(0, 1), s=st.floats(0, 1))
@settings(max_examples=25, deadline=None)
def test_color_jitter_stays_in_range_and_leaves_labels(seed, b, c, s):
    out = color_jitter(
        SCENES.images,
        SCENES.boxes,
        SCENES.masks,
        brightness=b,
        contrast=c,
        saturation=s,
        generator=generator(seed),
    )
    assert out.images.min() >= 0 and out.images.max() <= 1 and out.images.dtype == torch.float32
    assert out.boxes is SCENES.boxes and torch.equal(out.masks, SCENES.masks)


def test_color_jitter_of_strength_zero_changes_nothing_and_each_part_does_its_own():
    images = SCENES.images * 0.5 + 0.2  # away from the clipping
    none = {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0}
    assert torch.allclose(color_jitter(images, **none).images, images, atol=1e-6)
    out = color_jitter(images, **{**none, "brightness": 0.2}, generator=generator(0)).images
    ratio = (out / images).flatten(1)
    assert (ratio.std(1) < 1e-5).all() and ratio.mean(1).std() > 0.05
    out = color_jitter(images, **{**none, "contrast": 0.2}, generator=generator(0)).images
    assert torch.allclose(out.mean((1, 2, 3)), images.mean((1, 2, 3)), atol=1e-5)
    assert (out.std((1, 2, 3)) / images.std((1, 2, 3))).std() > 0.05
    gray = images.mean(1, keepdim=True).expand(-1, 3, -1, -1)
    assert torch.allclose(color_jitter(gray, **{**none, "saturation": 0.9}).images, gray, atol=1e-5)
    assert color_jitter(gray[:, :1]).images.shape[1] == 1


def test_boxes_of_agrees_with_the_generator():
    assert torch.equal(boxes_of(SCENES.instances, 4), SCENES.boxes)


@pytest.mark.parametrize("name", [*MOVES, "color_jitter"])
def test_everything_stays_on_the_device_of_the_input(name):
    # The meta device refuses any tensor left on the CPU.
    move = {**MOVES, "color_jitter": color_jitter}[name]
    s = SCENES.to("meta")
    out = move(s.images, s.boxes, s.instances)
    assert {t.device.type for t in out} == {"meta"}


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: flip(x[0]), ValueError, "images: got (3, 40, 40)"),
        (lambda x: flip(x.numpy()), TypeError, "images: got ndarray"),
        (lambda x: flip((x * 255).byte()), ValueError, "images: got (24, 3, 40, 40) torch.uint8"),
        (lambda x: flip(x, SCENES.boxes[:3]), ValueError, "boxes: got (3, 4, 4), expected (24, K, 4)"),
        (lambda x: flip(x, None, SCENES.masks[:, :3]), ValueError, "masks: got (24, 3, 40)"),
        (lambda x: flip(x, p=1.5), ValueError, "p: got 1.5"),
        (lambda x: rotate90(x[..., :20]), ValueError, "expected square images"),
        (lambda x: crop(x, size=41), ValueError, "size: got 41, expected 1 to 40"),
        (lambda x: translate(x, pixels=-1), ValueError, "pixels: got -1"),
        (lambda x: translate(x, pixels=1, fill=2.0), ValueError, "fill: got 2.0"),
        (lambda x: color_jitter(x, contrast=-0.1), ValueError, "contrast: got -0.1"),
        (lambda x: boxes_of(x, 3), ValueError, "instances: got (24, 3, 40, 40)"),
    ],
)
def test_bad_input_is_named(call, error, words):
    with pytest.raises(error) as caught:
        call(SCENES.images)
    assert words in str(caught.value)
