"""The C compiler for what tests compile, if there is one."""

from __future__ import annotations

import os
import shlex
import shutil
import sysconfig

COMPILER = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
CPP_COMPILER = shlex.split(os.environ.get("CXX") or sysconfig.get_config_var("CXX") or "c++")
HAS_CPP_COMPILER = shutil.which(CPP_COMPILER[0]) is not None
HAS_COMPILER = shutil.which(COMPILER[0]) is not None
