"""A yardstick of processor time: opens zips by the standard library, and hashes what is in them.

    python -m bench.programs.yardstick FOLDER

It prints as JSON the processor seconds that this took. Nothing of the proxy's code is in it.
"""

import argparse
import hashlib
import json
import sys
import time
import zipfile
from pathlib import Path

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    zips = sorted(parser.parse_args().folder.rglob("*.zip"))
    started = time.process_time()
    for file in zips:
        with zipfile.ZipFile(file) as archive:
            for entry in archive.infolist():
                hashlib.sha256(archive.read(entry)).hexdigest()
    json.dump(time.process_time() - started, sys.stdout)
