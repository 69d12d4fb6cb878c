"""Which test proves what: the failure classes that recur in this field, and the ways in which JWT libraries fail.

If these fail, a class that others had to publish an advisory for is no longer tested here.
"""

from __future__ import annotations

import ast

import pytest

from tests.house.tree import ROOT

# Each class with tests that break when it is open.
CLASSES: dict[str, tuple[str, ...]] = {
    "path judged differently from the backend": (
        "live/test_paths.py::test_an_ambiguous_path_is_refused",
        "stages/test_spelling.py::test_path_confusion_is_refused",
    ),
    "identity headers in other spellings": (
        "live/test_headers.py::test_nobody_claims_an_identity",
        "hooks/test_forwarding.py::test_what_is_removed",
    ),
    "trusted-proxy defaults": ("stages/test_client.py::test_the_rightmost_untrusted_address_counts",),
    "caches that forget issuer or key": (
        "stores/test_verifier.py::test_a_rotation_locks_nobody_out",
        "stores/test_introspection.py::test_an_answer_counts_for_its_endpoint_alone",
        "stores/test_token_cache.py::",
    ),
    "errors that allow": ("live/test_exceptions.py::", "live/test_broken_speed.py::"),
    "prefix without a segment boundary": ("policy/test_paths.py::", "fuzz/test_matching.py::"),
    "log injection": ("audit/test_ocsf.py::test_log_injection", "audit/test_record.py::test_log_injection"),
    "secrets in logs and URLs": ("live/test_canaries.py::test_no_secret_is_written_or_shown_anywhere",),
    "algorithm and key confusion": (
        "fuzz/test_vectors.py::test_what_the_standards_warn_of",
        "fuzz/test_token_mutations.py::test_a_header_that_its_own_key_signed",
        "stores/test_tokens.py::test_hostile_tokens_are_refused_each_in_its_class",
    ),
    "SSRF through issuer URLs and redirects": (
        "stores/test_fetch.py::test_what_is_no_document_is_an_error_with_a_reason",
        "stores/test_remote_keys.py::test_metadata_of_somebody_else_leads_nowhere",
    ),
    "admin interfaces without authentication": ("hooks/test_admin.py::",),
    "race between reload and request": ("live/test_reload.py::test_no_request_sees_a_mixture",),
    "decompression bombs": ("stores/test_fetch.py::test_what_is_no_document_is_an_error_with_a_reason",),
    "exceptions of a JWT library": ("stores/test_tokens.py::test_no_text_raises",),
    "missing exp, aud or iss": ("stages/test_claims.py::", "stages/test_proof.py::"),
    "foreign characters in base64": ("fuzz/test_token_mutations.py::test_no_cut_or_grown_token_is_accepted",),
    "keys for something else, weak or private": ("stores/test_jwks.py::",),
    "a pure Python fallback": ("stores/test_signatures.py::",),
    "stolen tokens": ("live/test_possession.py::test_a_token_is_worth_something_to_its_owner_alone",),
}


def names_in(path: str) -> set[str]:
    """Return the names of the tests in a file."""
    tree = ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8"))
    return {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


@pytest.mark.parametrize("failure", CLASSES)
def test_a_failure_class_is_tested(failure: str) -> None:
    """By tests that are there; a file without a name stands for all that it holds."""
    for each in CLASSES[failure]:
        path, _, name = each.partition("::")
        assert name in names_in(path) if name else names_in(path)
