import sys
from .. import _core
from .names import name_of_class, resolve
from .value_types import by_value_class, by_value_id

def lineage(cls):
    if not isinstance(cls, type): cls = type(cls)
    return tuple(c if not c.__flags__ & (1<<9) else (name_of_class(c) or by_value_id(c) or "") for c in cls.__mro__)

def local_lineage(proxy):
    out=[]
    for n in _core.invoke(_core.owner(proxy), "atoll._transfer.twins_tmp:lineage", (proxy,), None):
        if isinstance(n, type): out.append(n); continue
        if not n: continue
        c = by_value_class(n)
        if c is None and ":" in n:
            m, _, q = n.partition(":")
            f = sys.modules.get(m)
            for part in q.split("."): f = getattr(f, part, None)
            c = f if isinstance(f, type) else None
        if c is not None: out.append(c)
    return out

def local_twin(proxy):
    l = local_lineage(proxy)
    return l[0] if l else None
