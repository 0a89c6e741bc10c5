"""The report of many runs: figures, sortable tables, and the page that holds them."""
