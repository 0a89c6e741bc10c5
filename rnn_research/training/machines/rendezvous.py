"""The processes of one run find each other before JAX joins them.

JAX ends a process with a stack trace if the others do not come. Here they meet
first, over plain TCP, and whatever is wrong with their flags is one line.
"""

import contextlib
import socket
import time

from rnn_research.errors import UserError

PATIENCE = 300.0  # seconds: the processes may be started by hand
_PAUSE = 0.2  # seconds between two tries to reach the first one


def meet(coordinator: str, processes: int, process: int, patience: float = PATIENCE) -> None:
    """Returns when all processes are there.

    Args:
      coordinator: ``host:port``, where the first process listens.
      processes: how many there are.
      process: which one this is, from 0.
      patience: seconds to wait for the others.

    Raises:
      UserError: naming the flag, if an address cannot be used, a process does not come in time, two have one
        number, or they count themselves differently.
    """
    host, port = address(coordinator)
    if process == 0:
        _gather(port, coordinator, processes, patience)
    else:
        _report(host, port, coordinator, processes, process, patience)


def address(coordinator: str) -> tuple[str, int]:
    """Host and port of ``host:port``.

    Raises:
      UserError: if it is not that.
    """
    host, _, port = coordinator.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise UserError(f"--coordinator={coordinator!r} must be HOST:PORT of process 0, like node1:5000")
    return host.strip("[]"), int(port)


def _gather(port: int, coordinator: str, processes: int, patience: float) -> None:
    """The first process: waits for all others, then lets them go on, or tells them what is wrong."""
    both = socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if both else socket.AF_INET
    try:
        server = socket.create_server(("", port), family=family, dualstack_ipv6=both, backlog=processes)
    except OSError as error:
        raise UserError(
            f"--coordinator={coordinator}: cannot listen there ({error.strerror}): take another port"
        ) from error
    with server, contextlib.ExitStack() as connections:
        present, fault = _received(server, processes, patience, connections)
        for connection in present:
            with contextlib.suppress(OSError):
                connection.sendall(f"{fault}\n".encode())
    if fault:
        raise UserError(fault)


def _received(
    server: socket.socket, processes: int, patience: float, connections: contextlib.ExitStack
) -> tuple[list[socket.socket], str]:
    """The connections of the processes that have come, and what is wrong with them, or nothing."""
    limit = time.monotonic() + patience
    present: dict[int, socket.socket] = {}
    while len(present) < processes - 1:
        server.settimeout(max(0.01, limit - time.monotonic()))
        try:
            connection = connections.enter_context(server.accept()[0])
            connection.settimeout(5)
            number, count = map(int, _line(connection).split())
        except TimeoutError:
            if time.monotonic() < limit:
                continue
            missing = ", ".join(str(k) for k in range(1, processes) if k not in present)
            fault = f"--num_processes={processes}: no word from process {missing} in {patience:g} s: start it too"
            return [*present.values()], fault
        except (OSError, ValueError):
            continue  # whoever that was is no process of ours
        if count != processes:
            fault = f"--num_processes={count} on process {number} is {processes} on process 0: give one number"
            return [*present.values(), connection], fault
        if number in present:
            fault = f"--process_id={number} is given to two processes: number them from 0 to {processes - 1}"
            return [*present.values(), connection], fault
        present[number] = connection
    return [*present.values()], ""


def _report(host: str, port: int, coordinator: str, processes: int, process: int, patience: float) -> None:
    """Any other process: tells the first one its number, and waits for its word."""
    limit = time.monotonic() + patience
    while True:
        try:
            connection = socket.create_connection((host, port), timeout=5)
            break
        except OSError as error:
            if time.monotonic() > limit:
                raise UserError(
                    f"--coordinator={coordinator}: process 0 does not answer there in {patience:g} s "
                    f"({error.strerror or error}): start it, or name its address"
                ) from error
            time.sleep(_PAUSE)
    with connection:
        connection.settimeout(patience)
        try:
            connection.sendall(f"{process} {processes}\n".encode())
            fault = _line(connection)
        except OSError as error:
            raise UserError(f"--coordinator={coordinator}: process 0 is gone ({error}): start all again") from error
    if fault:
        raise UserError(fault)


def _line(connection: socket.socket) -> str:
    """What the other side says, up to its line break.

    Raises:
      OSError: if it says nothing of the kind.
    """
    said = b""
    while not said.endswith(b"\n"):
        more = connection.recv(1000)
        if not more or len(said) > 1000:
            raise ConnectionError("the connection was closed")
        said += more
    return said.decode(errors="replace").strip()
