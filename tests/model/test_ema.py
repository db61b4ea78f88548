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


def test_once_all_are_kept_every_step_since_counts_alike_beside_the_few_before():
    network = constant_network(0.0)
    average = WeightAverage(network, decay=0.9)
    for _ in range(500):
        take_in(average, network)
    average.keep_all()
    for step in range(90):
        torch.nn.init.constant_(network.weight, 1.0 if step < 45 else 3.0)
        take_in(average, network)
        average.keep_all()
    # The ten steps that the average was over at 0, one of which gave way to the first since; then 45 at 1 and 45 at 3.
    assert torch.allclose(average.tensors["weight"], torch.tensor((45 * 1.0 + 45 * 3.0) / (9 + 90)))


def test_where_few_steps_came_before_they_count_for_few():
    network = constant_network(0.0)
    average = WeightAverage(network)
    for _ in range(16):
        take_in(average, network)
    average.keep_all()
    torch.nn.init.constant_(network.weight, 1.0)
    for _ in range(10):
        take_in(average, network)
    assert average.tensors["weight"].min() > 0.75


def test_what_shall_not_be_kept_any_more_is_forgotten():
    network = constant_network(0.0)
    average = WeightAverage(network, decay=0.9)
    average.keep_all()
    for step in range(500):
        torch.nn.init.constant_(network.weight, 0.0 if step < 400 else 1.0)
        average.keep_all(step < 400)
        take_in(average, network)
    assert average.tensors["weight"].min() > 0.99


def test_counters_are_copied_not_averaged():
    network = torch.nn.BatchNorm1d(2)
    average = WeightAverage(network)
    network(torch.randn(4, 2))
    network(torch.randn(4, 2))
    take_in(average, network)
    assert average.tensors["num_batches_tracked"] == 2
