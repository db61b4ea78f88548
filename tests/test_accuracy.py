"""The accuracy benchmark: its split, its twins, its arithmetic, and that its commands run from end to end at toy size."""

from __future__ import annotations

import dataclasses
import gzip
import json
import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import torch

from model.labels import UNTOUCHED
from tests.benchmarks import accuracy
from tests.benchmarks.accuracy_data import axial, drives_of, hold_out, read_folder, read_others, split, table_for
from tests.benchmarks.accuracy_table import Difference, read_results, tables
from tests.streets import write_streets

SHAPE = "width=16 heads=[1,2] encoder_blocks=[1,1] decoder_blocks=[1] size=32"
OURS, TWIN, UNET = f"tiny {SHAPE}", f"tiny identity {SHAPE}", "unet widths=[4,8] size=32"


@pytest.fixture
def streets(tmp_path: Path) -> Path:
    return write_streets(tmp_path / "street", ("0001A", "0002B", "0003C"), frames=4)


def _train(streets: Path, results: Path, network: str, *more: str) -> dict[str, object]:
    before = set(results.glob("*.json"))
    arguments = ["--images", streets / "images", "--labels", streets / "labels", "--void", "11", "--results", results]
    arguments += ["--network", network, "--device", "cpu", "--batch", "2", *more]
    assert accuracy.main(["train", *map(str, arguments)]) == 0
    (written,) = set(results.glob("*.json")) - before
    return json.loads(written.read_text())


def test_whole_drives_are_held_out_and_nothing_else_can_be(streets: Path) -> None:
    truths = read_folder(streets / "images", streets / "labels")
    train, test = hold_out(truths, ["0002B"])
    assert sorted(test) == [f"0002B_{frame:05d}.png" for frame in range(4)]
    assert not train.keys() & test.keys() and len(train) == 8
    for groups in (["0002"], [], ["0001A", "0002B", "0003C"]):
        with pytest.raises(SystemExit, match="expected to hold out some, not all, of 0001A, 0002B, 0003C"):
            hold_out(truths, groups)


def test_strokes_leave_a_share_of_each_label(streets: Path, tmp_path: Path) -> None:
    fold = split(
        "street", truths := read_folder(streets / "images", streets / "labels", [11]), table_for(truths), ["0002B"]
    )
    for name, truth in fold.stroked(0.1).train.items():
        known = truth.label_map != 255
        assert 0.05 < known.mean() < 0.2 and (truth.label_map == fold.train[name].label_map)[known].all()
    result = _train(
        streets, tmp_path / "r", OURS, "--hold-out", "0002B", "--steps", "2", "--strokes", "0.1", "--unlabelled"
    )
    assert result["name"] == f"{OURS}, 10% by strokes, unlabelled too, 2 views" and result["steps"] == 2


def test_a_share_of_the_images_keeps_its_labels_and_the_others_can_be_looked_at(streets: Path, tmp_path: Path) -> None:
    truths = read_folder(streets / "images", streets / "labels", [11])
    fold = split("street", truths, table_for(truths), ["0002B"]).labelled(0.25)
    found = fold.survey()
    assert [label.item.image_path.name for label in found.train] == ["0001A_00000.png", "0003C_00003.png"]
    assert len(found.others) == 6 and not {path.name for path in found.others} & fold.test.keys()
    assert found.look(found.others[0]) is truths["0001A_00001.png"].image
    few = "--hold-out", "0002B", "--steps", "3", "--labelled", "0.25"
    counts = [_train(streets, tmp_path / "r", OURS, *few, *more)["counts"] for more in ([], ["--unlabelled"])]
    assert counts[0] != counts[1]


@pytest.mark.parametrize("way", ["self-training", "masked"])
def test_others_can_be_learned_from_in_other_ways_in_the_same_time(streets: Path, tmp_path: Path, way: str) -> None:
    few = "--hold-out", "0002B", "--steps", "60", "--labelled", "0.25"
    alone = _train(streets, tmp_path / "r", OURS, *few)
    result = _train(streets, tmp_path / "r", OURS, *few, "--unlabelled", "--way", way)
    assert result["name"] == f"{OURS}, 25% labelled, unlabelled too by {way}, 2 views" and result["steps"] == 60
    assert result["counts"] != alone["counts"]


