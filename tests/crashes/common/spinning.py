"""What runs without end, and the exception that ends it; imported by name, and with it much else."""

import typing  # noqa: F401


class Interrupted(BaseException):
    pass


def spin():
    while True:
        pass
