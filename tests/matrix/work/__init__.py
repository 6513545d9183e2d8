"""One module per package: `work()` does a small, real, deterministic piece of work with it.

Each goes to what is delicate when a package is loaded once per interpreter: calls from C back into
Python, threads of the package's own, exceptions and types that C keeps hold of, registries and
caches in C statics, lifetimes of objects, dates, pickling. Interpreters have to agree on the text.
"""
