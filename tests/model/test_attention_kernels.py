"""The Triton form against the definition in float64; without a GPU it runs in Triton's interpreter."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch.utils.checkpoint import checkpoint

triton = pytest.importorskip("triton")

from model.attention import (
    DIRECTIONS,
    build_slopes,
    kernel_forward,
    kernel_launch,
    kernel_near,
    kernel_operators,
    lightning_attention,
)
from model.attention.kernels import attend, attend_refusal, refusal, trial_tokens
from model.layers import plain

CUDA = torch.cuda.is_available()
DEVICE = "cuda" if CUDA else "cpu"
BOUNDS = {torch.float32: 1e-5, torch.float16: 1e-3, torch.bfloat16: 5e-3 if CUDA else 1.5e-2}
"""Triton's interpreter cuts numbers off for bfloat16 where a GPU rounds them, which more than doubles the error."""
HALF = [torch.float16, torch.bfloat16]
GUARD = 1 << 16


@pytest.fixture(autouse=True)
def memory_full_of_nan() -> Iterator[None]:
    """What a kernel forgets to write is no number."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    assert torch.utils.deterministic.fill_uninitialized_memory
    yield
    torch.use_deterministic_algorithms(False)


@pytest.fixture(autouse=True)
def bfloat16_is_multiplied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Triton's interpreter multiplies the bits of bfloat16 as if they were integers."""
    if CUDA:
        return
    from triton.runtime.interpreter import InterpreterBuilder

    def widen(x: np.ndarray) -> np.ndarray:
        return (x.astype(np.uint32) << 16).view(np.float32) if x.dtype == np.uint16 else x

    def create_dot(builder: object, a: object, b: object, d: object, *rest: object) -> object:
        return type(d)(np.matmul(widen(a.data), widen(b.data), dtype=d.data.dtype) + d.data, d.dtype.scalar)

    monkeypatch.setattr(InterpreterBuilder, "create_dot", create_dot)


@pytest.fixture
def many_launches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few tokens are enough for several chunks, and some more for several runs of the scan over chunks."""
    monkeypatch.setattr(kernel_near, "_MOST", 0)
    plan = kernel_launch.plan
    monkeypatch.setattr(kernel_launch, "_SHORT", 16)
    monkeypatch.setattr(kernel_launch, "_FEW", 1)
    monkeypatch.setattr(
        kernel_launch,
        "plan",
        lambda *a, **b: dataclasses.replace(plan(*a, **b), chunk=32, run=16, long_run=16, wide=256),
    )


@pytest.fixture
def near_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few tokens are enough for several chunks whose states the outputs add up themselves."""
    for name, value in (("_CHUNK", 32), ("_PART", 16)):
        monkeypatch.setattr(kernel_near, name, value)
    monkeypatch.setattr(kernel_launch, "_SHORT", 16)


def inputs(tokens: int, dtype: torch.dtype, widths: tuple[int, int] = (16, 16), heads: int = 3) -> list[torch.Tensor]:
    torch.manual_seed(tokens)
    return [torch.randn(2, heads, tokens, w, device=DEVICE).to(dtype) for w in (widths[0], *widths, widths[1])]


def worst_error(
    values: list[torch.Tensor], direction: str, slopes: torch.Tensor | None = None, **rest: object
) -> float:
    """The largest relative error of outputs and gradients; the last of `values` is the outputs' gradient."""
    slopes = build_slopes(values[0].shape[1]) if slopes is None else slopes
    results = []
    for form, dtype in (("kernels", values[0].dtype), ("naive", torch.float64)):
        qkv = [x.detach().to(dtype).requires_grad_() for x in values[:3]]
        out = lightning_attention(*qkv, slopes.to(DEVICE), direction, form, **rest)
        results.append([out.detach(), *torch.autograd.grad(out, qkv, values[3].to(dtype))])
    return max(error(x, y) for x, y in zip(*results, strict=True))


def error(x: torch.Tensor, y: torch.Tensor) -> float:
    return float((x.double() - y.double()).norm() / y.double().norm())


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("tokens", [1, 49, 129])
def test_kernels_equal_the_definition(tokens: int, direction: str, many_launches: None) -> None:
    assert worst_error(inputs(tokens, torch.float32), direction) < 1e-5


@pytest.mark.parametrize("dtype", BOUNDS)
def test_outputs_that_add_up_states_themselves(dtype: torch.dtype, near_chunks: None) -> None:
    """Of heads that forget at once, slowly and never."""
    q, k, v, _ = inputs(170, dtype)
    slopes = torch.tensor([2.0, 0.02, 0.0], device=DEVICE)
    expected = lightning_attention(q.double(), k.double(), v.double(), slopes, "bidirectional", "naive")
    assert error(lightning_attention(q, k, v, slopes, "bidirectional", "kernels"), expected) < BOUNDS[dtype]


