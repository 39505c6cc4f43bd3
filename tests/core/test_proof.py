"""`verify` and `claim` let true statements through and stop every kind of false one."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from utils import claim, verify
from utils.proof import ProofError

ROOT = Path(__file__).resolve().parents[2]
NAMES = {"what": "ours", "against": "the library"}


@pytest.fixture
def records(monkeypatch):
    """What `seal` was given for the ledger, one entry a line."""
    from utils import display

    found = []
    monkeypatch.setattr(display, "publish", lambda html, text, data: found.append((html, text, data)))
    return found


# ---------------------------------------------------------------- verify: what is right

finite = st.floats(-1e6, 1e6)
numbers = arrays(
    st.sampled_from([np.float64, np.float32, np.int64, np.complex128]), array_shapes(max_dims=3, max_side=4)
).filter(lambda x: np.isfinite(x).all() and np.abs(x).max() < 1e12)
quick = settings(max_examples=30, deadline=None)


@quick
@given(numbers)
def test_any_array_equals_itself(x):
    verify(x, x.copy(), **NAMES, atol=0)


@quick
@given(numbers)
def test_a_tensor_equals_its_array(x):
    verify(torch.from_numpy(x.copy()), x, **NAMES, atol=0)


@quick
@given(st.recursive(numbers, lambda inner: st.lists(inner, min_size=1, max_size=3).map(tuple), max_leaves=4))
def test_any_nested_result_equals_itself(x):
    verify({"result": x}, {"result": x}, **NAMES, atol=0)


@quick
@given(arrays(np.float64, array_shapes(max_dims=2, max_side=4), elements=finite), st.floats(0, 0.99))
def test_an_error_below_the_tolerance_passes(x, fraction):
    verify(x + fraction * 1e-3, x, **NAMES, atol=1.001e-3)


@quick
@given(arrays(np.float64, (3, 4), elements=st.floats(-20, 20)))
def test_a_right_function_passes_with_its_gradient(x):
    def ours(x):
        e = torch.exp(x - x.max(1, keepdim=True).values)
        return e / e.sum(1, keepdim=True)

    verify(ours, lambda x: torch.softmax(x, 1), torch.from_numpy(x), **NAMES)


@pytest.mark.parametrize(
    ("ours", "reference"),
    [
        (3, 3.0),
        ([[1, 2], [3, 4]], np.array([[1.0, 2], [3, 4]])),
        (np.array([True, False]), np.array([1, 0])),
        (torch.tensor([1.5], dtype=torch.bfloat16), [1.5]),
        (torch.tensor([1 + 2j]).conj(), [1 - 2j]),
        (torch.ones(2, requires_grad=True), [1, 1]),
        ([torch.ones(2), np.ones(3)], (np.ones(2), torch.ones(3))),
        ({"w": np.ones(2), "b": 0.0}, {"b": 0.0, "w": np.ones(2)}),
    ],
)
def test_equal_results_pass_in_whatever_form(ours, reference):
    verify(ours, reference, **NAMES)


def test_plain_functions_are_called_with_the_inputs():
    verify(lambda a, b: a @ b, np.matmul, np.eye(3), np.ones((3, 2)), **NAMES)


def test_the_relative_tolerance_counts_from_the_largest_reference():
    verify([1000.5, 0.0], [1000.0, 0.4], **NAMES, atol=0, rtol=1e-3)
    with pytest.raises(ProofError, match="allowed is 1"):
        verify([1002.0, 0.0], [1000.0, 0.4], **NAMES, atol=0, rtol=1e-3)


# ---------------------------------------------------------------- verify: what is wrong

A = np.arange(1.0, 7).reshape(2, 3)
far = np.zeros(10_000)
far[9_876] = 1e-3


@pytest.mark.parametrize(
    ("ours", "reference", "words"),
    [
        pytest.param(-A, A, r"ours\[1, 2\] is -6, the reference is 6", id="sign flipped"),
        pytest.param(A, A + A**2 / 100, "differ by 0.36", id="term dropped"),
        pytest.param(far, np.zeros(10_000), r"ours\[9876\] is 0.001", id="one element far away"),
        pytest.param(A * 1j, A + 0j, "differ by", id="complex phase"),
        pytest.param(A.T, A, r"shape \(3, 2\), the reference has \(2, 3\)", id="transposed"),
        pytest.param(A[None], A, r"shape \(1, 2, 3\)", id="would broadcast"),
        pytest.param(np.ones(3), 1.0, r"shape \(3,\), the reference has \(\)", id="scalar would broadcast"),
        pytest.param([math.nan, 1], [0, 1], "ours holds NaN", id="NaN in ours"),
        pytest.param([0, 1], [math.nan, 1], "reference holds NaN", id="NaN in the reference"),
        pytest.param([math.nan], [math.nan], "holds NaN", id="NaN in both"),
        pytest.param([math.inf], [1], "ours holds NaN or infinity", id="infinity in ours"),
        pytest.param([math.inf], [math.inf], "infinity", id="the same infinity"),
        pytest.param(np.array([True]), np.array([False]), "differ by 1", id="truth values"),
        pytest.param((A, A), (A,), "ours has 2 arrays, the reference has 1", id="an output too many"),
        pytest.param((A, -A), (A, A), r"ours\[1\]\[1, 2\]", id="second output wrong"),
        pytest.param({"w": A, "b": -A}, {"w": A, "b": A}, r"ours\['b'\]", id="wrong under a key"),
        pytest.param({"w": 1.0, "b": 2.0}, {"b": 1.0, "w": 2.0}, "differ by 1", id="keys swapped"),
        pytest.param({"w": 1.0}, {"v": 1.0}, "w", id="another key"),
        pytest.param(((1, 2), 3), (1, (2, 3)), "ours", id="nested otherwise"),
    ],
)
def test_a_wrong_result_is_stopped(ours, reference, words, capsys):
    with pytest.raises(ProofError, match=words):
        verify(ours, reference, **NAMES)
    assert capsys.readouterr().out == ""


class Crooked(torch.autograd.Function):
    """The square, with the right value and half of the right gradient."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**2

    @staticmethod
    def backward(ctx, grad):
        return grad * ctx.saved_tensors[0]


x = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
z = torch.tensor([1 + 2j, 3 - 1j], dtype=torch.complex128)


@pytest.mark.parametrize(
    ("ours", "reference", "inputs"),
    [
        pytest.param(Crooked.apply, torch.square, [x], id="half of the gradient"),
        pytest.param(lambda x: x.detach() * x, torch.square, [x], id="a term detached"),
        pytest.param(
            lambda x, w: x * w.detach() + 0 * w, torch.mul, [x, x + 1], id="gradient of the second input"
        ),
        pytest.param(lambda x: (x, (x**2).detach()), lambda x: (x, x**2), [x], id="second output detached"),
        pytest.param(lambda x: torch.cat([x[:2], x[2:].detach()]), lambda x: x * 1, [x], id="one element"),
        pytest.param(
            lambda z: torch.complex(z.real, z.imag.detach()),
            lambda z: z * 1,
            [z],
            id="imaginary part detached",
        ),
    ],
)
def test_a_right_value_with_a_wrong_gradient_is_stopped(ours, reference, inputs):
    with pytest.raises(ProofError, match="gradient of ours"):
        verify(ours, reference, *inputs, **NAMES)
    verify(ours, reference, *inputs, **NAMES, gradients=False)


def test_a_result_cut_off_from_autograd_is_stopped():
    with pytest.raises(ProofError, match="does not depend on the inputs through autograd"):
        verify(lambda x: x.detach() ** 2, torch.square, x, **NAMES)


def test_gradients_reach_results_in_a_dict_and_deeper():
    verify(lambda x: {"y": (x, x**2)}, lambda x: {"y": (x, torch.square(x))}, x, **NAMES)
    with pytest.raises(ProofError, match="gradient"):
        verify(lambda x: {"y": Crooked.apply(x)}, lambda x: {"y": torch.square(x)}, x, **NAMES)


def test_the_inputs_stay_as_they_were():
    inputs = x.clone().requires_grad_()
    verify(lambda x: x * 2, lambda x: x + x, inputs, **NAMES)
    assert inputs.grad is None
    assert torch.equal(inputs, x)


