"""What a replica writes reaches the terminal without anything that the terminal would obey."""

import os

from goproxy_operator.local.output import Output


async def test_a_line_moves_no_terminal() -> None:
    lines: list[str] = []
    output, descriptor = await Output.open(lines.append)
    os.write(descriptor, b"fatal: \x1b]0;title\x07 says \xe2\x80\xaegpj\n\n{} \n")
    os.close(descriptor)
    await output.finish()
    assert lines == ["fatal: \\x1b]0;title\\x07 says \\u202egpj", "{}"]
