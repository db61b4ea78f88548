"""The rows of prediction: one image, throughput, large images.

A whole prediction is the product's `Segmenter.predict`, from pixels in the computer's memory to a Prediction there, on the
wall. Rows that say *GPU alone* leave out transfers and Python: captured in a CUDA graph and replayed, ours and the peers'
alike, from uint8 pixels to a uint8 label map on the GPU (ours with its confidence and scores). Memory is the most that
torch held for tensors at once, weights included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import nn

from model.images import Image
from tests.benchmarks.peers import PeerPredictor, each, peers
from tests.benchmarks.rows import Cost, Row, attempt, fastest, show_peers
from tests.benchmarks.subject import Scale, noise, one_pass, segmenter
from tests.benchmarks.timing import clocked, memory_of, repeated, replayed

Make = Callable[[], nn.Module]


def image_rows(scale: Scale, device: torch.device) -> Iterator[Row]:
    """One image at a time; peers have no confidence and no scores to give, so they do less."""
    pixels = noise((1, scale.side, scale.side, 3))
    image, made = Image("noise", pixels[0]), peers(scale.config, scale.widths)

    def theirs(make: Make) -> Cost:
        peer = PeerPredictor(make(), pixels.shape, device)
        return Cost(clocked(lambda: peer.predict(pixels), device, scale.runs))

    cost = attempt(lambda: _whole(scale, [image], device, 5 * scale.runs))
    work = f"one {scale.side}x{scale.side} image, whole prediction: pixels to label map"
    yield Row(
        work, "<= 0.8 ms", cost.show("ms"), show_peers(cost, each(made, theirs, scale.until), "ms"), cost.within(0.8e-3)
    )
    cost = _alone(scale, pixels.shape, device)
    others = each(made, lambda make: _peer_alone(make, pixels.shape, device), scale.until)
    yield Row("the same, GPU alone", "", cost.show("ms"), show_peers(cost, others, "ms"))


def throughput_rows(scale: Scale, device: torch.device) -> Iterator[Row]:
    """Batches of the best size for ours, and of that size for the peers."""
    costs = {}
    for batch in scale.batches:
        shape = batch, scale.side, scale.side, 3
        costs[shape] = _alone(scale, shape, device)
    best = fastest(costs.values())
    shape = next(shape for shape, cost in costs.items() if cost is best)
    others = each(peers(scale.config, scale.widths), lambda make: _peer_alone(make, shape, device), scale.until)
    work = f"throughput, batches of {shape[0]} of {scale.side}x{scale.side}, GPU alone"
    measured, beside = best.show("images/s"), show_peers(best, others, "images/s")
    yield Row(work, ">= 3,000 images/s", measured, beside, best.within(1 / 3000))
    images = [Image("noise", noise((scale.side, scale.side, 3)))] * (8 * scale.batch)
    whole = attempt(lambda: _whole(scale, images, device))
    yield Row("the same, pixels to label maps, one after the other to predict_many", "", whole.show("images/s"))


def large_rows(scale: Scale, device: torch.device) -> Iterator[Row]:
    """One large image in one pass of the network. Softmax is left out: its time grows with the square of the tokens."""
    shape = 1, scale.large, scale.large, 3
    large = _alone(scale, shape, device, memory=True)
    others = each(
        peers(scale.config, scale.widths, softmax=False),
        lambda make: _peer_alone(make, shape, device, True),
        scale.until,
    )
    beside, reached = show_peers(large, others, "ms"), large.within(50e-3, 6 * 2**30)
    yield Row(
        f"{scale.large}x{scale.large} in one pass, GPU alone", "<= 50 ms, <= 6 GiB", large.show("ms"), beside, reached
    )
    image = Image("noise", noise((scale.large, scale.large, 3)))
    whole = attempt(lambda: _whole(scale, [image], device))
    yield Row("the same, pixels to label map", "", whole.show("ms"))
    huge, middle = (_alone(scale, (1, side, side, 3), device, memory=True) for side in (scale.huge, scale.middle))
    share = huge.seconds / middle.seconds * (scale.middle / scale.huge) ** 2
    yield Row(
        f"{scale.huge}x{scale.huge} in one pass, GPU alone",
        f"<= 24 GiB; <= 1.15 times the time per pixel of {scale.middle}x{scale.middle}",
        f"{huge.show('ms')}; {share:.2f} times",
        f"ours at {scale.middle}x{scale.middle} {middle.show('ms')}",
        None if huge.reason or middle.reason else bool(huge.within(huge.seconds, 24 * 2**30)) and share <= 1.15,
    )


def _whole(scale: Scale, images: list[Image], device: torch.device, runs: int = 5) -> Cost:
    """Of one image; by the product's Segmenter."""
    subject = segmenter(scale.config, device)
    if len(images) == 1:
        return Cost(clocked(lambda: subject.predict(images[0]), device, runs))
    return Cost(clocked(lambda: list(subject.predict_many(images)), device, runs) / len(images))


def _alone(scale: Scale, shape: tuple[int, ...], device: torch.device, memory: bool = False) -> Cost:
    """Of one image; ours."""

    def measure() -> Cost:
        with memory_of(device) as peak:
            call = one_pass(scale.config, shape, device)
            return Cost(replayed(call, device) / shape[0], peak() if memory else None)

    return attempt(measure)


def _peer_alone(make: Make, shape: tuple[int, ...], device: torch.device, memory: bool = False) -> Cost:
    with memory_of(device) as peak:
        peer = PeerPredictor(make(), shape, device)
        return Cost(repeated(peer.replay, device) / shape[0], peak() if memory else None)