def test_what_the_first_half_is_sure_of_is_learned_from_in_the_second(
    streets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.benchmarks import accuracy_unlabelled

    truths = read_folder(streets / "images", streets / "labels", [11])
    fold = split("street", truths, table_for(truths), ["0002B"]).labelled(0.25)
    seen, train = [], accuracy_unlabelled.train
    monkeypatch.setattr(accuracy_unlabelled, "train", lambda *given: seen.append(given) or train(*given))
    monkeypatch.setattr(accuracy_unlabelled, "SURE", 0.55)
    run = accuracy.Run(OURS, steps=120, batch=2, unlabelled=True, way="self-training")
    accuracy_unlabelled.self_trained(run, fold, torch.device("cpu"))
    (first, *_), (second, _, _, often) = ((given[1], *given[2:]) for given in seen)
    assert not first.others and list(first.train) == list(often) == list(fold.train)
    told = [second.train[name].label_map for name in second.train.keys() - fold.train.keys()]
    assert told and not second.others and not second.train.keys() & fold.test.keys()
    known = np.concatenate([label[label != 255] for label in told])
    right = np.concatenate(
        [
            (second.train[name].label_map == truths[name].label_map)[second.train[name].label_map != 255]
            for name in second.train.keys() - fold.train.keys()
        ]
    )
    assert 0 < known.size < sum(label.size for label in told) and right.mean() > 0.8


def test_what_is_masked_is_learned_to_be_painted(streets: Path) -> None:
    from tests.benchmarks.accuracy_training import prepared
    from tests.benchmarks.accuracy_unlabelled import Painter

    truths = read_folder(streets / "images", streets / "labels", [11])
    fold = split("street", truths, table_for(truths), ["0002B"]).labelled(0.25)
    _, plan, network = prepared(accuracy.Run(OURS, steps=80, batch=2), fold, torch.device("cpu"))
    painter = Painter(network, plan, fold.survey(), torch.device("cpu"))
    try:
        losses = [painter.step(step / 80) for step in range(80)]
    finally:
        painter.close()
    assert np.mean(losses[-20:]) < 0.5 * np.mean(losses[:5])


def test_void_is_no_class_and_counts_nowhere(streets: Path, tmp_path: Path) -> None:
    truths = read_folder(streets / "images", streets / "labels", [11])
    assert all((truth.label_map[:, -2:] == 255).all() for truth in truths.values())
    assert table_for(truths).values == (0, 1)
    result = _train(streets, tmp_path / "r", OURS, "--hold-out", "0002B", "--steps", "2")
    assert np.sum(result["counts"]) == np.sum(result["sureness"]) == 4 * 32 * 38
    assert 0.1 <= result["temperature"] <= 10 and 0 <= result["calibrated_error"] < 1


@pytest.mark.parametrize("recipe", ["product", "measured"])
def test_a_short_training_learns_and_its_result_says_how_it_came(streets: Path, tmp_path: Path, recipe: str) -> None:
    arguments = "--hold-out", "0003C", "--steps", "90", "--recipe", recipe, "--seed", "3", "--commit", "abc"
    result = _train(streets, tmp_path / "r", OURS, *arguments)
    assert result["steps"] == 90 and result["seed"] == 3 and result["commit"] == "abc" and result["recipe"] == recipe
    assert result["train"] == 8 and result["test"] == 4 and result["fold"] == "0003C" and result["seconds"] > 0
    assert 0 < result["prediction"] < 10
    assert result["card"].startswith("CPU") and result["parameters"] > 20_000
    assert result["iou"]["Class 1"] > 0.5 and result["miou"] == pytest.approx(
        np.mean(list(result["iou"].values())), abs=1e-5
    )
    again = _train(streets, tmp_path / "again", OURS, *arguments)
    assert again["counts"] == result["counts"]


def test_two_networks_on_two_drives_become_a_table(
    streets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "r"
    for network in (OURS, TWIN):
        for drive in ("0001A", "0002B"):
            _train(streets, results, network, "--hold-out", drive, "--seconds", "0.2", "--commit", "abc")
    capsys.readouterr()
    written = tmp_path / "table.md"
    command = ["table", "--results", str(results), "--against", f"{TWIN}, 2 views", "--write", str(written)]
    assert accuracy.main(command) == 0
    text = capsys.readouterr().out
    assert written.read_text() == text
    assert "commit abc" in text and "budget 0.2 s" in text and text.count("| 2 x 1 |") == 2
    assert f"against {TWIN}, 2 views" in text and "| IoU by class | Class 0 | Class 1 |" in text


def test_a_protocol_makes_the_runs_that_are_missing(streets: Path, tmp_path: Path) -> None:
    results = tmp_path / "r"
    command = ["camvid", str(streets), "--networks", UNET, "--seeds", "0", "--steps", "1", "--folds", "0001A"]
    command += ["--results", str(results), "--device", "cpu", "--commit", "abc"]
    assert accuracy.main(command) == 0
    (path,) = results.glob("*.json")
    result, stamp = json.loads(path.read_text()), path.stat().st_mtime_ns
    assert result["fold"] == "0001A" and len(result["classes"]) == 11 and result["data"] == "camvid"
    assert accuracy.main(command) == 0
    assert path.stat().st_mtime_ns == stamp or len(list(results.glob("*.json"))) == 2  # someone edits the code


def test_drives_are_those_of_images_with_a_label(streets: Path, tmp_path: Path) -> None:
    (streets / "images" / "notes_1").mkdir()
    for name in ("Thumbs.db", "0009Z_00001.png"):
        (streets / "images" / name).write_bytes(b"no label")
    assert drives_of(streets) == ["0001A", "0002B", "0003C"]
    for part in ("images", "labels"):
        (tmp_path / "empty" / part).mkdir(parents=True)
    with pytest.raises(SystemExit, match="holds no PNG"):
        accuracy.main(["camvid", str(tmp_path / "empty"), "--steps", "1", "--results", str(tmp_path / "r")])


def test_a_fold_in_which_nothing_is_labelled_is_refused(streets: Path) -> None:
    truths = read_folder(streets / "images", streets / "labels", [11])
    for name in truths:
        if name.startswith("0002B"):
            truths[name].label_map[:] = UNTOUCHED
    with pytest.raises(SystemExit, match="no pixel of 0002B has a class"):
        split("streets", truths, table_for(truths), ["0002B"])


def test_results_and_lists_that_are_none_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="holds no result"):
        accuracy.main(["table", "--results", str(tmp_path / "nowhere")])
    (tmp_path / "runs.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(SystemExit, match="is no text in UTF-8"):
        accuracy.main(["runs", str(tmp_path / "runs.txt"), "--results", str(tmp_path / "r")])
    with pytest.raises(SystemExit):
        accuracy.main(["camvid", str(tmp_path), "--seeds", "-1", "--steps", "1", "--results", str(tmp_path / "r")])
    assert "argument --seeds" in capsys.readouterr().err


def test_listed_runs_are_made_and_none_is_begun_too_late(
    streets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = f"--network '{UNET}' --hold-out 0001A --steps 2 --void 11 --batch 2"
    listed = tmp_path / "runs.txt"
    listed.write_text(f"# one run\n{given} --images {streets / 'images'} --labels {streets / 'labels'}\n\n")
    command = ["runs", str(listed), "--results", str(tmp_path / "r"), "--device", "cpu"]
    assert accuracy.main([*command, "--patience", "-1"]) == 0
    assert "not begun" in capsys.readouterr().out and not list((tmp_path / "r").glob("*.json"))
    assert accuracy.main(command) == 0
    assert f"| {UNET}, 2 views | 1 x 1 |" in capsys.readouterr().out
    listed.write_text(f"{given.replace(UNET, 'nothing')} --camvid {streets}\n{given} --camvid {streets} --steps 3\n")
    assert accuracy.main(command) == 1
    said = capsys.readouterr().out
    assert "nothing is no network" in said and said.count("done in") == 1  # the next one is made in a new process


def test_lines_that_are_added_while_others_work_are_made_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed, made = tmp_path / "runs.txt", []
    listed.write_text("--network one\n")

    def worked(work: object, runs: Iterable[list[str]], device: str, patience: float) -> int:
        for run in runs:
            made.append(run[2])
            with listed.open("a") as file:
                file.write("--network 'two' # and no more\n" if len(made) == 1 else "\n")
        return 0

    monkeypatch.setattr(accuracy, "spread", worked)
    assert accuracy.main(["runs", str(listed), "--results", str(tmp_path / "r"), "--device", "cpu"]) == 0
    assert made == ["one", "two"]
    listed.write_text("--network 'one\n")
    with pytest.raises(SystemExit, match="no command line"):
        accuracy.main(["runs", str(listed), "--results", str(tmp_path / "r"), "--device", "cpu"])


def _result(name: str, fold: str, seed: int, counts: np.ndarray, **other: object) -> dict[str, object]:
    shared = {"commit": "a", "code": "b", "card": "c", "torch": "d", "data": "e", "budget": "f"}
    sizes = {"steps": 9, "seconds": 3.0, "memory": 2**30, "parameters": 1_000_000}
    what = {"name": name, "fold": fold, "seed": seed, "counting": [0, 2], "classes": ["x", "z"]}
    return shared | sizes | what | {"counts": counts.tolist(), "sureness": np.ones((2, 256)).tolist()} | other


def _iou(counts: np.ndarray) -> float:
    """Of the classes 0 and 2, by hand."""
    each = [counts[i, i] / (counts[i].sum() + counts[:, i].sum() - counts[i, i]) for i in (0, 2)]
    return 100 * sum(each) / 2


def test_differences_are_paired_over_folds_and_seeds_and_matrices_are_summed() -> None:
    rng = np.random.default_rng(1)
    keys = [(fold, seed) for fold in "pqr" for seed in (0, 1)]
    one = {key: rng.integers(1, 50, (3, 3)) + 60 * np.eye(3, dtype=int) for key in keys}
    other = {key: counts + rng.integers(5, 20, (3, 3)) for key, counts in one.items()}
    results = [_result("ours", *key, counts) for key, counts in one.items()]
    results += [_result("peer", *key, counts) for key, counts in other.items()]
    (text,) = tables(results, ["peer"])
    gaps = np.array([_iou(one[key]) - _iou(other[key]) for key in keys])
    error = np.sqrt(((gaps - gaps.mean()) ** 2).sum() / 5) / np.sqrt(6)
    assert gaps.mean() > 2 * error
    assert f"| ours | {gaps.mean():+.1f} ± {error:.1f} * |" in text and text.rstrip().count("| 6 |") == 1
    summed = [_iou(sum(one[fold, seed] for fold in "pqr")) for seed in (0, 1)]
    assert f"| ours | 3 x 2 | {np.mean(summed):.1f} ± {np.std(summed, ddof=1):.1f} |" in text


def test_a_small_difference_does_not_count_and_one_pair_has_no_error() -> None:
    assert not Difference(1.0, 0.5, 6).counts and Difference(-1.1, 0.5, 6).counts
    assert not Difference(9.0, float("nan"), 1).counts and str(Difference(9.0, float("nan"), 0)) == "-"


def test_runs_of_another_commit_code_or_card_are_not_merged(tmp_path: Path) -> None:
    counts = np.eye(3, dtype=int) * 9
    kinds: list[dict[str, object]] = [{}, {"commit": "A"}, {"code": "B"}, {"card": "C"}, {"budget": "F"}]
    for number, kind in enumerate(kinds):
        for name in ("ours", "peer"):
            path = tmp_path / f"{name}{number}.json"
            path.write_text(json.dumps(_result(name, "p", number, counts, **kind)))
    texts = list(tables(read_results(tmp_path), ["peer"]))
    assert len(texts) == len(kinds) and all("| ours | 1 x 1 | 100.0 |" in text for text in texts)


def test_the_table_of_other_data_says_which() -> None:
    counts = np.eye(3, dtype=int) * 9
    heads = [
        text.splitlines()[0] for text in tables([_result("o", "p", 0, counts, given=one) for one in ("", "x")], [])
    ]
    assert len(heads) == 2 and heads[1] == f"{heads[0]}, given x"


def test_a_seed_that_lacks_a_fold_is_left_out_of_the_sums() -> None:
    counts = np.eye(3, dtype=int) * 9
    (text,) = tables([_result("ours", fold, seed, counts) for fold, seed in (("p", 0), ("q", 0), ("p", 1))], [])
    assert "| ours | 2 x 1 | 100.0 |" in text


def test_the_twin_has_the_same_parameters_and_no_token_sees_another() -> None:
    from model.network import Attention, LightningUnet
    from tests.benchmarks.accuracy_networks import Variant

    made = {}
    for name in (OURS, TWIN):
        variant = Variant.named(name, 2)
        torch.manual_seed(0)
        made[name] = variant.complete(LightningUnet(variant.config))
    ours, twin = (network.state_dict() for network in made.values())
    assert ours.keys() == twin.keys() and all(torch.equal(ours[key], twin[key]) for key in ours)
    seen = {}
    for name, network in made.items():
        layer = next(module for module in network.modules() if isinstance(module, Attention))
        x = torch.randn(1, 4, 4, 16, requires_grad=True)
        layer(x)[0, 1, 2].sum().backward()
        seen[name] = x.grad.abs().sum(-1)[0] > 0
    assert seen[TWIN].sum() == 1 and seen[TWIN][1, 2] and seen[OURS].sum() > 8


def test_attention_can_be_left_out_of_some_stages_and_its_reach_be_changed() -> None:
    from model.network import Attention, LightningUnet
    from tests.benchmarks.accuracy_networks import Variant

    def made(words: str) -> LightningUnet:
        variant = Variant.named(f"tiny {words} size=32", 2)
        return variant.complete(LightningUnet(variant.config))

    network = made("identity=[0,2]")
    stages = [*network.encoder, *network.decoder]
    changed = ["forward" in vars(next(m for m in stage.modules() if isinstance(m, Attention))) for stage in stages]
    assert changed == [True, False, True, False, True, False, True]
    slopes = [[m.slopes for m in made(words).modules() if isinstance(m, Attention)] for words in ("", "decay=0.25")]
    assert all((slow * 4).equal(usual) for usual, slow in zip(*slopes, strict=True))


def test_slices_of_a_volume_lie_as_those_of_dicom(tmp_path: Path) -> None:
    """Axes that grow to the right and to the front, as in NIfTI's RAS, are turned; others stay."""
    voxels = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    for turned, step in ((True, 3.0), (False, -3.0)):
        header = bytearray(352)
        struct.pack_into("<8h", header, 40, 3, 2, 3, 4, 1, 1, 1, 1)
        struct.pack_into("<hh", header, 70, 4, 16)
        struct.pack_into("<3f", header, 108, 352, 1, 0)
        struct.pack_into("<12f", header, 280, step, 0, 0, 0, 0, step, 0, 0, 0, 0, 3, 0)
        path = tmp_path / "volume.nii.gz"
        path.write_bytes(gzip.compress(bytes(header) + voxels.tobytes(order="F")))
        slices, affine = axial(path)
        assert slices.shape == (4, 3, 2) and affine[0, 0] == step
        assert slices[1, 0, 0] == (voxels[1, 2, 1] if turned else voxels[0, 0, 1])


def test_the_commit_is_read_without_git(tmp_path: Path) -> None:
    from tests.benchmarks.accuracy_state import commit_of

    assert commit_of(tmp_path) == ""
    git = tmp_path / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "packed-refs").write_text("# pack-refs\n123 refs/heads/main\n")
    assert commit_of(tmp_path) == "123"
    (git / "refs" / "heads" / "main").write_text("456\n")
    assert commit_of(tmp_path) == "456"
    beside, tree = git / "worktrees" / "beside", tmp_path / "beside"
    beside.mkdir(parents=True)
    tree.mkdir()
    (tree / ".git").write_text(f"gitdir: {beside}\n")
    (beside / "HEAD").write_text("ref: refs/heads/main\n")
    (beside / "commondir").write_text("../..\n")
    assert commit_of(tree) == "456"
    (git / "HEAD").write_text("789\n")
    assert commit_of(tmp_path) == "789" and commit_of(tree) == "456"


def test_a_name_that_means_nothing_is_refused() -> None:
    from tests.benchmarks.accuracy_networks import Variant

    for name in ("swin", "unet identity", "tiny twin"):
        with pytest.raises(SystemExit, match=f"{name} is no network"):
            Variant.named(name, 2)


@pytest.mark.parametrize(
    "name",
    [
        "", "lightning-unet patch=3", "tiny heads=[3]", "tiny width=31", "tiny decay=x", "tiny decay=-1", "tiny identity=[9]",
        "tiny identity=1", "tiny colour=3", "tiny classes=2", "tiny heads=[1,2", "unet widths=[]", "unet depth=3",
    ],
)  # fmt: skip
def test_fields_that_mean_nothing_are_refused_in_one_sentence(name: str) -> None:
    from tests.benchmarks.accuracy_networks import Variant

    with pytest.raises(SystemExit, match="is no network"):
        Variant.named(name, 2)


@pytest.mark.parametrize(
    "given", ["--seconds 0", "--seconds nan", "--steps -1", "--steps 1 --batch 0", "--steps 1 --labelled 0", "--steps 1 --void 300"]
)  # fmt: skip
def test_lengths_and_shares_that_mean_nothing_are_wrong_usage(given: str, tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as refused:
        accuracy.main(["train", "--network", UNET, "--results", str(tmp_path), *given.split()])
    assert refused.value.code == 2


def test_what_is_no_result_is_named_and_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    counts = np.eye(3, dtype=int) * 9
    good = _result("ours", "p", 0, counts)
    (tmp_path / "good.json").write_text(json.dumps(good))
    (tmp_path / "cut.json").write_text('{"commit')
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe")
    (tmp_path / "folder.json").mkdir()
    for name, change in {"short": {"counts": [[1]]}, "late": {"seconds": 0}, "odd": {"counts": "x"}}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(good | change))
    assert read_results(tmp_path) == [good]
    assert capsys.readouterr().err.count("left out") == 6


def test_other_data_of_the_same_name_is_another_run(streets: Path, tmp_path: Path) -> None:
    places = (
        f"--images {streets / 'images'} --labels {streets / 'labels'} --void 11 --hold-out 0001A --steps 1 --batch 2"
    )
    command = ["train", "--network", UNET, "--results", str(tmp_path / "r"), "--device", "cpu", *places.split()]
    assert accuracy.main(command) == 0
    (path,) = (tmp_path / "r").glob("*.json")
    given = json.loads(path.read_text())["given"]
    assert accuracy.main([*command, "--mirror"]) == 0
    (other,) = {*(tmp_path / "r").glob("*.json")} - {path}
    assert json.loads(path.read_text())["given"] == given != json.loads(other.read_text())["given"]
    path.write_text("")
    assert accuracy.main(command) == 0 and json.loads(path.read_text())["given"] == given


def test_the_result_of_one_run_is_never_taken_for_that_of_another() -> None:
    from tests.benchmarks.accuracy_run import Run

    state = {"commit": "a", "code": "b", "card": "c", "torch": "d", "given": ""}
    runs = [Run(name, steps=1) for name in ("tiny identity=[0,1]", "tiny identity=[0-1]")]
    names = [run.file_name("data", fold, state) for run in runs for fold in ("甲", "乙", "a+b", "a-b", "a_b")]
    names += [runs[0].file_name("data", "a+b", state | {key: "other"}) for key in state]
    assert len(set(names)) == len(names) == 15 and all(name.isascii() for name in names)


def test_images_without_a_label_can_be_looked_at_but_for_those_held_out(streets: Path) -> None:
    write_streets(streets / "more", ["a+b"], frames=2)
    for part in ("images", "labels"):
        for path in (streets / "more" / part).iterdir():
            path.rename(streets / part / path.name)
    for name in ("0001A_00001", "0002B_00001", "a+b_00001"):
        (streets / "labels" / f"{name}.png").unlink()
    (streets / "images" / "0003C_00009.png").write_bytes(b"damaged")
    truths = read_folder(streets / "images", streets / "labels", [11])
    assert list(read_others(streets / "images", truths, ["0001A", "0003C", "a+b"])) == ["0002B_00001.png"]
    fold = split("street", truths, table_for(truths), ["0001A"])
    with pytest.raises(SystemExit, match="holds a value that no class has"):
        split("street", truths, table_for(truths, ["only one"]), ["0001A"])
    fold = dataclasses.replace(fold, others=read_others(streets / "images", truths, ["0001A"]))
    assert (
        list(fold.labelled(1.0).others) == ["0002B_00001.png", "a+b_00001.png"] and len(fold.labelled(0.5).others) > 1
    )


def test_the_way_of_a_run_is_in_its_name() -> None:
    from tests.benchmarks.accuracy_run import Run

    assert Run("tiny", steps=1).name == "tiny"
    run = Run("tiny", steps=1, labelled=0.125, strokes=0.05, unlabelled=True, batch=4, crop=64, rate=0.002, hidden=0)
    assert (
        run.name == "tiny, 12.5% labelled, 5% by strokes, unlabelled too, 4 views, views of 64, rate 0.002, 0% hidden"
    )
