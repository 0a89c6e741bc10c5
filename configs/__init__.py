"""One file per experiment: ``get_config()`` and, where there is something to vary, ``sweep()``."""
