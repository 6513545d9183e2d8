"""The main job, on real input: measure every Python file below a folder, in parallel.

`files` finds them; `index` hands them out and keeps what comes back, in an interpreter of its own;
`worker` measures them (with `measure`) in the others; `run` starts them; `totals` sums up; `report`
and `html` show it, the latter with `charts`, `style` and `markup`.
"""
