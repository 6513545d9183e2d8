"""regex: a matcher of C with calls into Python, tables of Unicode in statics, its caches."""

import pickle
import threading

import regex

from ._facts import raised, told

TEXT = "The quick brown Füchs jumps over 13 lazy dogs; " * 400


def in_threads() -> list[int]:
    """Match with the GIL let go, in two threads at a time."""
    counts: list[int] = []
    pattern = regex.compile(r"\b\w+\b")

    def count() -> None:
        counts.append(len(pattern.findall(TEXT, concurrent=True)))

    threads = [threading.Thread(target=count) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return counts


def work() -> str:
    """Search, replace, fail, pickle."""
    pattern = regex.compile(r"(?P<first>\p{Lu}\w+)\s+(?P<second>[[a-z]--[aeiou]]\w*)", regex.V1)
    for _ in range(60):
        found = pattern.findall(TEXT)
    fuzzy = regex.search(r"(?b:(?:jimps over){e<=2})", TEXT)
    nested = regex.fullmatch(r"(\((?:[^()]|(?1))*\))", "(a(b)(c(d)))")
    names = regex.compile(r"\L<animals>", animals=["dogs", "cats"])
    slow = regex.compile(r"(.*)(.*)(.*)(.*)(.*)[xy]")
    again = pickle.loads(pickle.dumps(pattern))
    return told(
        found=(len(found), found[0]),
        replaced=pattern.sub(lambda match: match["second"].upper(), TEXT, 3)[:60],
        formatted=regex.subf(r"(\w+) (\w+)", "{2} {1}", "hello world"),
        fuzzy=(fuzzy.group(), fuzzy.fuzzy_counts) if fuzzy else None,
        nested=nested.captures(1) if nested else None,
        overlapped=regex.findall(r"\w{3}", "abcde", overlapped=True),
        animals=len(names.findall(TEXT)),
        split=regex.split(r"(?V1)(?<=;)", TEXT)[:2],
        folded=regex.findall(r"(?if)STRASSE", "Straße strasse"),
        graphemes=regex.findall(r"\X", "e\u0301a"),
        threads=in_threads(),
        pickled=again.pattern == pattern.pattern and again.findall(TEXT) == found,
        raises=raised(lambda: pattern.sub(lambda match: 1 // 0, TEXT)),
        syntax=raised(lambda: regex.compile("(?P<a")),
        too_long=raised(lambda: slow.search("a" * 2000, timeout=0.005), with_text=False),
        module=type(pattern).__module__,
    )
