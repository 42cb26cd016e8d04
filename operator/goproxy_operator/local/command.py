"""`goproxy-operator local`: its arguments, and one line for each reason why a fleet cannot be started."""

import argparse
import asyncio
from pathlib import Path

from goproxy_operator.local.console import open_console
from goproxy_operator.local.file_watch import FileWatch
from goproxy_operator.local.listener import BindError, bind
from goproxy_operator.local.lock import FolderInUseError, lock_folder
from goproxy_operator.local.runner import Place, Runner, read_fleet_file
from goproxy_operator.local.yaml_text import DocumentError
from goproxy_operator.running_fleets import local_folder
from goproxy_operator.settings import DOCS, docs_argument
from modproxy.contract.address import Address, parse_address
from modproxy.contract.log_lines import FORMAT_HELP, FORMATS, TEXT, set_up_logging, tell_end

DEFAULT_LISTEN = "127.0.0.1:8080"
BAD_FILE_EXIT = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `local`."""
    parser.add_argument(
        "-f",
        "--file",
        type=Path,
        required=True,
        metavar="FILE",
        help="a GoProxy, and beside it the ConfigMaps and Secrets it names",
    )
    parser.add_argument(
        "--listen", type=_address, default=DEFAULT_LISTEN, metavar="HOST:PORT", help="default: %(default)s"
    )
    parser.add_argument("--log-format", choices=FORMATS, default=TEXT, help=FORMAT_HELP)
    parser.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="where configs and caches are kept; default: a folder of the fleet's name in your own cache folder",
    )
    parser.add_argument(
        "--docs",
        default=DOCS,
        type=docs_argument,
        metavar="URL",
        help="where people read the folder docs of this repository: errors name the part that is about them (default: "
        "they name the file)",
    )


def run(args: argparse.Namespace) -> int:
    """Run the fleet until a signal says stop. Return 0, 1 when it cannot be started, 2 when the file is at fault."""
    set_up_logging(args.log_format, verbose=False)
    try:
        # The watch begins before the file is read, so that no edit falls between.
        watch = FileWatch(args.file)
        fleet_file = read_fleet_file(args.file)
        folder = (args.data_dir or local_folder(fleet_file.goproxy.metadata.name)).absolute()
        with lock_folder(folder), bind(args.listen) as listener, open_console(args.log_format) as console:
            place = Place(folder, args.listen, listener, args.log_format, args.docs)
            runner = Runner(watch, fleet_file, place, console)
            asyncio.run(runner.run())
    except DocumentError as e:
        for mistake in e.mistakes:
            _complain(mistake, BAD_FILE_EXIT)
        return BAD_FILE_EXIT
    except (FolderInUseError, BindError) as e:
        return _complain(str(e), 1)
    except OSError as e:
        return _complain(
            f"{e.filename}: {e.strerror}: make room or give access, or name another folder with --data-dir", 1
        )
    except RuntimeError as e:
        # Path.home raises it when the user has no home.
        return _complain(f"{e}: name a folder with --data-dir", 1)
    return 0


def _address(text: str) -> Address:
    try:
        return parse_address(text)
    except ValueError as e:
        raise argparse.ArgumentTypeError(str(e)) from None


def _complain(line: str, exit_code: int) -> int:
    tell_end("goproxy-operator local", line)
    return exit_code
