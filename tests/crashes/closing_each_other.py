"""Two interpreters close each other, from visits, from call-backs, from their own threads."""

import threading

import atoll

for attempt in range(10):
    one, two = atoll.Interpreter("one"), atoll.Interpreter("two")
    gate = threading.Barrier(2)
    source = "def close(gate, other):\n    gate.wait()\n    other.close(20)"
    one.exec(source)
    two.exec(source)
    answers = []

    def run(close, other):
        try:
            close(gate, other)
            answers.append("closed")
        except (RuntimeError, atoll.InterpreterClosedError) as error:
            answers.append(str(error))

    threads = [
        threading.Thread(target=run, args=(one.eval("close"), two)),
        threading.Thread(target=run, args=(two.eval("close"), one)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 2, answers
    one.close(20)
    two.close(20)
inner = atoll.Interpreter("inner")
for suicide in (
    lambda: inner.exec("import atoll; atoll.current().close()"),
    lambda: inner.eval("lambda f: f()")(lambda: inner.close()),
):
    try:
        suicide()
        raise AssertionError("closed from inside")
    except RuntimeError:
        pass
inner.close()
inner.close()
