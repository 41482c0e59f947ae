"""Reading a text as a shell command, without running it: is it one, and what would its exit status be worth?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROGRAMS = frozenset(
    (  # noqa: SIM905 - a list of words, not of lines
        "[ [[ apr awk bash bashrs batuta cargo cat cd cmp curl cut diff docker echo egrep exit find forjar git grep"
        " head jq llama-cli ls make nvidia-smi ollama pmat printf pv pytest python python3 realizar rg rm rustc sed"
        " sh sha256sum sort stat tail tee test timeout tr true uniq uv wc xargs yq"
    ).split()
)
_NEVER_FAIL = frozenset(("cat", "head", "less", "sort", "tail", "tee", "tr", "uniq", "wc"))
_OPAQUE = re.compile(r"'[^']*(?:'|\Z)|\"(?:\\.|[^\"\\])*(?:\"|\\?\Z)|\[\[.{0,400}?\]\]|\(\(.{0,400}?\)\)", re.DOTALL)
_COMMENT = re.compile(r"(?:^|(?<=\s))#[^\n]*")
_POSITION = re.compile(r"(?:^|\|\|?|&&|;|\n|\$\()\s*[({!]?\s*(?:[A-Za-z_]\w*=\S*\s+)*(?P<word>[\w.\[/-]+)")
_OTHER_LANGUAGE = re.compile(r"(?:^|\n)\s*(?:def|class|import|from|fn|let|assert)\b")
_FAILS_ITSELF = re.compile(r"\bexit\s+[1-9$]|\bset\s+-\w*e|\breturn\s+[1-9]")
_OPERATOR = re.compile(r"\|\||&&|;|\n")


@dataclass(frozen=True, slots=True)
class Weakness:
    """A reason why the exit status of a text says nothing. `certain` is False when it depends on what is there."""

    what: str
    way_out: str
    certain: bool = True


def looks_like_shell(text: str) -> bool:
    """Whether a known program stands where a command begins; prose has none there, or sets it in backticks."""
    code = masked(text)
    if "`" in code or _OTHER_LANGUAGE.search(code):
        return False
    return any(match["word"].rpartition("/")[2] in _PROGRAMS for match in _POSITION.finditer(code))


def masked(text: str) -> str:
    """`text` without comments, continued lines joined, the inside of quotes, [[ ]] and (( )) as underscores."""
    joined = text.replace("\\\n", "  ")
    bare = _COMMENT.sub("", _OPAQUE.sub(lambda match: "_" * len(match[0]), joined))
    return re.sub(r"\s*\n\s*", "\n", re.sub(r"[^\S\n]+", " ", bare)).strip()


def weaknesses(text: str) -> Iterator[Weakness]:
    """Why the exit status of the shell text `text` says less than it seems to."""
    code = masked(text)
    forgiven = re.search(r"\|\|\s*(?:true|:)\s*\)?\s*[;\n]", code)
    if forgiven is not None and "$?" in code[forgiven.end() :]:
        yield Weakness("$? is read after `|| true`, which has made it 0", "read $? directly after the command")
    elif (last := _always_succeeds(code)) and not _FAILS_ITSELF.search(code):
        yield Weakness(f"it ends in `{last}`, which always succeeds", "let the status of the command be the answer")
    yield from _any_failure(code)
    misread = list(_redirections(code))
    yield from misread or _pipelines(code)


def _always_succeeds(code: str) -> str:
    match = re.search(r"(?:\|\||;|\n)\s*(?P<last>(?:true|:|exit 0|(?:echo|printf)\b[^|&;\n]*))\s*[)}]?\s*$", code)
    return match["last"].split()[0] if match else ""


def _any_failure(code: str) -> Iterator[Weakness]:
    if re.search(r"(?:\btest|\[)\s+\$\?\s+(?:-ne|!=)\s+0", code):
        way = "compare $? with the status that is meant, and look for the message"
        yield Weakness("any failure passes, that of a missing program (127) too", way)
    elif re.search(r"(?:^|&&|\|\||;|\n)\s*!\s+[\w./-]", code):
        way = "look for the refusal itself"
        yield Weakness("`!` turns any failure into success, that of a missing file too", way, certain=False)


def _redirections(code: str) -> Iterator[Weakness]:
    if match := re.search(r"(?<![<>=!&-])(?P<sign>[<>])=\s*[\d$]", code):
        what = f"`{match['sign']}=` is a redirection here: the shell opens a file called `=`"
        yield Weakness(what, 'compare with test "$(…)" -ge or -le')
    elif match := re.search(r"(?<![\d<>&])\s(?P<sign>[<>])\s*(?P<number>\d+(?:\.\d+)?)\s*(?:$|[;&|\n])", code):
        what = (
            f"`{match['sign']} {match['number']}` is a redirection: the shell opens a file called `{match['number']}`"
        )
        yield Weakness(what, 'compare with test "$(…)" -gt or -lt')
    if any(re.search(r"^\s*[^\s\[].*\s==\s*\d", command) for command in re.split(r"[|;&\n]", code)):
        yield Weakness("`==` and the number behind it are read as file names", 'compare with test "$(…)" -eq')
    if match := re.search(r"<(?P<name>[a-z][\w .-]*)>", code):
        way = "name a real file, or a variable that is set"
        yield Weakness(f"`<{match['name']}>` is left to be filled in, and is a redirection as it stands", way)


def _pipelines(code: str) -> Iterator[Weakness]:
    final = _OPERATOR.split(code)[-1]
    stages = re.split(r"\|&?", final)
    last = stages[-1].split()
    if len(stages) > 1 and last and last[0] in _NEVER_FAIL and "pipefail" not in code:
        yield Weakness(f"its status is that of `{last[0]}`, which always succeeds", "set -o pipefail, or do not pipe")