@pytest.mark.parametrize(
    ("kind", "words", "call"),
    [
        (ValueError, "atol must be a finite number >= 0, got -1", lambda: verify(1, 1, **NAMES, atol=-1)),
        (ValueError, "atol .* got nan", lambda: verify(1, 1, **NAMES, atol=math.nan)),
        (ValueError, "atol .* got '1e-8'", lambda: verify(1, 1, **NAMES, atol="1e-8")),
        (ValueError, "rtol .* got inf", lambda: verify(1, 1, **NAMES, rtol=math.inf)),
        (ValueError, "nothing to compare", lambda: verify(np.ones((0, 3)), np.ones((0, 3)), **NAMES)),
        (ValueError, "nothing to compare", lambda: verify((), (), **NAMES)),
        (ValueError, "nothing to compare", lambda: verify({}, {}, **NAMES)),
        (ValueError, "inputs are missing", lambda: verify(abs, abs, **NAMES)),
        (ValueError, "inputs are for callables", lambda: verify(1, 1, 2, **NAMES)),
        (TypeError, "got one of each", lambda: verify(abs, 1, **NAMES)),
        (TypeError, "got one of each", lambda: verify(1, abs, 1, **NAMES)),
        (TypeError, "ours must hold numbers, got str", lambda: verify("1", "1", **NAMES)),
        (TypeError, "reference must hold numbers, got list", lambda: verify([1], ["1"], **NAMES)),
        (TypeError, "ours must hold numbers, got NoneType", lambda: verify(None, None, **NAMES)),
        (TypeError, "against", lambda: verify(1, 1, what="one")),
    ],
)
def test_a_call_that_makes_no_sense_is_refused(kind, words, call):
    with pytest.raises(kind, match=words):
        call()


# ---------------------------------------------------------------- verify: the line


def test_verify_prints_one_line_with_the_measured_part_marked(capsys):
    verify([1.0, 2.5], [1.0, 2.0], what="halves", against="np.halves", atol=0.5)
    assert (
        capsys.readouterr().out == "✓ halves = np.halves  [values, largest error ⟨5.0e-01⟩, allowed 5e-01]\n"
    )


def test_the_line_says_that_gradients_were_compared(capsys):
    verify(lambda x: x * x, torch.square, x, **NAMES)
    assert "[values and gradients, largest error ⟨0⟩, allowed 1e-08]" in capsys.readouterr().out


def test_the_line_names_the_relative_tolerance(capsys):
    verify(1, 1, **NAMES, rtol=1e-5)
    assert "allowed 1e-08 + 1e-05 of the largest" in capsys.readouterr().out


def test_the_shown_tolerance_is_the_one_applied(capsys):
    verify(2.4e-9, 0, **NAMES, atol=2.5e-9)
    assert "allowed 2.5e-09" in capsys.readouterr().out


def test_only_the_measured_part_changes_with_the_error(capsys):
    verify(1 + 1e-10, 1, **NAMES)
    verify(1 + 3e-9, 1, **NAMES)
    first, second = capsys.readouterr().out.splitlines()
    assert first != second
    assert first.replace("1.0e-10", "") == second.replace("3.0e-09", "")


def test_the_verify_record_is_json(records):
    verify(np.float32([1, 2]), [1, 2], what="pair", against="list", rtol=1e-3)
    ((html, _, data),) = records
    assert json.loads(json.dumps(data, allow_nan=False)) == {
        "kind": "verify",
        "what": "pair",
        "against": "list",
        "checked": "values",
        "error": 0.0,
        "atol": 1e-8,
        "rtol": 1e-3,
    }
    assert html.count('<span class="measured">') == 1


def test_the_html_line_escapes_what_the_author_wrote(records):
    verify(1, 1, what="a < b & c", against="<script>")
    assert "a &lt; b &amp; c = &lt;script&gt;" in records[0][0]


# ---------------------------------------------------------------- claim


@pytest.mark.parametrize(
    ("op", "true", "false", "bound"),
    [
        (">=", 2.0, math.nextafter(2, 0), 2.0),
        (">", math.nextafter(2, 3), 2.0, 2.0),
        ("<=", 2.0, math.nextafter(2, 3), 2.0),
        ("<", math.nextafter(2, 0), 2.0, 2.0),
        ("==", 2.0, math.nextafter(2, 3), 2.0),
        ("in", 1.0, math.nextafter(1, 0), (1, 2)),
        ("in", 2.0, math.nextafter(2, 3), (1, 2)),
    ],
)
def test_each_operator_is_exact_at_its_boundary(op, true, false, bound, capsys):
    claim("two", true, op, bound)
    assert capsys.readouterr().out.startswith("✓ two  [measured ⟨")
    with pytest.raises(ProofError, match="^two: measured "):
        claim("two", false, op, bound)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("value", [2, 2.0, np.int64(2), np.float32(2), np.array(2.0), torch.tensor(2)])
