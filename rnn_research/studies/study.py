"""What every study is given beside its config."""

from collections.abc import Callable
from typing import Any

Say = Callable[[str], None]
"""Is told how it goes, a line at a time."""

Keep = Callable[[str, Callable[[], Any]], Any]
"""``keep(name, make)``: makes a part of the results, or reads back what an earlier start of the study has made."""
