"""Several values in one flag: commas between them, and double quotes around a value that holds one.

    a.txt, b.txt                two values
    "Verne, the moon.txt",b     two values; within quotes a quote is written twice, as in CSV files

Blanks around a value do not count, within quotes they do.
"""

import re

_VALUE = re.compile(r'\s*"((?:[^"]|"")*)"\s*(,|$)|([^,]*)(,|$)')


def listed(text: str) -> list[str]:
    """The values of a flag in order, without their quotes; at least one, which may be empty."""
    values, place = [], 0
    while True:
        found = _VALUE.match(text, place)
        assert found is not None, "the second form takes whatever stands there"
        quoted, after_quoted, plain, after_plain = found.groups()
        values.append(plain.strip() if quoted is None else quoted.replace('""', '"'))
        place = found.end()
        if not (after_quoted or after_plain):
            return values


def parted(text: str, mark: str) -> list[str]:
    """The parts between marks that stand outside quotes; the quotes stay."""
    part = re.compile(rf'((?:"(?:[^"]|"")*"|[^{mark}])*)({mark}|$)')
    parts, place = [], 0
    while True:
        found = part.match(text, place)
        assert found is not None, "it takes whatever stands there"
        parts.append(found[1])
        place = found.end()
        if not found[2]:
            return parts
