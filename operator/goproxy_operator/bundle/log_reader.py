"""The checksum database as the command reads it: records, tiles and the newest tree head, with their signatures."""

from pathlib import Path

from goproxy_operator.bundle.origin import Origin
from goproxy_operator.client.failure import ClientError, UsageError
from modproxy.mod.bundle.names import LARGEST_OF_DATABASE
from modproxy.mod.note import NoteError, open_note
from modproxy.mod.path import ModulePath
from modproxy.mod.sumdb import Database, lookup_target, tile_target
from modproxy.mod.tlog import LogError, Record, Tile, Tree, parse_record, parse_tree
from modproxy.mod.version import Version


class LogReader:
    """Reads one database, through a module proxy that serves it or at its own server. Call `begin` first."""

    def __init__(self, origin: Origin, database: Database) -> None:
        self._origin = origin
        self._database = database
        self._base = f"sumdb/{database.name}/"
        self.head: tuple[Tree, str] = Tree(0, b""), ""
        """The newest tree head that was seen, with its signed note."""

    async def begin(self) -> None:
        """Find the database, and read its newest tree head. Raises `ClientError`."""
        name = self._database.name
        if await self._origin.read(f"{self._base}supported", 1 << 10) is None:
            self._base = ""
        note = await self._origin.read(f"{self._base}latest", LARGEST_OF_DATABASE)
        if note is None:
            raise UsageError(
                f"{self._origin.name} serves no checksum database {name}: name the one that it serves with --sumdb, "
                "another server with --sumdb-from, or write --no-sumdb for a bundle that no database vouches for"
            )
        self._saw(note)

    def _saw(self, note: bytes) -> None:
        """Take the tree head of an answer, if it is newer. Raises `ClientError`."""
        text = note.decode(errors="replace")
        if text == self.head[1]:
            return
        try:
            tree = parse_tree(open_note(note, self._database.key))
        except (NoteError, LogError) as e:
            raise ClientError(f"SECURITY: {self._origin.name}: checksum database {self._database.name}: {e}") from None
        if tree.size > self.head[0].size:
            self.head = tree, text

    async def record(self, module: ModulePath, version: Version) -> Record | None:
        """Return the record of a version, unproved; None where the database has none. Raises `ClientError`."""
        target = lookup_target(self._database.name, module, version)
        body = await self._origin.read(f"{self._base}{target.path}", LARGEST_OF_DATABASE)
        if body is None:
            return None
        try:
            record = parse_record(body)
        except LogError as e:
            raise ClientError(f"{self._origin.name}: the record of {module}@{version}: {e}") from None
        self._saw(record.tree_note)
        return record

    async def save_tile(self, tile: Tile, folder: Path) -> None:
        """Write a tile into a folder of a bundle, under its name there. Raises `ClientError`."""
        path = folder / tile_target(self._database.name, tile.path).url_path
        if path.exists() and path.stat().st_size == tile.size:
            return
        body = await self._origin.read(f"{self._base}{tile.path}", LARGEST_OF_DATABASE)
        if body is None:
            # A tile that has become complete since need not be there in part any more.
            body = (await self._origin.read(f"{self._base}{tile.full.path}", LARGEST_OF_DATABASE) or b"")[: tile.size]
        if len(body) != tile.size:
            raise ClientError(f"{self._origin.name} has no {tile.path} of {self._database.name}, which is needed")
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.part")
        draft.write_bytes(body)
        draft.replace(path)
