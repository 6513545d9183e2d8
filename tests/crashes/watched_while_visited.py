"""`threading.settrace`, `setprofile`, `cProfile` go on and off where threads visit and end."""

import threading

from children import times

import atoll

watched = atoll.Interpreter("watched")
watched.exec("""
import cProfile, threading

def watch(frame, event, arg):
    return watch

def switch(tool, on):
    getattr(threading, tool)(watch if on else None)

def start_profile():
    global profiler
    profiler = cProfile.Profile()
    profiler.enable()

def end_profile():
    profiler.disable()
    profiler.create_stats()
    return any(place[2] == "count" for place in profiler.stats)

def count(n):
    return n + 1

def work(n):
    return sum(count(each) for each in range(n))

def work_in_thread(n):
    thread = threading.Thread(target=work, args=(n,))
    thread.start()
    thread.join()
""")
work, work_in_thread, switch = map(watched.eval, ("work", "work_in_thread", "switch"))
start_profile, end_profile = map(watched.eval, ("start_profile", "end_profile"))
is_over = threading.Event()


def visit():
    while not is_over.is_set():
        work(20)
        work_in_thread(5)
        newcomers = [threading.Thread(target=work, args=(5,)) for _ in range(3)]
        for each in newcomers:
            each.start()
        for each in newcomers:
            each.join()


visitors = [threading.Thread(target=visit) for _ in range(3)]
for visitor in visitors:
    visitor.start()
try:
    for _ in range(times(100)):
        for tool in ("settrace", "setprofile"):
            switch(tool, True)
            work_in_thread(5)
            switch(tool, False)
        start_profile()
        work(5)
        assert end_profile()
finally:
    is_over.set()
    for visitor in visitors:
        visitor.join()
watched.close()
