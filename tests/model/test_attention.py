"""Every form of attention against the definition in float64: outputs and all gradients, at awkward sizes."""

from __future__ import annotations

import pytest
import torch

from model.attention import DIRECTIONS, build_slopes, lightning_attention
from model.attention.package import refusal

LENGTHS = (1, 49, 63, 100, 1000)


def outputs_and_gradients(inputs, direction: str, form: str, dtype: torch.dtype, device: str = "cpu") -> list:
    *qkv, gradient = (x.to(device=device, dtype=dtype) for x in inputs)
    qkv = [x.requires_grad_() for x in qkv]
    slopes = build_slopes(qkv[0].shape[1]).to(device)
    out = lightning_attention(*qkv, slopes, direction, form)
    assert out.dtype == dtype
    return [out.detach(), *torch.autograd.grad(out, qkv, gradient)]


def random_inputs(tokens: int, heads: int = 3, width: int = 32, value_width: int = 32) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(tokens)
    widths = (width, width, value_width, value_width)
    return [torch.randn(2, heads, tokens, w, generator=generator, dtype=torch.float64) for w in widths]


def relative_errors(result: list, reference: list) -> list[float]:
    return [float((x.double().cpu() - y.cpu()).norm() / y.cpu().norm()) for x, y in zip(result, reference, strict=True)]


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("tokens", LENGTHS)
@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
def test_chunk_equals_the_definition(tokens: int, direction: str, dtype: torch.dtype, bound: float) -> None:
    inputs = random_inputs(tokens, value_width=24)
    reference = outputs_and_gradients(inputs, direction, "naive", torch.float64)
    result = outputs_and_gradients(inputs, direction, "chunk", dtype)
    assert max(relative_errors(result, reference)) < bound


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_strided_inputs_give_the_same_as_contiguous_ones(direction: str) -> None:
    qkv = torch.randn(2, 100, 3, 4, 16, dtype=torch.float64)  # as one linear layer lays them out
    strided = [x.requires_grad_() for x in qkv.clone().permute(2, 0, 3, 1, 4)]
    contiguous = [x.detach().contiguous().requires_grad_() for x in strided]
    assert not strided[0].is_contiguous()
    slopes = build_slopes(4)
    results = []
    for form, inputs in (("chunk", strided), ("naive", contiguous)):
        out = lightning_attention(*inputs, slopes, direction, form)
        results.append([out.detach(), *torch.autograd.grad(out.square().sum(), inputs)])
    assert max(relative_errors(*results)) < 1e-10


