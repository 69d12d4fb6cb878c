"""A policy's own tests: stand-in callers, checks and sequences on a virtual clock, and what they leave unproven."""

from parclose.cases.choose import BadChoice as BadChoice
from parclose.cases.coverage import Coverage as Coverage
from parclose.cases.lint import case_findings as case_findings
from parclose.cases.run import CaseReport as CaseReport
from parclose.cases.run import Result as Result
from parclose.cases.run import run_cases as run_cases