@pytest.mark.parametrize(("by_columns", "sides"), [(False, (5, 19)), (True, (11, 7))])
def test_attend_adds_up_states_itself(by_columns: bool, sides: tuple[int, int], near_chunks: None) -> None:
    qkv, slopes = torch.randn(2, *sides, 3 * 2 * 16, device=DEVICE), build_slopes(2).to(DEVICE)
    out = attend(qkv, slopes, "bidirectional", by_columns)
    assert error(out, plain.attend(qkv.double(), slopes, "bidirectional", by_columns, "naive")) < 1e-5


def test_far_states_keep_what_is_no_number_in_sight(many_launches: None) -> None:
    q, k, v, _ = inputs(170, torch.float32)
    v[1, 2, 70] = float("nan")
    out = lightning_attention(q, k, v, torch.full((3,), 0.01, device=DEVICE), "causal", "kernels").isfinite()
    assert not out[1, 2, 70:].any() and out[1, 2, :70].all() and out[0].all() and out[1, :2].all()


@pytest.mark.parametrize("tokens", [65, 300])
def test_kernels_with_their_own_tiles(tokens: int) -> None:
    assert worst_error(inputs(tokens, torch.float32, heads=1), "bidirectional") < 1e-5


@pytest.mark.parametrize("dtype", HALF)
@pytest.mark.parametrize(("tokens", "direction"), [(49, "causal"), (130, "bidirectional"), (130, "anticausal")])
def test_kernels_in_half_precision(tokens: int, direction: str, dtype: torch.dtype, many_launches: None) -> None:
    assert worst_error(inputs(tokens, dtype), direction) < BOUNDS[dtype]


@pytest.mark.parametrize("widths", [(32, 32), (64, 16), (16, 64), (128, 128), (32, 128)])
def test_all_head_widths(widths: tuple[int, int], many_launches: None) -> None:
    for direction in ("causal", "bidirectional") if max(widths) < 128 else ("anticausal",):
        assert worst_error(inputs(70, torch.float32, widths, heads=1), direction) < 1e-5


@pytest.mark.parametrize(
    ("widths", "direction"), [((16, 128), "bidirectional"), ((64, 32), "causal"), ((128, 16), "anticausal")]
)
def test_kernels_of_two_widths_keep_within_their_tensors(
    monkeypatch: pytest.MonkeyPatch, widths: tuple[int, int], direction: str, many_launches: None
) -> None:
    """Every tensor lies between numbers that are none: whoever reads one spoils its result, whoever writes one shows."""
    guarded, empty = [], torch.empty

    def between_guards(*shape: int, dtype: torch.dtype = torch.float32, device: object = DEVICE) -> torch.Tensor:
        size = math.prod(shape)
        guarded.append((empty(size + 2 * GUARD, dtype=dtype, device=device).fill_(float("nan")), size))
        return guarded[-1][0][GUARD : GUARD + size].view(shape)

    def placed(x: torch.Tensor) -> torch.Tensor:
        return between_guards(*x.shape).copy_(x)

    monkeypatch.setattr(torch, "empty", between_guards)
    (q, k, v, gradient), slopes = map(placed, inputs(130, torch.float32, widths, heads=2)), placed(build_slopes(2))
    scan = kernel_launch.Scan(kernel_launch.CODES[direction])
    out, results = between_guards(*v.shape), [between_guards(*x.shape) for x in (q, k, v)]
    kernel_launch.forward(q, k, v, slopes, out, scan)
    kernel_launch.backward(gradient, q, k, v, slopes, *results, scan)
    exact = [x.double().requires_grad_() for x in (q, k, v)]
    expected = lightning_attention(*exact, slopes, direction, "naive")
    expected = [expected.detach(), *torch.autograd.grad(expected, exact, gradient.double())]
    assert max(error(x, y) for x, y in zip([out, *results], expected, strict=True)) < 1e-5
    assert len(guarded) > 12, "the states lie between guards too"
    assert all(x[:GUARD].isnan().all() and x[GUARD + size :].isnan().all() for x, size in guarded)


@pytest.mark.parametrize(("direction", "slope"), [("causal", 0.0), ("anticausal", 1e-3), ("bidirectional", 0.02)])
def test_far_tokens_count_as_much_as_their_decay_says(direction: str, slope: float, many_launches: None) -> None:
    """Sixteen chunks are one run of the scan: these are more."""
    values = [x[:1] for x in inputs(1100, torch.float32, heads=1)]
    assert worst_error(values, direction, torch.tensor([slope])) < 1e-5


