"""lxml: libxml2's global tables, functions and classes of Python that it calls, its error log."""

import io
import pickle
import threading
from typing import Any

from lxml import builder, etree, html, objectify

from ._facts import raised, told

STYLE = """
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:f="urn:matrix">
  <xsl:template match="/"><out><xsl:value-of select="f:thrice(count(//item))"/></out></xsl:template>
</xsl:stylesheet>
"""
SCHEMA = """
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:element name="age" type="xs:positiveInteger"/>
</xs:schema>
"""


class Item(etree.ElementBase):
    """The class of elements `item`, made by libxml2's nodes when they are looked at."""

    def number(self) -> int:
        return int(self.get("id")) + 1


class Counter:
    """A parser target: libxml2 calls its methods."""

    def __init__(self) -> None:
        self.tags: dict[str, int] = {}

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1

    def end(self, tag: str) -> None: ...

    def data(self, text: str) -> None: ...

    def close(self) -> dict[str, int]:
        return self.tags


class Entities(etree.Resolver):
    """Resolves what a document refers to, from memory."""

    def resolve(self, url: str, public_id: str | None, context: Any) -> Any:
        return self.resolve_string('<!ENTITY said "from Python">', context)


functions = etree.FunctionNamespace("urn:matrix")
functions["thrice"] = lambda context, number: 3 * number
functions["broken"] = lambda context: {}["missing"]


def document(count: int) -> str:
    """A document with many items."""
    items = "".join(f'<item id="{i}"><name>näme {i}</name></item>' for i in range(count))
    return f"<list>{items}</list>"


def searched(tree: Any) -> dict[str, object]:
    """XPath, XSLT and schemas, with functions of Python in them."""
    spaces = {"f": "urn:matrix"}
    schema = etree.XMLSchema(etree.fromstring(SCHEMA))
    valid = [schema.validate(etree.fromstring(f"<age>{age}</age>")) for age in (5, -5)]
    return {
        "found": len(tree.xpath("//item[@id > $least]/name", least=1000)),
        "thrice": tree.xpath("f:thrice(count(//item))", namespaces=spaces),
        "raises": raised(lambda: tree.xpath("f:broken()", namespaces=spaces)),
        "styled": str(etree.XSLT(etree.fromstring(STYLE))(tree)).split("<out>")[-1].strip(),
        "valid": (valid, schema.error_log.last_error.type_name),
        "no_xpath": raised(lambda: tree.xpath("//item[")),
    }


def parsed(text: str) -> dict[str, object]:
    """Parsers that call Python: targets, resolvers, classes of elements, events."""
    lookup = etree.ElementNamespaceClassLookup()
    lookup.get_namespace(None)["item"] = Item
    parser = etree.XMLParser()
    parser.set_element_class_lookup(lookup)
    items = etree.fromstring(text, parser)
    resolving = etree.XMLParser(load_dtd=True, resolve_entities=True)
    resolving.resolvers.add(Entities())
    said = etree.fromstring('<!DOCTYPE a SYSTEM "memory.dtd"><a>&said;</a>', resolving)
    ended = sum(1 for _, each in etree.iterparse(io.BytesIO(text.encode()), tag="name"))
    return {
        "numbers": sum(each.number() for each in items),
        "counted": etree.fromstring(text, etree.XMLParser(target=Counter())),
        "resolved": said.text,
        "events": ended,
        "syntax": raised(lambda: etree.fromstring("<a><b></a>"), with_text=False),
    }


def in_a_thread(text: str) -> dict[str, object]:
    """libxml2's dictionary of names belongs to a thread; trees go from one to another."""
    trees: list[Any] = []
    thread = threading.Thread(target=lambda: trees.append(etree.fromstring(text)))
    thread.start()
    thread.join()
    here = etree.Element("here")
    here.append(trees[0][0])
    return {"moved": etree.tostring(here, encoding="unicode"), "left": len(trees[0])}


def work() -> str:
    """Do a little of everything."""
    text = document(8000)
    tree = etree.fromstring(text)
    thing = objectify.fromstring("<a><b>3</b><when>2024-01-01</when></a>")
    page = builder.E.p("a", builder.E.b("c"), "d")
    return told(
        **searched(tree),
        **parsed(text),
        **in_a_thread(document(3)),
        length=len(etree.tostring(tree, pretty_print=True)),
        objects=(int(thing.b + 1), pickle.loads(pickle.dumps(thing)).b == 3),
        text=html.fromstring("<div><p>a<b>c</b>&eacute;</div>").text_content(),
        built=etree.tostring(page),
        canonical=etree.canonicalize('<a z="1" b="2"/>'),
    )
