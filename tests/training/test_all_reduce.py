"""A batch spread over devices: gradients are summed over them once a chunk of text, not once a time step."""

import json
import os
import subprocess
import sys
from pathlib import Path


def test_no_sum_over_devices_in_the_loop_over_time():
    """In the compiled program; the plain form has such sums there, so that this test can see them."""
    here = Path(__file__).parent
    environment = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_PLATFORMS": "cpu"}
    environment["PYTHONPATH"] = str(here.parents[1])
    command = [sys.executable, str(here / "time_loops.py"), "auto", "plain"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout.splitlines()[-1])
    inside, outside = found["auto"]
    assert inside == 0
    assert outside > 0
    assert found["plain"][0] > 0
