"""Paths that another server may read differently: RTE009, and SEG014 where nothing looks at requests twice."""

from __future__ import annotations

import re

from parclose.policy.lint.bench import Bench, Look
from parclose.policy.lint.cited import as_if_live, keys, lines, spec_of
from parclose.policy.lint.needs import weaker, words
from parclose.policy.lint.witness import find, hit, reaching, sample, tries
from parclose.policy.nodes import Mark
from parclose.policy.paths import PathPattern
from parclose.policy.surface import places

_PARAMS = re.compile(r"\{[^/]*\}")


def odd_templates(bench: Bench) -> None:
    """Report paths with capitals, a slash at the end, or percent escapes (RTE009)."""
    for key, _ in keys(bench):
        _odd(bench, key.mark, str(key), key.partition(" ")[2].strip())
    for segment in bench.spec.segments.values():
        match = segment.match
        for index, path in enumerate((match.paths or ()) if match is not None else ()):
            if match is not None:
                _odd(bench, match.item_at("paths", index), path.text, path.text)


def _odd(bench: Bench, mark: Mark, text: str, path: str) -> None:
    """Report one path; of several oddities the first, since each is a reason to write it anew."""
    plain, paths = _PARAMS.sub("", path), bench.policy.settings.paths
    if plain != plain.lower() and paths.case == "sensitive":
        what, fix = "has capitals: a server that ignores case reads it as another path", "write it in small letters"
        if "%" not in plain:
            fix = f"write `{_lowered(path)}`"
        fix += "; if the service insists on capitals, add `# parclose: allow RTE009 because ...`"
    elif "%" in plain:
        what, fix = "holds an escape, which is compared decoded", "write the characters themselves, in quotes"
    elif len(path) > 1 and path.endswith("/"):
        same = paths.trailing_slash == "same"
        what = "ends in a slash, which is ignored" if same else "takes only requests that end in a slash"
        fix = f"write `{path.rstrip('/')}`" + ("" if same else ", or add a route for that too")
    else:
        return
    bench.desk.report("RTE009", mark, f"`{text}` {what}", text=text, fix=fix)


def _lowered(path: str) -> str:
    """Return a path with its literals in small letters and its parameters as they are."""
    return "".join(
        piece if piece.startswith("{") else piece.lower() for piece in re.split(r"(\{[^/]*\})", path)
    )  # fmt: skip


def unguarded_carvings(bench: Bench) -> None:
    """Report what another spelling would slip past, where no second look refuses it (SEG014)."""
    mode = bench.policy.settings.paths.divergence
    if mode != "reject":
        _carved_surfaces(bench, mode)
        _carved_routes(bench, mode)


def _carved_surfaces(bench: Bench, mode: str) -> None:
    seen: set[Mark] = set()
    for place in places(bench.policy.segments.values()):
        path = respelt(place.path, insensitive=bench.policy.settings.paths.case == "insensitive")
        own = {segment.name for segment in place.segments}
        for segment in place.segments:
            match = spec_of(bench, segment).match
            if path is None or match is None:
                continue
            at = next((i for i, each in enumerate(match.paths or ()) if each.text == place.path.text), None)
            mark = match.item_at("paths", at) if at is not None else match.mark
            method = min(segment.surface.methods.methods) if segment.surface.methods else "GET"
            for request in tries(bench.policy, segment, path, method) if mark not in seen else ():
                group = find(bench.policy, request)
                if group is not None and own.isdisjoint(other.name for other in group.segments):
                    seen.add(mark)
                    bench.desk.report(
                        "SEG014", mark, text=place.path.text if at is not None else "",
                        message=f"`{place.path}` of `{segment.name}` lies under `{group.path}` of "
                        f"`{group.segments[0].name}`, and `divergence: {mode}` refuses no other spelling: "
                        f"{request.text} goes to `{group.segments[0].name}`",
                        fix="write `divergence: reject` in `settings.paths`",
                    )  # fmt: skip
                    break


def _carved_routes(bench: Bench, mode: str) -> None:
    seen: set[Mark] = set()
    for line in lines(bench, lambda route: any(part.text for part in route.path.parts)):
        route, segment = line.route, line.segment
        path = respelt(route.path, insensitive=bench.policy.settings.paths.case == "insensitive")
        if path is None or line.key.mark in seen:
            continue
        for method in sorted(route.methods.methods):
            other = hit(segment, path, method)
            if other is None or other.route is route or not weaker(bench.desk, other.route, route):
                continue
            request = reaching(bench.policy, segment, path, method)
            if request is not None:
                seen.add(line.key.mark)
                bench.desk.report(
                    "SEG014", line.key.mark, text=line.key,
                    message=f"`{line.key}` needs {words(route)} and lies under `{other.route.key}`, which needs "
                    f"{words(other.route)}; `divergence: {mode}` refuses no other spelling: {request.text} gets "
                    f"`{other.route.key}`",
                    fix="write `divergence: reject` in `settings.paths`",
                )  # fmt: skip
                break


def respelt(pattern: PathPattern, *, insensitive: bool) -> tuple[str, ...] | None:
    """Return a path that a lax server may read as one of a pattern, though it is none; None where there is none."""
    path = sample(pattern)
    places_ = [at for at, part in enumerate(pattern.parts) if part.text]
    if path is None or not places_:
        return None
    at, literal = places_[-1], path[places_[-1]]
    other = literal.upper() if literal != literal.upper() else literal.lower()
    if insensitive or not literal.isascii() or other == literal:
        other = f"{literal}."
    return (*path[:at], other, *path[at + 1 :])


LOOKS = (Look(ids=("RTE009",), at=as_if_live(odd_templates)), Look(ids=("SEG014",), at=as_if_live(unguarded_carvings)))
