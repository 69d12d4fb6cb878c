"""Policies by reference: a path, or `git:REV`, which is read out of git's objects and never checked out."""

from __future__ import annotations

import errno
import subprocess
from dataclasses import dataclass
from pathlib import Path

import typer

from parclose.cli.output import Exit, show
from parclose.cli.policy_file import find_policy, load_policy
from parclose.policy.globs import matches
from parclose.policy.model import Policy
from parclose.stores.files import FileError, read

GIT = "git:"
TIMEOUT_S = 30.0  # for one object: reading one takes milliseconds, unless it has to be fetched


class NoSuchRevision(ValueError):
    """What `git:` names cannot be read; its text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitTree:
    """The files of one commit; those outside the repository (a CA in `/etc`) are read as they are now."""

    root: Path
    commit: str
    names: frozenset[str]

    @classmethod
    def at(cls, revision: str, folder: Path) -> GitTree:
        """Return the tree of a revision of the repository that `folder` is in.

        Raises:
            NoSuchRevision: there is no such repository, or no such revision.
        """
        root = Path(_git(folder, "rev-parse", "--show-toplevel").decode().rstrip("\n"))
        # A revision that begins with a dash is no option.
        commit = _git(root, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}").decode().strip()
        listed = _git(root, "ls-tree", "-r", "-z", "--name-only", commit).decode("utf-8", "surrogateescape")
        return cls(root=root, commit=commit, names=frozenset(filter(None, listed.split("\0"))))

    def read(self, path: str) -> bytes:
        """Return the content of a file as it was.

        Raises:
            FileError: it was not there.
        """
        name = self._name(Path(path))
        if name is None:
            return read(path)
        if name not in self.names:
            raise FileError(errno.ENOENT, f"does not exist in {self.commit[:12]}", path)
        return _git(self.root, "cat-file", "blob", f"{self.commit}:{name}")

    def list_files(self, folder: str, pattern: str) -> list[str]:
        """Return the names, from `folder`, of the files that a pattern means; sorted."""
        inside = self._name(Path(folder))
        before = "" if inside in (None, ".") else f"{inside}/"
        below = (name.removeprefix(before) for name in self.names if name.startswith(before))
        return sorted(name for name in below if matches(pattern, name))

    def _name(self, path: Path) -> str | None:
        """Return a path as git calls it, None where it is outside."""
        # The folder is resolved and the name is not: a link that is gone from the disk is still in the commit.
        whole = path.absolute().parent.resolve() / path.name if path.name else path.resolve()
        return whole.relative_to(self.root).as_posix() if whole.is_relative_to(self.root) else None


def load_ref(ref: str, beside: str, *, as_json: bool = False) -> Policy:
    """Load what a reference names, or say why not and end the command; of `git:REV` the policy is at `beside`'s path.

    `beside` is the other reference of the command: `git:HEAD .` means the policy here, as it was.
    """
    if not ref.startswith(GIT):
        return load_policy(find_policy(ref), as_json=as_json)
    path = find_policy("" if beside.startswith(GIT) else beside)
    try:
        tree = GitTree.at(ref.removeprefix(GIT), Path(path).absolute().parent)
        return load_policy(path, as_json=as_json, reading=tree.read, listing=tree.list_files)
    except NoSuchRevision as wrong:
        show(f"`{ref}`: {wrong}", error=True)
        raise typer.Exit(Exit.INVALID) from None


def _git(folder: Path, *words: str) -> bytes:
    """Return what git says.

    Raises:
        NoSuchRevision: it says no, is not there, or takes too long.
    """
    try:
        ran = subprocess.run(  # no shell; what is run is written here
            ["git", "-C", str(folder), *words], capture_output=True, check=False, timeout=TIMEOUT_S
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as wrong:
        raise NoSuchRevision("git cannot be run here") from wrong
    if ran.returncode:
        said = ran.stderr.decode(errors="replace").strip().splitlines()
        raise NoSuchRevision(said[-1].removeprefix("fatal: ") if said else "git says no")
    return ran.stdout
