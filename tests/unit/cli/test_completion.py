"""``seamline completion``: scripts that a shell accepts and that know every command."""

import shutil
import subprocess

import pytest

from seamline.cli.arguments import COMMANDS


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_knows_every_command_and_its_options(seamline, shell):
    script = seamline("completion", shell).out

    assert all(name in script for name in COMMANDS)
    assert "strict" in script


def completed(script, *words):
    """Return what bash offers for the last word of a command line."""
    line = " ".join(f"'{word}'" for word in words)
    ask = (
        f"COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; COMPREPLY=()\n"
        '_seamline; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    ran = subprocess.run(
        ["bash", "-c", f"{script}\n{ask}"], capture_output=True, text=True, check=True, timeout=30
    )
    assert ran.stderr == ""
    return set(ran.stdout.split())


@pytest.mark.processes
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("seamline", "che"), {"check"}),
        (("seamline", "--json", "st"), {"status", "stop"}),
        (("seamline", "-C", "status", "check", "--st"), {"--strict"}),
        (("seamline", "check", "--color", "a"), {"auto", "always"}),
        (("seamline", "completion", "z"), {"zsh"}),
    ],
)
def test_bash_completes_commands_options_and_choices(seamline, words, offered):
    script = seamline("completion", "bash").out

    assert completed(script, *words) == offered


@pytest.mark.processes
@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_accept_their_script(seamline, tmp_path, shell):
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    file = tmp_path / "script"
    file.write_text(seamline("completion", shell).out)

    ran = subprocess.run(
        [shell, "-n", str(file)], capture_output=True, text=True, check=False, timeout=30
    )

    assert (ran.returncode, ran.stderr) == (0, "")
