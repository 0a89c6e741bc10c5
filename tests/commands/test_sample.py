"""Text from a trained run, in all the ways that it can be asked for."""

import itertools
import time
from pathlib import Path

import pytest
from processes import WarmPython, refused


def texts(out: str) -> list[str]:
    """The samples of a call that asked for several."""
    parts = out.split("--- sample ")[1:]
    return [part.split("\n", 1)[1].removesuffix("\n") for part in parts]


@pytest.fixture(scope="module")
def sample(call: WarmPython, trained: Path):
    def run(*arguments: str) -> str:
        ended = call("sample", f"--workdir={trained}", "--length=40", *arguments)
        assert ended.status == 0, ended.err
        return ended.out

    return run


def test_length_and_prime(sample, trained: Path, text: Path):
    out = sample("--prime=9 quick ")
    assert out.startswith("9 quick ")
    assert out.endswith("\n")
    assert len(out) == len("9 quick ") + 40 + 1
    assert set(out) <= set(text.read_text())


def test_the_seed_decides(sample):
    out = sample("--seed=3", "--num_samples=2")
    assert out == sample("--seed=3", "--num_samples=2")
    assert out != sample("--seed=4", "--num_samples=2")


def test_greedy_has_one_answer(sample):
    """Temperature 0, one symbol allowed, and the fed-back mode are the same text, whatever the seed."""
    greedy = sample("--temperature=0", "--seed=1")
    assert greedy == sample("--top_k=1", "--seed=2")
    assert greedy == sample("--feedback=argmax", "--seed=3")
    # One symbol is always allowed, however small the share.
    assert greedy == sample("--top_p=1e-9", "--seed=4")


def test_softmax_feedback_is_another_network_input(sample):
    hard, soft = sample("--feedback=argmax"), sample("--feedback=softmax")
    assert soft[0] == hard[0]
    assert soft != hard
    # A temperature near zero makes the vector one-hot again.
    assert sample("--feedback=softmax", "--temperature=0.0001") == hard


def test_several_samples_differ_and_are_numbered(sample):
    out = sample("--num_samples=3", "--prime=1 ")
    assert [line for line in out.splitlines() if line.startswith("---")] == [f"--- sample {n} of 3" for n in (1, 2, 3)]
    found = texts(out)
    assert [len(t) for t in found] == [42, 42, 42]
    assert all(t.startswith("1 ") for t in found)
    assert len(set(found)) == 3


def test_temperature_spreads(sample):
    """A hot text uses more symbols than a cold one."""
    cold, hot = sample("--temperature=0.2", "--num_samples=8"), sample("--temperature=8", "--num_samples=8")
    distinct = lambda out: len(set(itertools.chain(*texts(out))))  # noqa: E731
    assert distinct(hot) > distinct(cold) + 5


def test_the_text_streams(call: WarmPython, trained: Path):
    """Something is on stdout long before the end."""
    started = call.start("sample", f"--workdir={trained}", "--length=100000")
    sizes = {0}
    while (status := started.poll()) is None:
        sizes.add(started.out.stat().st_size if started.out.exists() else 0)
        time.sleep(0.002)
    assert status == 0
    assert len(sizes) > 30  # an output that waits for its buffer of 8,192 bytes grows 13 times
    assert started.out.stat().st_size == 100_001
    assert "symbols/s" in started.err.read_text()


def test_a_clamped_unit_changes_the_text(sample):
    """The run has one layer of 8 units. All of them held: the network no longer sees what it read."""
    free = sample("--temperature=0")
    assert sample("--temperature=0", "--clamp=") == free
    assert sample("--temperature=0", "--clamp=layer1.c[3]=-9, layer1.h[5]=1") != free
    every = "--clamp=" + ",".join(f"layer1.h[{unit}]=0" for unit in range(8))
    held = sample("--temperature=0", every)
    assert len(set(held.strip("\n"))) <= 1
    assert (
        held == sample("--temperature=0", "--prime=9", "--clamp=" + ",".join(f"layer1.h[{u}]=0" for u in range(8)))[1:]
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--prime=quick \N{SNOWMAN}",), ("--prime='quick \N{SNOWMAN}'", "lacks", "leave it out")),
        (("--length=0",), ("--length=0", "at least 1")),
        (("--length=long",), ("--length=long", "whole number")),
        (("--temperature=-1",), ("--temperature=-1", "at least 0")),
        (("--temperature=nan",), ("--temperature=nan", "number")),
        (("--temperature=inf",), ("--temperature=inf", "at most 1,000,000")),
        (("--top_k=-1",), ("--top_k=-1", "at least 0")),
        (("--top_p=0",), ("--top_p=0", "above 0 and at most 1")),
        (("--top_p=1.5",), ("--top_p=1.5", "above 0 and at most 1")),
        (("--feedback=greedy",), ("--feedback='greedy'", "argmax, sample, softmax")),
        (("--num_samples=0",), ("--num_samples=0", "at least 1")),
        (("--seed=99999999999",), ("--seed=99999999999", "between")),
        (("--clamp=37=1",), ("--clamp=37=1", "UNIT=VALUE", "layer1.c[37]=-1")),
        (("--clamp=layer1.h[2]=0,1:x",), ("--clamp=1:x", "UNIT=VALUE")),
        (("--clamp=layer2.h[0]=1",), ("--clamp=layer2.h[0]=1", "layers are 1 to 1")),
        (("--clamp=layer0.h[0]=1",), ("--clamp=layer0.h[0]=1", "UNIT=VALUE")),
        (("--clamp=layer1.h[8]=1",), ("--clamp=layer1.h[8]=1", "units are 0 to 7")),
        (("--clamp=layer1.f[3]=1",), ("--clamp=layer1.f[3]=1", "no f", "h or c")),
        (("--clamp=layer1.h[3]=high",), ("--clamp=layer1.h[3]=high", "number")),
        (("--clamp=layer1.h[3]=inf",), ("--clamp=layer1.h[3]=inf", "finite")),
        (("--clamp=layer1.h[3]=1", "--clamp=layer1.h[4]=1"), ("--clamp", "given twice")),
        (("--step=1",), ("no checkpoint 1", "there: ")),
        (("--config=configs/hello.py",), ("--config is no flag", "--temperature")),
    ],
    ids=lambda value: value[0],
)
def test_wrong_calls(call: WarmPython, trained: Path, arguments: tuple[str, ...], words: tuple[str, ...]):
    refused(call("sample", f"--workdir={trained}", *arguments), *words)
