"""One file per cell family; ``CELLS`` maps each name to its cell."""

from rnn_research.cells.cell import Cell
from rnn_research.cells.elman import elman, elman_relu
from rnn_research.cells.gru import gru, gru_reset_before
from rnn_research.cells.initializers import INITIALIZERS, CellInit
from rnn_research.cells.lru import lru
from rnn_research.cells.lstm import lstm, lstm_peephole
from rnn_research.cells.mingru import mingru
from rnn_research.cells.minlstm import minlstm

CELLS: dict[str, Cell] = {
    cell.name: cell for cell in (elman, elman_relu, lstm, lstm_peephole, gru, gru_reset_before, mingru, minlstm, lru)
}

__all__ = ["CELLS", "INITIALIZERS", "Cell", "CellInit"]
