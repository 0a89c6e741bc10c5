"""Pure functions from parameters and a sequence to measurements: where the gradient goes, and why.

Beside the letters of ``types.py``, arrays here carry

====== =====================================================================
letter axis
====== =====================================================================
M      numbers of a cell's whole carry, the state: H, or 2H where it has h and c
R      exponents or singular values kept, the largest first
Q      quantiles
====== =====================================================================

``...`` stands for any batch axes. ``s_t`` is the state after step t, so that
``j_TMM[t]`` is ds_t / ds_{t-1}, with row i the derivative of ``s_t[i]``. The
derivative with respect to a part of the state holds the other part still:
dE/dc_t reaches E by c_{t+1} and not by h_t, which has a derivative of its own.
Lags count back from the last step: that of step t is T - 1 - t.
"""
