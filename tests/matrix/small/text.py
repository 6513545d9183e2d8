"""Packages that read, search, split and compare text."""

from __future__ import annotations

from ._found import use

TEXT = "The quick brown fox jumps over the lazy dog, naïve as ever. " * 5
GRAMMAR_SOURCE = b"int f(int x) { return x + 1; }"


@use("mypyc")
def charset_normalizer() -> object:
    import charset_normalizer

    best = charset_normalizer.from_bytes(TEXT.encode("utf-8")).best()
    return best and best.encoding, charset_normalizer.md.__file__.endswith(".so")


@use("C")
def markupsafe() -> object:
    from markupsafe import Markup, _speedups, escape

    return Markup("<b>%s</b>") % "a<b", escape("<&>"), _speedups._escape_inner("'<'")


@use("mypyc")
def tomli() -> object:
    import tomli

    return tomli.loads('a = [1, 2.5, "x"]\n[b]\nat = 2024-01-02T03:04:05Z\n')


@use("Cython, C++")
def rapidfuzz() -> object:
    from rapidfuzz import distance, fuzz, process

    found = process.extract("fox", TEXT.split(), scorer=fuzz.WRatio, limit=3)
    return found, distance.Levenshtein.distance("kitten", "sitting")


@use("Cython, C++", "levenshtein")
def levenshtein() -> object:
    import Levenshtein

    return Levenshtein.ratio("spam", "park"), Levenshtein.editops("spam", "park")


@use("Rust, PyO3")
def jellyfish() -> object:
    import jellyfish

    return jellyfish.soundex("Jellyfish"), jellyfish.jaro_winkler_similarity("abcd", "abdc")


@use("Rust, PyO3, threads")
def tokenizers() -> object:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE(unk_token="[?]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.BpeTrainer(vocab_size=60, special_tokens=["[?]"], show_progress=False)
    made.train_from_iterator([TEXT] * 20, trainer)
    return [each.tokens for each in made.encode_batch(["the quick dog", "fox"])]


@use("Rust, PyO3")
def tiktoken() -> object:
    import tiktoken

    ranks = {bytes([n]): n for n in range(256)} | {b"th": 256, b"the": 257}
    made = tiktoken.Encoding("small", pat_str=r"\w+|\W+", mergeable_ranks=ranks, special_tokens={})
    return made.encode("the other theme"), made.decode(made.encode("naïve"))


@use("C++")
def sentencepiece() -> object:
    import io

    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([TEXT] * 20), model_writer=model, vocab_size=35, minloglevel=9
    )
    reader = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    return reader.encode("the lazy dog", out_type=str)


@use("C", "pyahocorasick")
def ahocorasick() -> object:
    import ahocorasick

    machine = ahocorasick.Automaton()
    for each in ("he", "she", "hers"):
        machine.add_word(each, len(each))
    machine.make_automaton()
    return list(machine.iter("ushers"))


@use("Cython", "pystemmer")
def Stemmer() -> object:
    import Stemmer

    return Stemmer.Stemmer("english").stemWords(["cycling", "cyclists", "happily"])


@use("Rust, PyO3", "python-bidi")
def bidi() -> object:
    from bidi import get_display

    return get_display("abc שלום 12")


@use("Cython", "selectolax")
def selectolax() -> object:
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser("<div><p id=a>x</p><p>y</p></div>")
    return [node.text() for node in tree.css("div > p")], tree.css_first("#a").attributes


@use("Rust, PyO3")
def nh3() -> object:
    import nh3

    return nh3.clean("<b>x</b><script>y</script><a href='z'>w</a>", attributes={})


@use("pybind11", "google-re2")
def re2() -> object:
    import re2

    return re2.findall(r"(\w+) (\w+)", "a b c d"), re2.sub("a+", "x", "caat")


@use("Cython, C++")
def cymem() -> object:
    from cymem.cymem import Pool

    pool = Pool()
    return pool.size, type(pool).__name__


@use("Cython, C++")
def preshed() -> object:
    from preshed.maps import PreshMap

    made = PreshMap()
    for n in range(1, 100):
        made[n] = n * n
    return len(made), made[7], sorted(made.keys())[:3]


@use("Cython, C++")
def murmurhash() -> object:
    from murmurhash import mrmr

    return mrmr.hash("text"), mrmr.hash("text", 7)


@use("Cython")
def srsly() -> object:
    import srsly

    packed = srsly.msgpack_dumps({"a": [1, 2.5, "x"]})
    return srsly.msgpack_loads(packed), srsly.json_dumps({"b": [None, True]})