@pytest.mark.parametrize("grid", [(7, 9), (50, 2)])
def test_tokens_are_read_column_by_column(grid: tuple[int, int], many_launches: None) -> None:
    assert worst_error(inputs(grid[0] * grid[1], torch.float32), "bidirectional", grid=grid) < 1e-5


def test_a_projection_s_thirds_are_read_where_they_lie() -> None:
    qkv = torch.randn(2, 70, 3, 4, 16, device=DEVICE)
    strided = list(qkv.permute(2, 0, 3, 1, 4))
    assert all(x is y for x, y in zip(kernel_operators._aligned(*strided), strided, strict=True)), (
        "nothing may be copied"
    )
    assert worst_error([*strided, torch.randn(2, 4, 70, 16, device=DEVICE)], "causal") < 1e-5
    askew = [torch.randn(2, 3, 20, 17, device=DEVICE)[..., 1:] for _ in range(4)]
    assert worst_error(askew, "bidirectional") < 1e-5
    expanded = torch.randn(1, 1, 1, 16, device=DEVICE).expand(2, 3, 20, 16)
    assert worst_error([expanded, *askew[:2], expanded], "bidirectional") < 1e-5


@pytest.mark.parametrize("dtype", [torch.float32, *HALF])
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(("by_columns", "sides"), [(False, (5, 9)), (True, (3, 5)), (True, (11, 7))])
def test_attend_is_the_plain_one(
    sides: tuple[int, int], by_columns: bool, direction: str, dtype: torch.dtype, many_launches: None
) -> None:
    torch.manual_seed(0)
    qkv = torch.randn(2, *sides, 3 * 2 * 16, device=DEVICE).to(dtype).requires_grad_()
    exact = qkv.detach().double().requires_grad_()
    slopes, gradient = build_slopes(2).to(DEVICE), torch.randn(2, *sides, 2 * 16, device=DEVICE).to(dtype)
    out = attend(qkv, slopes, direction, by_columns)
    expected = plain.attend(exact, slopes, direction, by_columns, "naive")
    assert out.dtype == dtype and out.is_contiguous() and error(out.detach(), expected.detach()) < BOUNDS[dtype]
    (result,) = torch.autograd.grad(out, qkv, gradient)
    (reference,) = torch.autograd.grad(expected, exact, gradient.double())
    plainly = torch.autograd.grad(plain.attend(qkv, slopes, direction, by_columns, "chunk"), qkv, gradient)[0]
    bound = 2 * max(BOUNDS[dtype], error(plainly, reference))  # the norm of a first token's single product rounds badly
    assert result.is_contiguous() and error(result, reference) < bound
    with torch.no_grad():
        assert torch.equal(attend(qkv, slopes, direction, by_columns), out)


@pytest.mark.parametrize(("tokens", "poison"), [(16, "nan"), (100, "nan"), (100, "inf")])
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_what_is_no_number_stays_in_sight(direction: str, tokens: int, poison: str, many_launches: None) -> None:
    """Of q, only its own output is lost; of k and v those that see it; and no other head or image."""
    place = tokens // 2 + 3
    token = torch.arange(tokens, device=DEVICE)
    sees = {"causal": token >= place, "anticausal": token <= place, "bidirectional": token >= 0}[direction]
    for which, lost in ((0, token == place), (1, sees), (2, sees)):
        values = inputs(tokens, torch.float32)
        values[which][1, 2, place, 5] = float(poison)
        finite = lightning_attention(
            *values[:3], torch.full((3,), 0.01, device=DEVICE), direction, "kernels"
        ).isfinite()
        assert not finite[1, 2, lost].all(-1).any(), "it must not be hidden"
        finite[1, 2, lost] = True
        assert finite.all()


def test_gradients_of_what_is_no_number_stay_in_sight(many_launches: None) -> None:
    q, k, v, gradient = inputs(100, torch.float32)
    gradient[1, 2, 70] = float("nan")
    qkv = [x.requires_grad_() for x in (q, k, v)]
    out = lightning_attention(*qkv, build_slopes(3).to(DEVICE), "causal", "kernels")
    dq, dk, dv = torch.autograd.grad(out, qkv, gradient)
    assert not dq[1, 2, 70].isfinite().any() and dq[1, 2, :70].isfinite().all() and dq[1, 2, 71:].isfinite().all()
    for x in (dk, dv):
        assert not x[1, 2, :71].isfinite().any() and x[1, 2, 71:].isfinite().all() and x[:, :2].isfinite().all()


