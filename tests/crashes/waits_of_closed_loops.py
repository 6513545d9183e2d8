"""Interpreters that close with event loops whose tasks wait at queues; some of the tasks are leaked."""

import atoll

WAITING = """
import asyncio
import atoll


def wait(q, kind):
    global loop, tasks
    loop = asyncio.new_event_loop()
    tasks = [loop.create_task(q.aget()), loop.create_task(q.aget())]
    for task in tasks:
        task._log_destroy_pending = False
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    if kind == "cycle":
        tasks.append(tasks)
    elif kind == "leak":
        import ctypes

        for task in tasks:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(task))
"""

for kind in ("plain", "cycle", "leak") * 2:
    for is_given in (False, True):
        q = atoll.Queue()
        one = atoll.Interpreter("one")
        one.exec(WAITING)
        one.eval("wait")(q, kind)
        expected = list("abc")
        if is_given:
            q.put("a")  # handed to a task that never runs again
        one.close()
        for item in expected[is_given:]:
            q.put(item)
        assert [q.get_nowait() for _ in expected] == expected, (kind, is_given)
        assert q.qsize() == 0
