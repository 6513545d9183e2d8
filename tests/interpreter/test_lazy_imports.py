"""CPython 3.15's lazy imports: -X lazy_imports=all, and the statement."""

from __future__ import annotations

import sys
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.version_info < (3, 15), reason="new in 3.15 (PEP 810)")


def test_all_are_lazy(run_cleanly: Any) -> None:
    """Where all imports are lazy, in all interpreters, atoll works."""
    out = run_cleanly(
        """
        import atoll, asyncio, workloads
        if __name__ == "__main__":
            with atoll.Interpreter() as one:
                numbers = one.eval("[3, 1, 2]")
                numbers.sort()
                assert atoll.copy(numbers) == [1, 2, 3] and [0] + list(numbers) == [0, 1, 2, 3]
                assert one.call(workloads.add_later, 1, 2) == 3
                assert one.call(pow, 2, 3) == asyncio.run(one.acall(pow, 2, 3)) == 8
                queue = atoll.Queue()
                one.call(queue.put, {"key": 1})
                assert queue.get() == {"key": 1}
                try:
                    one.eval("1 / 0")
                except ZeroDivisionError as error:
                    assert "Traceback in interpreter" in str(error.__cause__)
                one.exec("import json; assert json.loads('[1]') == [1]")
                one.exec("print('told')")
            with atoll.InterpreterPoolExecutor(2) as pool:
                assert list(pool.map(abs, range(4))) == [0, 1, 2, 3]
            thread = atoll.Thread(target=abs, args=(-3,))
            thread.start()
            assert thread.result() == 3
            atoll.prewarm(1, imports=["json"], wait=True)
            with atoll.Interpreter(extensions="private") as one:
                assert one.import_module("_json").encode_basestring("a") == '"a"'
    """,
        "-X",
        "lazy_imports=all",
    )
    assert out == "told\n"


@pytest.mark.parametrize("option", ["lazy_imports=normal", "lazy_imports=all"])
def test_functions_by_value(run_cleanly: Any, option: str) -> None:
    """A function that goes by value may use what its module imports lazily."""
    out = run_cleanly(
        """
        import atoll
        lazy import json
        lazy from collections import OrderedDict
        lazy from this import nothing_of_the_sort
        class Local:
            def encode(self): return json.dumps(OrderedDict(a=1))
        with atoll.Interpreter() as one:
            print(one.call(lambda: json.dumps(OrderedDict(a=1))))
            print(one.call(lambda: Local().encode()))
    """,
        "-X",
        option,
    )
    assert out == '{"a": 1}\n' * 2
