"""The averaged weights follow the network, quickly in a short run and slowly in a long one."""

import torch

from model.ema import WeightAverage


def constant_network(value: float) -> torch.nn.Linear:
    network = torch.nn.Linear(2, 2)
    torch.nn.init.constant_(network.weight, value)
    return network


def take_in(average: WeightAverage, network: torch.nn.Module) -> None:
    average.blend(network, torch.tensor(average.share))
    average.steps += 1


def test_a_short_run_is_not_stuck_at_its_start():
    network = constant_network(0.0)
    average = WeightAverage(network)
    torch.nn.init.constant_(network.weight, 1.0)
    for _ in range(20):
        take_in(average, network)
    assert average.tensors["weight"].min() > 0.9


def test_in_a_long_run_one_step_moves_the_average_by_little():
    network = constant_network(0.0)
    average = WeightAverage(network, decay=0.99)
    for _ in range(2000):
        take_in(average, network)
    torch.nn.init.constant_(network.weight, 1.0)
    take_in(average, network)
    assert torch.allclose(average.tensors["weight"], torch.tensor(0.01))


def test_counters_are_copied_not_averaged():
    network = torch.nn.BatchNorm1d(2)
    average = WeightAverage(network)
    network(torch.randn(4, 2))
    network(torch.randn(4, 2))
    take_in(average, network)
    assert average.tensors["num_batches_tracked"] == 2
