"""Lightning attention over tokens in the order of their scan, a slab at a time, so that what is inside stays in the cache.

out = (Q K^T * M) V as in `model.attention.chunk`: masked products inside chunks of tokens, decaying states between them.
A first pass, from the end to the start, gives what tokens find in their own chunk, and the states of what comes after
each chunk; a second, from the start, carries the states of what comes before along and adds what q finds in both. A k or
v that is no number reaches those that see it and, though 0 times it is none either, nobody else.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from model.layers.processor.decays import Decays, decays_of

_SLAB = 96 * 64 * 32
"""Numbers of a slab's q, k or v in float32: 0.8 MB."""
_SHORT, _LONG, _FEW = 32, 64, 2048
"""Tokens of a chunk: longer ones compute more scores, shorter ones more states. Few tokens go in short ones."""
_GROUP = 8
"""Chunks whose states are summed by one small product; those of groups by another, so that its size stays small."""

_NEVER = torch.iinfo(torch.int64).max

Load = Callable[[slice], tuple[torch.Tensor, torch.Tensor]]
"""Gives q and k side by side (T, 2C), SiLU applied, and v (T, C), of some tokens; called from the last to the first."""
Store = Callable[[slice, torch.Tensor], None]
"""Takes what comes out for some tokens (T, C), called from the first to the last."""