def test_a_number_may_come_from_anywhere(value):
    claim("two", value, "==", 2)


@pytest.mark.parametrize(
    ("kind", "words", "arguments"),
    [
        (ProofError, "value is NaN", ("nan", math.nan, ">=", 0)),
        (ProofError, "value is NaN", ("nan", torch.tensor(math.nan), "<", 0)),
        (ProofError, "bound is NaN", ("nan", 1, "<", math.nan)),
        (TypeError, r"value must be one number, got an array of shape \(2,\)", ("array", np.ones(2), ">", 0)),
        (
            TypeError,
            r"value must be one number, got an array of shape \(1,\)",
            ("array", torch.ones(1), ">", 0),
        ),
        (TypeError, "value must be a number, got bool True", ("bool", True, "==", 1)),
        (TypeError, "value must be a number, got bool", ("bool", np.bool_(True), "==", 1)),
        (TypeError, "value must be a number, got complex", ("complex", 1j, "==", 1)),
        (TypeError, "value must be a number, got str '1'", ("str", "1", "==", 1)),
        (TypeError, "bound must be a number, got NoneType", ("none", 1, ">", None)),
        (TypeError, "bound must be a pair", ("pair", 1, "in", 2)),
        (TypeError, "bound must be a pair", ("pair", 1, "in", (0, 1, 2))),
        (ValueError, r"bound must be \(low, high\), got \(2, 0\)", ("reversed", 1, "in", (2, 0))),
        (ValueError, "op must be one of >=, >, <=, <, ==, in, got '≥'", ("op", 1, "≥", 0)),
        (ValueError, "sentence must say what is claimed, got '  '", ("  ", 1, ">", 0)),
        (ValueError, "sentence must say", (None, 1, ">", 0)),
    ],
)
def test_what_is_no_claim_is_refused(kind, words, arguments):
    with pytest.raises(kind, match=words):
        claim(*arguments)


def test_the_claim_line_carries_value_bound_and_unit(capsys):
    claim("The walk takes a while.", 12.3456, "in", (10, 15), unit="s")
    assert capsys.readouterr().out == "✓ The walk takes a while.  [measured ⟨12.3 s⟩, claimed in 10 to 15]\n"


def test_a_failed_claim_says_both_numbers():
    with pytest.raises(ProofError, match=r"^Error falls.: measured 0.52 %, claimed ≤ 0.5 %$"):
        claim("Error falls.", 0.52, "<=", 0.5, unit="%")


@pytest.mark.parametrize(
    ("value", "op", "bound"),
    [(np.int64(3), ">", np.float32(1)), (torch.tensor(0.5), "in", (0, 1)), (math.inf, ">", 1e6)],
)
def test_the_claim_record_is_json(records, value, op, bound):
    try:
        claim("sentence", value, op, bound)
    except ProofError:
        return  # a value that no JSON can hold may be refused, but not stored
    record = json.loads(json.dumps(records[0][2], allow_nan=False))
    assert record["kind"] == "claim"
    assert set(record) == {"kind", "sentence", "value", "op", "bound", "unit"}


# ---------------------------------------------------------------- consoles


@pytest.mark.parametrize(
    ("encoding", "line"),
    [
        ("utf-8", "✓ Größe von θ…  [measured ⟨2⟩, claimed ≥ 1]"),
        ("cp1252", "[ok] Größe von ?…  [measured <2>, claimed >= 1]"),  # Windows in western Europe
        ("cp437", "[ok] Größe von ?...  [measured <2>, claimed ≥ 1]"),
        ("ascii", "[ok] Gr??e von ?...  [measured <2>, claimed >= 1]"),
    ],
)
def test_a_claim_in_a_script_survives_the_consoles_encoding(encoding, line):
    code = "from utils import claim; claim('Größe von θ…', 2, '>=', 1)"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode(encoding).splitlines() == [line]