@use("Cython, C")
def blis() -> object:
    import numpy
    from blis.py import gemm

    one = numpy.arange(9, dtype="f8").reshape(3, 3)
    return gemm(one, one, trans2=True).tolist()


@use("Cython, C++")
def thinc() -> object:
    import numpy
    from thinc.api import Linear, Relu, chain

    model = chain(Relu(4), Linear(2))
    data = numpy.ones((3, 5), dtype="f4")
    return model.initialize(X=data, Y=numpy.ones((3, 2), dtype="f4")).predict(data).shape


@use("Cython, C++")
def spacy() -> object:
    import spacy

    words = spacy.blank("en")
    words.add_pipe("sentencizer")
    read = words("It runs. Don't stop!")
    return [each.text for each in read], len(list(read.sents))


@use("mypyc")
def black() -> object:
    import black

    return black.format_str("x = {  'a':1 }", mode=black.Mode())


@use("mypyc")
def pytokens() -> object:
    import pytokens

    return [str(each.type) for each in pytokens.tokenize("x = 1\nif x:\n  y()\n")]


@use("mypyc, C")
def librt() -> object:
    from librt import base64

    return base64.b64encode(b"some bytes")


@use("mypyc")
def mypy() -> object:
    from mypy import parse
    from mypy.errors import Errors
    from mypy.options import Options

    options = Options()
    tree = parse.parse(b"def f(x: int) -> str: ...\n", "f.py", "f", Errors(options), options)
    return [type(each).__name__ for each in getattr(tree, "defs", ())], parse.__file__[-3:]


@use("Rust, PyO3")
def ast_serialize() -> object:
    import ast_serialize

    return sorted(name for name in dir(ast_serialize) if not name.startswith("_"))


@use("Rust, PyO3")
def libcst() -> object:
    import libcst

    tree = libcst.parse_module("def f(x):\n    return x+1\n")
    return tree.code, type(tree.body[0]).__name__


@use("C", requirement="tree-sitter tree-sitter-c")
def tree_sitter() -> object:
    import tree_sitter_c
    from tree_sitter import Language, Parser

    tree = Parser(Language(tree_sitter_c.language())).parse(GRAMMAR_SOURCE)
    return str(tree.root_node), tree.root_node.child_count


def parsed(language: object, source: bytes) -> str:
    """Parse with a grammar of tree-sitter's."""
    from tree_sitter import Language, Parser

    return str(Parser(Language(language)).parse(source).root_node)


@use("C", requirement="tree-sitter tree-sitter-c")
def tree_sitter_c() -> object:
    import tree_sitter_c

    return parsed(tree_sitter_c.language(), b"struct s { int a; };")


@use("C", requirement="tree-sitter tree-sitter-java")
def tree_sitter_java() -> object:
    import tree_sitter_java

    return parsed(tree_sitter_java.language(), b"class A { int a; }")


@use("C", requirement="tree-sitter tree-sitter-go")
def tree_sitter_go() -> object:
    import tree_sitter_go

    return parsed(tree_sitter_go.language(), b"package a\nfunc f() {}\n")


@use("C", requirement="tree-sitter tree-sitter-rust")
def tree_sitter_rust() -> object:
    import tree_sitter_rust

    return parsed(tree_sitter_rust.language(), b"fn f() -> u8 { 1 }")


@use("C", requirement="tree-sitter tree-sitter-ruby")
def tree_sitter_ruby() -> object:
    import tree_sitter_ruby

    return parsed(tree_sitter_ruby.language(), b"def f; 1; end")


@use("C", requirement="tree-sitter tree-sitter-javascript")
def tree_sitter_javascript() -> object:
    import tree_sitter_javascript

    return parsed(tree_sitter_javascript.language(), b"let a = () => 1;")


@use("C", requirement="tree-sitter tree-sitter-python")
def tree_sitter_python() -> object:
    import tree_sitter_python

    return parsed(tree_sitter_python.language(), b"x = [1, 2]\n")


@use("Cython, C++", "marisa-trie")
def marisa_trie() -> object:
    import marisa_trie

    made = marisa_trie.Trie(["key1", "key2", "key12"])
    return made.keys("key1"), "key2" in made, len(made.tobytes()) > 0


@use("Rust, PyO3")
def textual_speedups() -> object:
    import textual_speedups

    return sorted(name for name in dir(textual_speedups) if not name.startswith("_"))


@use("Cython, C++", "python-crfsuite")
def pycrfsuite() -> object:
    import pycrfsuite

    items = pycrfsuite.ItemSequence([{"word": 1.0}, {"next": 2.0}])
    return items.items(), len(items)


@use("Rust, PyO3, threads")
def grimp() -> object:
    from grimp.application.usecases import build_graph  # its extension is imported by it

    return build_graph.__name__
