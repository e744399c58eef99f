"""``seamline completion``: a static script, so that a key press starts no Python."""

import argparse

from seamline.cli.arguments import COMMANDS, command_parser, load_command, output_of

SHELLS = ("bash", "zsh", "fish")

_BASH = """\
# bash completion for seamline; put this into your ~/.bashrc:
#   eval "$(seamline completion bash)"
_seamline() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" previous="${{COMP_WORDS[COMP_CWORD-1]}}"
    local command="" i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "${{COMP_WORDS[i]}}" in
            -C|-f|--file|--color) ((i++)) ;;
            -*) ;;
            *) command="${{COMP_WORDS[i]}}"; break ;;
        esac
    done
    [[ "$command $previous" == "logs -f" ]] && previous=--follow
    case "$previous" in
        -C) COMPREPLY=($(compgen -d -- "$word")); return ;;
        -f|--file) COMPREPLY=($(compgen -f -- "$word")); return ;;
        --color) COMPREPLY=($(compgen -W "auto always never" -- "$word")); return ;;
    esac
    case "$command" in
        "") COMPREPLY=($(compgen -W "{commands}" -- "$word")) ;;
{cases}
    esac
}}
complete -F _seamline seamline"""

_ZSH = """\
#compdef seamline
# zsh completion for seamline; put this into your ~/.zshrc after compinit:
#   eval "$(seamline completion zsh)"
_seamline() {{
    local -a commands
    commands=(
{described}
    )
    local i command=""
    for ((i = 2; i < CURRENT; i++)); do
        case "${{words[i]}}" in
            -C|-f|--file|--color) ((i++)) ;;
            -*) ;;
            *) command="${{words[i]}}"; break ;;
        esac
    done
    local previous="${{words[CURRENT-1]}}"
    [[ "$command $previous" == "logs -f" ]] && previous=--follow
    case "$previous" in
        -C) _directories; return ;;
        -f|--file) _files; return ;;
        --color) compadd auto always never; return ;;
    esac
    case "$command" in
        "") _describe command commands; compadd -- {shared} ;;
{cases}
    esac
}}
compdef _seamline seamline"""

_FISH = """\
# fish completion for seamline; write it to ~/.config/fish/completions/seamline.fish
complete -c seamline -f
complete -c seamline -s C -r -a '(__fish_complete_directories)' -d 'look in this directory'
complete -c seamline -s f -l file -r -F -d 'read this file'
complete -c seamline -l color -x -a 'auto always never' -d 'when to colour'
{lines}"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this command's options."""
    parser.add_argument("shell", choices=SHELLS, help="whose script to print")


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    script = {"bash": _bash, "zsh": _zsh, "fish": _fish}[args.shell]
    output_of(args).data(script())
    return 0


def _words() -> dict[str, list[str]]:
    """Return what can follow each command: its options, and its fixed arguments."""
    words = {}
    for name in COMMANDS:
        parser = command_parser(name, load_command(name))
        words[name] = [
            word
            for action in parser._actions  # noqa: SLF001 - argparse tells its options nowhere else
            for word in (action.option_strings or action.choices or ())
        ]
    return words


def _shared() -> list[str]:
    """Return the options that every command takes."""
    options = [set(words) for words in _words().values()]
    # Where -f is --follow, it is the file's before the command all the same.
    return sorted({"-f", *(word for word in set.intersection(*options) if word.startswith("-"))})


def _bash() -> str:
    cases = "\n".join(
        f'        {name}) COMPREPLY=($(compgen -W "{" ".join(words)}" -- "$word")) ;;'
        for name, words in _words().items()
    )
    return _BASH.format(commands=" ".join([*COMMANDS, *_shared(), "--version"]), cases=cases)


def _zsh() -> str:
    cases = "\n".join(
        f"        {name}) compadd -- {' '.join(words)} ;;" for name, words in _words().items()
    )
    described = "\n".join(
        f"        '{name}:{line.replace(':', chr(92) + ':').replace(chr(39), '')}'"
        for name, line in COMMANDS.items()
    )
    return _ZSH.format(
        described=described, cases=cases, shared=" ".join([*_shared(), "--version"])
    )


def _fish() -> str:
    lines = []
    for name, words in _words().items():
        lines.append(
            f"complete -c seamline -n __fish_use_subcommand -a {name} -d '{COMMANDS[name]}'"
        )
        for word in words:
            option = (
                f"-l {word[2:]}"
                if word.startswith("--")
                else f"-s {word[1:]}"
                if word.startswith("-")
                else f"-a {word}"
            )
            lines.append(f"complete -c seamline -n '__fish_seen_subcommand_from {name}' {option}")
    return _FISH.format(lines="\n".join(lines))
