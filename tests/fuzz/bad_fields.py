"""One field of a config with the table of bad values: what is wrong with how a command takes each."""

from pathlib import Path

from bad_values import cases
from in_process import Call, fault


def faults(call: Call, tmp_path: Path, config: str, field: str, default: object) -> list[str]:
    """A line for each value that is neither legal nor refused in one line, before anything is made.

    Args:
      call: the command.
      tmp_path: where each value has a --workdir of its own.
      config: as --config names it.
      field: of the config.
      default: its value there, which tells its type.
    """
    wrong = []
    for number, (value, never) in enumerate(cases(field, default)):
        workdir = tmp_path / str(number)
        ended = call(f"--config={config}", f"--workdir={workdir}", f"--config.{field}={value}")
        found = fault(ended, field.split(".")[-1])
        if not found and never and ended.status != 2:
            found = "taken"
        if not found and ended.status == 2 and workdir.exists():
            found = "refused after something was made"
        if found:
            wrong.append(f"--config.{field}={value[:40]}: {found}")
    return wrong
