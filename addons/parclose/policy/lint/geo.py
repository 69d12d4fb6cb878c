"""Countries and the databases that tell them (GEO). GEO001 and GEO003 are errors, found while compiling."""

from __future__ import annotations

from parclose.policy.lint.bench import Bench, Look


def old_database(bench: Bench) -> None:
    """Name databases that were built longer ago than `max_age` (GEO002)."""
    spec, geo = bench.spec.geo, bench.policy.geo
    if spec is None or geo is None or geo.max_age_s is None or bench.made_at is None or bench.now is None:
        return
    for key, text, path in (
        ("country_db", spec.country_db, geo.country_db), ("asn_db", spec.asn_db, geo.asn_db),
    ):  # fmt: skip
        built = bench.made_at(path) if path else None
        if text is not None and built is not None and bench.now - built > geo.max_age_s:
            days, most = int((bench.now - built) // 86_400), int(geo.max_age_s // 86_400)
            bench.desk.report(
                "GEO002", spec.value_at(key), f"`{text}` was built {days} days ago, and may be {most} days old",
                fix="fetch a newer build", text=text,
            )  # fmt: skip


def legal_but_lax(bench: Bench) -> None:
    """Name sets that the law asks for, while callers of unknown country are let through (GEO004)."""
    geo = bench.spec.geo
    if geo is None or geo.on_unknown != "allow":
        return
    for name, spec in (geo.sets or {}).items():
        if spec.legal:
            bench.desk.report(
                "GEO004", name.mark, f"geo set `{name}` is `legal`, and `on_unknown: allow` lets unknown countries in",
                fix="write `on_unknown: deny`", text=name,
            )  # fmt: skip


LOOKS: tuple[Look, ...] = (Look(ids=("GEO002",), at=old_database), Look(ids=("GEO004",), at=legal_but_lax))