def test_bidirectional_counts_the_diagonal_once() -> None:
    q, k, v, _ = random_inputs(49)
    both = lightning_attention(q, k, v, build_slopes(3), "bidirectional")
    sides = sum(lightning_attention(q, k, v, build_slopes(3), side) for side in ("causal", "anticausal"))
    diagonal = (q * k).sum(-1, keepdim=True) * v
    torch.testing.assert_close(both, sides - diagonal)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_long_scan_neither_overflows_nor_forgets_its_scale(direction: str) -> None:
    tokens = 70_000
    ones = torch.ones(1, 1, tokens, 1)
    out = lightning_attention(ones, ones, ones, torch.tensor([0.25]), direction, "chunk")
    one_side = 1 / (1 - torch.exp(torch.tensor(-0.25)))
    expected = 2 * one_side - 1 if direction == "bidirectional" else one_side
    torch.testing.assert_close(out[0, 0, tokens // 2, 0], expected)
    assert out.isfinite().all()


def test_a_head_without_decay_sums_everything() -> None:
    ones = torch.ones(1, 1, 5000, 1, dtype=torch.float64)
    out = lightning_attention(ones, ones, ones, torch.zeros(1), "causal", "chunk")
    torch.testing.assert_close(out.flatten(), torch.arange(1, 5001, dtype=torch.float64))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_summed_in_float32(dtype: torch.dtype) -> None:
    inputs = [x.to(dtype).double() for x in random_inputs(1000)]
    reference = outputs_and_gradients(inputs, "bidirectional", "naive", torch.float64)
    result = outputs_and_gradients(inputs, "bidirectional", "chunk", dtype)
    assert max(relative_errors(result, reference)) < torch.finfo(dtype).eps


@pytest.mark.parametrize("poison", ["nan", "inf"])
@pytest.mark.parametrize("tokens", [16, 200])
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("form", ["naive", "chunk"])
def test_what_is_no_number_stays_in_sight(form: str, direction: str, tokens: int, poison: str) -> None:
    """Of q, only its own output is lost; of k those that see it, of v their column alone; and no other head or image."""
    place, channel = tokens // 2 + 3, 5
    token = torch.arange(tokens)
    sees = {"causal": token >= place, "anticausal": token <= place, "bidirectional": token >= 0}[direction]
    for which, lost, columns in ((0, token == place, slice(None)), (1, sees, slice(None)), (2, sees, channel)):
        qkv = random_inputs(tokens)[:3]
        qkv[which][1, 2, place, channel] = float(poison)
        finite = lightning_attention(*qkv, torch.full((3,), 0.01), direction, form).isfinite()
        assert not finite[1, 2, lost, columns].any(), "it must not be hidden"
        finite[1, 2, lost, columns] = True
        assert finite.all()


def test_gradients_of_what_is_no_number_stay_in_sight() -> None:
    q, k, v, gradient = random_inputs(200)
    gradient[1, 2, 70] = float("nan")
    qkv = [x.requires_grad_() for x in (q, k, v)]
    dq, dk, dv = torch.autograd.grad(lightning_attention(*qkv, build_slopes(3), "causal", "chunk"), qkv, gradient)
    assert not dq[1, 2, 70].isfinite().any() and dq[1, 2, :70].isfinite().all() and dq[1, 2, 71:].isfinite().all()
    for x in (dk, dv):
        assert not x[1, 2, :71].isfinite().any() and x[1, 2, 71:].isfinite().all() and x[:, :2].isfinite().all()


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_compile_traces_chunk_as_a_whole(direction: str) -> None:
    inputs = [x.requires_grad_() for x in random_inputs(100)[:3]]
    attend = torch.compile(lightning_attention, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(
        attend(*inputs, build_slopes(3), direction, "chunk"), lightning_attention(*inputs, build_slopes(3), direction)
    )


def test_slopes_are_those_of_the_package() -> None:
    utils = pytest.importorskip("lightning_attn.utils")
    for heads in (1, 2, 3, 4, 6, 8, 12, 24):
        expected = utils._build_slope_tensor(heads).flatten()
        torch.testing.assert_close(build_slopes(heads), expected, rtol=1e-6, atol=0)
    assert build_slopes(3).tolist() == [1 / 16, 1 / 256, 1 / 4]


def test_on_a_cpu_the_door_takes_chunk() -> None:
    inputs = random_inputs(100)[:3]
    automatic = lightning_attention(*inputs, build_slopes(3))
    assert torch.equal(automatic, lightning_attention(*inputs, build_slopes(3), form="chunk"))


@pytest.mark.parametrize("form", ["naive", "chunk"])
def test_a_grid_is_read_column_by_column(form: str) -> None:
    q, k, v = (x[:, :, :12] for x in random_inputs(12)[:3])
    turned = [x.unflatten(2, (3, 4)).transpose(2, 3).flatten(2, 3) for x in (q, k, v)]
    expected = lightning_attention(*turned, build_slopes(3), form="naive")
    out = lightning_attention(q, k, v, build_slopes(3), form=form, grid=(3, 4))
    torch.testing.assert_close(out.unflatten(2, (3, 4)).transpose(2, 3).flatten(2, 3), expected)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda a: a | {"k": a["k"][:, :, :-1]}, r"k \(B, H, N, D\).*\(1, 2, 9, 16\)"),
        (lambda a: a | {"q": a["q"][0]}, r"\(B, H, N, D\).*\(2, 10, 16\)"),
        (lambda a: a | {"slopes": torch.ones(3)}, r"slopes \(2,\).*got \(3,\)"),
        (lambda a: a | {"v": a["v"].half()}, "one floating type.*float16"),
        (lambda a: {n: x if n == "slopes" else x.int() for n, x in a.items()}, "floating type.*int32"),
        (lambda a: a | {"v": a["v"].transpose(2, 3).contiguous().transpose(2, 3)}, "unit last stride"),
        (lambda a: a | {"direction": "backwards"}, "causal, anticausal, bidirectional, got backwards"),
        (lambda a: a | {"form": "magic"}, "auto, naive, chunk, kernels, package, got magic"),
        (lambda a: a | {"form": "package"}, "tensors on cuda, got cpu"),
        (lambda a: a | {"grid": (3, 4)}, r"grid \(rows, columns\) of 10 tokens, got \(3, 4\)"),
        (lambda a: a | {"grid": (10,)}, r"grid \(rows, columns\) of 10 tokens, got \(10,\)"),
    ],
)
def test_what_cannot_be_computed_is_named(change, expected: str) -> None:
    q, k, v = (torch.randn(1, 2, 10, 16) for _ in range(3))
    arguments = change({"q": q, "k": k, "v": v, "slopes": build_slopes(2)})
    with pytest.raises(ValueError, match=expected):
        lightning_attention(**arguments)


class OnCuda:
    """A stand-in for a CUDA tensor, so that the package's limits are checked where there is no GPU."""

    def __init__(self, width: int, dtype: torch.dtype = torch.float16) -> None:
        self.shape, self.dtype, self.device = (1, 3, 64, width), dtype, torch.device("cuda")


@pytest.mark.parametrize(("width", "accepted"), [(16, 0), (24, 0), (32, 1), (64, 1), (96, 0), (128, 1), (192, 1)])
def test_the_package_names_the_widths_it_takes(width: int, accepted: int) -> None:
    reason = refusal(OnCuda(width), OnCuda(64), "causal")
    assert (reason is None) == bool(accepted)
    assert reason is None or str(width) in reason


def test_the_package_refuses_what_it_would_compute_wrongly() -> None:
    assert "float32" in refusal(OnCuda(32, torch.float32), OnCuda(32), "causal")
    assert "bidirectional" in refusal(OnCuda(32), OnCuda(32), "bidirectional")
    assert "got 16" in refusal(OnCuda(32), OnCuda(16), "causal")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="the package runs on CUDA only; see benchmarks/gpu_check.py")
@pytest.mark.parametrize("tokens", LENGTHS)
@pytest.mark.parametrize(("dtype", "bound"), [(torch.float16, 1e-3), (torch.bfloat16, 5e-3)])
def test_package_equals_the_definition(tokens: int, dtype: torch.dtype, bound: float) -> None:
    inputs = [x.to(dtype).double() for x in random_inputs(tokens)]
    reference = outputs_and_gradients(inputs, "causal", "naive", torch.float64)
    result = outputs_and_gradients(inputs, "causal", "package", dtype, "cuda")
    assert max(relative_errors(result, reference)) < bound