def scan(tokens: int, slopes: torch.Tensor, direction: str, width: int, load: Load, store: Store) -> None:
    """All `tokens` of an image, `width` channels a head. What is stored is float32, each head's output of unit RMS."""
    chunk = _SHORT if tokens <= _FEW else _LONG
    chunks, most = -(-tokens // chunk), max(1, round(_SLAB / (len(slopes) * width * chunk)))
    together = -(-chunks // -(-chunks // most))
    size = chunk * (-(-together // _GROUP) * _GROUP if together > _GROUP else together)
    places = [slice(first, min(first + size, tokens)) for first in range(0, tokens, size)]
    slabs = _Slabs(len(places), size // chunk, decays_of(tuple(slopes.tolist()), direction, chunk, width))
    for number in reversed(range(len(places))):
        slabs.enter(number, *load(places[number]))
    for number, place in enumerate(places):
        store(place, slabs.leave(number)[: place.stop - place.start])


class _Slabs:
    """Room for the arrays of a scan, (heads x chunks, tokens of a chunk, D), and what is computed in them.

    Views are made once: there are so many small steps that making them anew takes a tenth of the time.
    """

    def __init__(self, count: int, chunks: int, decays: Decays) -> None:
        heads, chunk, width, sides = decays.heads, decays.chunk, decays.width, decays.sides
        shape, rows = (heads * chunks, chunk, width), (heads, chunks * chunk, width)
        self._decays, self._channels = decays, heads * width
        # What is kept from the first pass to the second: of each slab q, what it finds nearby, and the states.
        q, found = torch.empty(2, count, *shape)
        states = torch.empty(count, heads * chunks, len(sides) * width, width)
        self._q, self._q_rows = q.unbind(), q.view(count, *rows).unbind()
        self._q_by_head = q.view(count, heads, chunks, chunk, width).unbind()
        self._found, self._found_rows = found.unbind(), found.view(count, *rows).unbind()
        self._states = states.unbind()
        group = min(chunks, _GROUP)
        by_side = states.view(count, heads, chunks // group, group, len(sides), width * width).unbind(4)
        self._sides = {side: states.unbind() for side, states in zip(sides, by_side, strict=True)}
        self._between = {side: decays.of_chunks(chunks // group, group, side) for side in sides}
        self._carry: dict[bool, torch.Tensor] = {}
        # Of each head (heads, 1, 1), the turn of the first token that was no number; None while there is none.
        self._lost_from: torch.Tensor | None = None
        # What the next slab takes over.
        k, self._v = torch.empty(2, *shape)
        self._k_rows, self._v_rows, self._k_turned = k.view(rows), self._v.view(rows), k.transpose(1, 2)
        self._k_by_head = k.view(heads, chunks, chunk, width)
        self._scores = torch.empty(heads * chunks, chunk, chunk)
        self._scores_by_head = self._scores.view(heads, chunks, chunk, chunk)
        self._decayed = torch.empty(heads * chunks, chunk, len(sides) * width)
        self._decayed_turned = self._decayed.transpose(1, 2)
        self._decayed_by_side = self._decayed.view(heads, chunks, chunk, len(sides), width).unbind(3)
        self._out = torch.empty(chunks * chunk, heads * width)
        self._out_rows = self._out.view(-1, heads, width).transpose(0, 1)
        # The root mean square of plain's q / D, and its eps.
        self._least, self._scale = torch.tensor(1e-3 * width), width**-0.5

    def enter(self, number: int, qk: torch.Tensor, v: torch.Tensor) -> None:
        """The first pass over a slab, given as a `Load` gives it."""
        q, k = qk.view(len(qk), 2, len(self._k_rows), -1).transpose(0, 2).unbind(1)
        _fill(self._q_rows[number], q)
        _fill(self._k_rows, k)
        _fill(self._v_rows, v.view(len(v), len(self._v_rows), -1).transpose(0, 1))
        self._sum_up(number)
        # Whatever is no number in k or v is so in its chunk's state, the smallest array to look at.
        if len(self._sides) == 1 and not self._states[number].sum().isfinite():
            self._leave_out(number)
            self._sum_up(number)
        if True in self._sides:
            self._pass_on(number, reverse=True)

    def leave(self, number: int) -> torch.Tensor:
        """The second pass: what comes out, (T, C), with zeros behind the last token, until the next slab's."""
        if False in self._sides:
            self._pass_on(number, reverse=False)
        self._decay(self._q_by_head[number], self._decays.from_edge)
        self._found[number].baddbmm_(self._decayed, self._states[number])
        found = self._found_rows[number]
        if self._lost_from is not None:
            found.masked_fill_(self._order(number) >= self._lost_from, torch.nan)
        size = torch.linalg.vector_norm(found, dim=-1, keepdim=True).mul_(self._scale).hypot_(self._least)
        torch.div(found, size, out=self._out_rows)
        return self._out

    def _sum_up(self, number: int) -> None:
        """What tokens find in their own chunk, and each chunk's own states."""
        torch.bmm(self._q[number], self._k_turned, out=self._scores)
        self._scores_by_head.mul_(self._decays.inside)
        torch.bmm(self._scores, self._v, out=self._found[number])
        self._decay(self._k_by_head, self._decays.to_edge)
        torch.bmm(self._decayed_turned, self._v, out=self._states[number])

    def _decay(self, rows: torch.Tensor, by_side: tuple[torch.Tensor, ...]) -> None:
        """q or k times the decays of each side. One side at a time is four times as quick as both in one product."""
        for decays, out in zip(by_side, self._decayed_by_side, strict=True):
            torch.mul(rows, decays, out=out)

    def _leave_out(self, number: int) -> None:
        """Take what is no number out of k and v, and remember who has seen it."""
        lost = ~(self._k_rows.isfinite() & self._v_rows.isfinite()).all(-1, keepdim=True)
        for rows in (self._k_rows, self._v_rows):
            rows.masked_fill_(lost, 0)
        first = torch.where(lost, self._order(number), _NEVER).amin(1, keepdim=True)
        self._lost_from = first if self._lost_from is None else torch.minimum(first, self._lost_from)

    def _order(self, number: int) -> torch.Tensor:
        """When the tokens of a slab have their turn (T, 1): each sees those whose turn was not later."""
        count = self._k_rows.shape[1]
        place = torch.arange(number * count, (number + 1) * count)[:, None]
        return -place if True in self._sides else place

    def _pass_on(self, number: int, reverse: bool) -> None:
        """Make of each chunk's own states on one side those that enter it, and add up what the next slab meets."""
        states, (of_chunks, of_groups) = self._sides[reverse][number], self._between[reverse]
        last = slice(0, 1) if reverse else slice(-1, None)
        entering = torch.bmm(of_chunks.between, states.flatten(0, 1)).view(states.shape)
        totals = torch.addcmul(states[:, :, last], entering[:, :, last], of_chunks.whole)[:, :, 0]
        before = torch.bmm(of_groups.between, totals)
        if reverse in self._carry:
            before.addcmul_(of_groups.from_edge, self._carry[reverse])
        self._carry[reverse] = torch.addcmul(totals[:, last], before[:, last], of_groups.whole)
        torch.addcmul(entering, of_chunks.from_edge, before[:, :, None], out=states)


def _fill(rows: torch.Tensor, values: torch.Tensor) -> None:
    """The first tokens of `rows` (heads, tokens, D) with `values`, and zeros behind them, which change no sum."""
    count = values.shape[1]
    if count < rows.shape[1]:
        rows[:, count:] = 0
        rows = rows[:, :count]
    rows.copy_(values)
