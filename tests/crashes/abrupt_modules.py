"""The target's modules, builtins and streams are broken by its code; calls fail with exceptions only."""

# stderr: streams of a ruined interpreter may complain

import atoll

for damage in (
    "import builtins; del builtins.__import__",
    "import builtins; vars(builtins).clear()",
    "import sys; sys.modules.clear()",
    "import sys; del sys.modules['__main__']",
    "import sys; sys.modules['__main__'] = None",
    "import sys; sys.path[:] = []; sys.meta_path[:] = []; sys.modules.clear()",
    "import sys; sys.modules = 5",
    "vars(__import__('atoll')._core).clear()",
    "vars(__import__('atoll._transfer.values')._values).clear()",
    "import atoll._transfer.exceptions as e; e.prepare = e.rebuild = None",
    "import atoll._transfer.describe as d; d.describe = lambda *a: 5",
    "import atoll._transfer.describe as d; d.describe = lambda *a: ('x', (5,), (), 0, ())",
    "import sys; sys.stdout = sys.stderr = None",
    "import threading; threading.enumerate = None",
    "import gc; gc.get_objects()",
):
    one = atoll.Interpreter("one")
    proxy = one.eval("[1]")
    try:
        one.exec(damage)
    except BaseException:
        pass
    for use in (
        lambda: one.eval("1"),
        lambda: proxy.append([]),
        lambda: one.eval("type('T', (), {})()"),
        lambda: one.exec("1/0"),
        lambda: proxy[5],
        lambda: one.call(len, ()),
        lambda: one.exec("raise type('E', (Exception,), {})"),
        lambda: repr(proxy),
    ):
        try:
            use()
        except BaseException as error:
            str(error)
    del proxy
    one.close()
