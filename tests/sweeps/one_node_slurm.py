"""A real Slurm of one node, this machine, for the length of a test: munged, slurmctld and slurmd."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

DAEMONS = ("munged", "slurmctld", "slurmd")
COMMANDS = ("sbatch", "squeue", "scontrol", "scancel", "srun")
PATIENCE = 20.0  # seconds for the daemons to come up

CONFIG = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser=root
AuthType=auth/munge
CredType=cred/munge
# A job that is requeued waits for as long as its old credentials hold.
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
ReturnToService=2
KillWait=10
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


@contextmanager
def slurm() -> Iterator[dict[str, str]]:
    """Starts it, and stops it in any case; skips the test where that cannot be.

    Yields:
      What the environment of Slurm's commands must hold.
    """
    path = f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin"
    found = {name: shutil.which(name, path=path) for name in (*DAEMONS, *COMMANDS)}
    if missing := [name for name, where in found.items() if where is None]:
        pytest.skip(f"no {', '.join(missing)} here: install Debian's slurm-wlm and munge")
    if os.getuid() != 0:
        pytest.skip("only root can start a Slurm of its own")
    with ExitStack() as stack:
        # A socket's path may be no longer than 107 characters, so not in the folder of the test.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slurm", ignore_cleanup_errors=True)))
        folder.chmod(0o755)  # munged refuses a socket that not all can reach
        host = socket.gethostname().split(".")[0]
        config = folder / "slurm.conf"
        config.write_text(CONFIG.format(host=host, folder=folder, ports=free_ports(2), cpus=os.cpu_count()))
        for name in ("state", "spool"):
            (folder / name).mkdir()
        environment = {"SLURM_CONF": str(config)}
        key = folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        files = {"key-file": "munge.key", "socket": "munge.socket", "pid-file": "munged.pid"}
        files |= {"log-file": "munged.log", "seed-file": "munge.seed"}
        munge = [found["munged"], "--foreground", *(f"--{option}={folder / file}" for option, file in files.items())]
        start(stack, "munged", munge, folder, environment)
        wait_until((folder / "munge.socket").exists, "munged", folder)
        start(stack, "slurmctld", [found["slurmctld"], "-D", "-c"], folder, environment)
        start(stack, "slurmd", [found["slurmd"], "-D", "-N", host], folder, environment)
        wait_until(lambda: "idle" in ask(environment, "sinfo", "--noheader", "--format=%T"), "slurmd", folder)
        stack.callback(cancel_all, environment)
        yield environment


def start(stack: ExitStack, name: str, command: list[str | None], folder: Path, environment: dict[str, str]) -> None:
    """Starts a daemon that ends with the stack."""
    out = stack.enter_context((folder / f"{name}.out").open("wb"))
    process = subprocess.Popen(
        command,  # type: ignore[arg-type]
        stdout=out,
        stderr=out,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )

    def stop() -> None:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    stack.callback(stop)


def wait_until(there, daemon: str, folder: Path) -> None:
    """Skips the test, with what the daemon says, where it does not come up."""
    limit = time.monotonic() + PATIENCE
    while not there():
        if time.monotonic() > limit:
            said = "".join(file.read_text()[-500:] for file in sorted(folder.glob(f"{daemon}.*")) if file.is_file())
            pytest.skip(f"{daemon} does not come up: {' '.join(said.split())[-400:]}")
        time.sleep(0.1)


def ask(environment: dict[str, str], *command: str) -> str:
    """What a command of Slurm says."""
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    ).stdout


def cancel_all(environment: dict[str, str]) -> None:
    """So that no job outlives its Slurm."""
    ask(environment, "scancel", "--user=root")
    limit = time.monotonic() + 15
    while ask(environment, "squeue", "--noheader").strip() and time.monotonic() < limit:
        time.sleep(0.2)


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [s.getsockname()[1] for s in sockets]
