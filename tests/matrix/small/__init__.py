"""Small uses of compiled packages: a function for each, which imports it and returns what it found.

A function's name is the package's in the matrix. What it returns must be the same each time.
"""