def test_compile_and_export_trace_past_the_kernels() -> None:
    q, k, v, _ = inputs(40, torch.float32, (16, 16))
    slopes = build_slopes(3).to(DEVICE)

    class Both(torch.nn.Module):
        def forward(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
            out = lightning_attention(2 * q, k, v, slopes, "causal", "kernels")
            qkv = torch.cat([out, k, v], 1).permute(0, 2, 1, 3).flatten(2).unflatten(1, (5, 8)).contiguous()
            return attend(qkv, slopes, "bidirectional", True).relu()

    expected, exported = Both()(q, k, v), torch.export.export(Both(), (q, k, v))
    assert torch.equal(exported.module()(q, k, v), expected)
    names = {str(node.target) for node in exported.graph.nodes}
    assert {"lightning_segmenter.attention.default", "lightning_segmenter.attend.default"} <= names
    q.requires_grad_()
    compiled = torch.compile(Both(), backend="aot_eager", fullgraph=True)
    results = [torch.autograd.grad(module(q, k, v).sum(), q)[0] for module in (Both(), compiled)]
    assert torch.equal(*results)
    torch.library.opcheck(kernel_operators.attention_operator, (q, k, v, slopes, 2, 5, 8))
    torch.library.opcheck(
        kernel_operators.attend_operator,
        (torch.randn(1, 3, 5, 48, device=DEVICE).requires_grad_(), slopes[:1], 0, False, True),
    )


def test_checkpointing_and_autocast_change_nothing() -> None:
    qkv = torch.randn(1, 5, 6, 96, device=DEVICE, requires_grad=True)
    slopes = build_slopes(2).to(DEVICE)

    def layer(x: torch.Tensor) -> torch.Tensor:
        return attend(x, slopes, "bidirectional", False).square().sum()

    plainly = torch.autograd.grad(layer(qkv), qkv)[0]
    assert torch.equal(torch.autograd.grad(checkpoint(layer, qkv, use_reentrant=False), qkv)[0], plainly)
    with torch.autocast(DEVICE, torch.bfloat16):
        assert torch.equal(torch.autograd.grad(layer(qkv), qkv)[0], plainly)


@pytest.mark.skipif(not CUDA, reason="CUDA graphs need a GPU")
def test_a_captured_graph_computes_again() -> None:
    values = inputs(1000, torch.float32)
    slopes = build_slopes(3).cuda()
    lightning_attention(*values[:3], slopes, "bidirectional")
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        out = lightning_attention(*values[:3], slopes, "bidirectional")
    values[0].mul_(2)
    graph.replay()
    torch.testing.assert_close(out, lightning_attention(*values[:3], slopes, "bidirectional"))


def test_what_the_kernels_cannot_take_is_named() -> None:
    x, slopes = torch.zeros(1, 2, 4, 24, device=DEVICE), torch.ones(2, device=DEVICE)
    with pytest.raises(ValueError, match=r"widths of \(16, 32, 64, 128\), got 24 and 24"):
        lightning_attention(x, x, x, slopes, form="kernels")
    x = torch.zeros(1, 2, 4, 32, device=DEVICE, dtype=torch.float64)
    with pytest.raises(ValueError, match=r"float16, bfloat16 or float32, got torch.float64"):
        lightning_attention(x, x, x, slopes, form="kernels")
    assert "got torch.float64" in refusal(x, x)
    qkv = torch.zeros(1, 4, 5, 96, device=DEVICE)
    assert attend_refusal(qkv, 2) is None
    for wrong, heads, expected in ((qkv, 5, "5 heads, got"), (qkv.transpose(1, 2), 2, "contiguous"), (qkv, 4, "got 8")):
        with pytest.raises(ValueError, match=expected):
            attend(wrong, torch.ones(heads, device=DEVICE), "causal", False)
    with pytest.raises(ValueError, match="bidirectional and slopes.*got backwards"):
        attend(qkv, slopes, "backwards", False)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize("width", [32, 64, 128])
@pytest.mark.parametrize("backward", [False, True])
def test_a_trial_reaches_the_kernels_that_will_be_used(monkeypatch, dtype, width, backward) -> None:
    launched: list[str] = []
    kind = type(kernel_forward.short_kernel)
    monkeypatch.setattr(kind, "run", lambda kernel, *_, **__: launched.append(kernel.fn.__name__))

    def names(tokens: int) -> list[str]:
        launched.clear()
        q = torch.empty(1, 1, tokens, width, dtype=dtype, device="meta")
        launch, others = (kernel_launch.backward, (q, q, q)) if backward else (kernel_launch.forward, (q,))
        launch(*(q,) * (3 + backward), torch.ones(1, device="meta"), *others, kernel_launch.Scan(2))
        return list(launched)

    for tokens in (1, 256, 257, 1024, 1025, 2048, 2049, 4096, 4097, 32768, 32769, 10**6):
        assert names(tokens) and names(tokens) == names(trial_tokens(tokens)), tokens
