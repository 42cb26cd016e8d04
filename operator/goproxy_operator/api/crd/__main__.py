"""Prints a definition as the YAML file in `crds/`."""

import sys

from goproxy_operator.api.crd.definitions import DEFINITIONS, render

if __name__ == "__main__":
    sys.stdout.write(render(DEFINITIONS[sys.argv[1]]()))
