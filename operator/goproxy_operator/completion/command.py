"""`goproxy-operator completion SHELL`."""

import argparse
import sys
from collections.abc import Sequence

from goproxy_operator.client.failure import EXIT_DONE, EXIT_HELP, guarded

SHELLS = ("bash", "zsh", "fish", "powershell")
PROGRAMS = ("goproxy-operator", "kubectl-goproxy")
_HELP = """\
Print what makes a shell complete the commands, their arguments, and the names of fleets and namespaces.

`kubectl goproxy` is completed by kubectl itself, with its own completion and the program kubectl_complete-goproxy. That
is installed beside this one: nothing has to be done for it.

examples:
  eval "$(goproxy-operator completion bash)"
      in ~/.bashrc
  eval "$(goproxy-operator completion zsh)"
      in ~/.zshrc, after compinit
  goproxy-operator completion fish > ~/.config/fish/completions/goproxy-operator.fish
      once
  goproxy-operator completion powershell | Out-String | Invoke-Expression
      in the file that $PROFILE names
"""


def run(parser: argparse.ArgumentParser, command: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    """Run `completion`. Returns the exit status."""
    command.description = _HELP
    command.epilog = EXIT_HELP
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.add_argument("shell", choices=SHELLS, metavar="SHELL", help=", ".join(SHELLS))
    shell: str = parser.parse_args(arguments).shell
    return guarded(lambda: _print(shell))


def _print(shell: str) -> int:
    from argcomplete.shell_integration import shellcode  # noqa: PLC0415 - only for completion

    sys.stdout.write(shellcode(PROGRAMS, shell=shell).strip() + "\n")
    return EXIT_DONE
