"""A pack that only pretends to train: ``python fake_pack.py DIR PACK BEHAVIOUR``, where the behaviour is JSON.

steps: how many (10); seconds: for each (0.01); gib: memory to hold; fail: points that end FAILED;
crash: the step at which it dies with a message; deaf: it heeds no signal.
It resumes from its metrics, saves on SIGTERM, SIGHUP and SIGINT, and exits as packs do.
"""

import json
import signal
import sys
import time
from pathlib import Path


def main(
    directory: Path, pack: int, steps: int = 10, seconds: float = 0.01, gib: float = 0, fail=(), crash=None, deaf=False
):
    told = []

    def hear(number, frame):
        if deaf:
            return
        if told:
            sys.exit("interrupted while saving")
        told.append(number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, hear)
    held = b"x" * int(gib * 2**30)  # written, so that it is there
    points = [p["name"] for p in json.loads((directory / "sweep.json").read_text())["points"] if p["pack"] == pack]
    runs = [directory / "runs" / name for name in points]
    for run in runs:
        run.mkdir(parents=True, exist_ok=True)
    files = [run / "metrics.jsonl" for run in runs]
    begin = len(files[0].read_text().splitlines()) if files[0].exists() else 0
    print(f"pack {pack} from step {begin}", flush=True)
    for step in range(begin, steps):
        if told:
            time.sleep(0.3)  # as long as a checkpoint takes
            print(f"saved at step {step}", flush=True)
            sys.exit(128 + told[0])
        if step == crash:
            raise RuntimeError("the fake has crashed")
        for file in files:
            with file.open("a") as f:
                f.write(json.dumps({"step": step + 1, "kind": "train", "loss": 1 / (step + 1)}) + "\n")
        time.sleep(seconds)
    for run in runs:
        if run.name in fail:
            (run / "FAILED").write_text("the loss is not finite\n")
            continue
        results = {"objective": "nats", "step": steps, "validation_nats": float(len(run.name))}
        (run / "results.json").write_text(json.dumps(results))
        (run / "DONE").write_text("")
    del held
    sys.exit(1 if fail else 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), **json.loads(sys.argv[3]))
