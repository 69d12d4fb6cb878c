"""What a line says of a second verdict beside the verdict itself: what on trial took part, and how much it has used."""

from __future__ import annotations

from json.encoder import encode_basestring_ascii as quote

from parclose.verdict import Reading, Would


def tried_text(would: Would) -> str:
    """Return the members that follow those of the verdict; nothing in them is the caller's own text."""
    text = f',"mode":{quote(would.mode)}'
    for name, values in (("shadow", would.shadow), ("log_only", would.log_only), ("not_taken_by", would.passed_over)):
        if values:
            text += f',"{name}":[{",".join(map(quote, values))}]'
    if would.verdict.readings:
        text += f',"usage":[{",".join(map(_usage, would.verdict.readings))}]'
    return text


def _usage(reading: Reading) -> str:
    """Write how much of a limit is used."""
    return (
        f'{{"limit":{quote(reading.name)},"quota":{reading.quota},"window_s":{reading.window_s}'
        f',"remaining":{reading.remaining}}}'
    )
