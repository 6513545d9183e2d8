"""Has PyInstaller take all modules of atoll along: most are imported by names in strings."""

import pkgutil

import atoll

hiddenimports = [
    each.name
    for each in pkgutil.walk_packages(atoll.__path__, "atoll.")
    if ".__" not in each.name  # neither this one, nor a script
]
