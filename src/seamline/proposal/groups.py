"""Puts the proposed services into the groups of layout ``split``."""

from typing import Final

from seamline.proposal.model import Proposal

#: Name of the layout that is proposed.
LAYOUT: Final = "split"
# Every group is a process of its own; more than these are a decision for the reader.
_MOST_APART: Final = 4


def group_parts(proposal: Proposal) -> None:
    """Choose the groups.

    What is heavy or reads what strangers made gets a process of its own. The rest stays with
    the application, where calls are free; where nothing gains, the best one moves, so that
    there is a split to look at.
    """
    parts = proposal.proposed
    proposal.layout = {}
    if not parts or (len(parts) == 1 and not proposal.entry):
        return
    apart = [part.name for part in parts if part.apart][:_MOST_APART] or [parts[0].name]
    rest = [part.name for part in parts if part.name not in apart]
    groups = {"front": [proposal.entry, *rest]} if proposal.entry else {"front": rest}
    if proposal.application is not None and proposal.application.command:
        # A command is a program of its own: it calls the packages of its group in itself, and
        # calls of others would reach another process of that group.
        groups = {"front": [proposal.entry]} | ({"back": rest} if rest else {})
    for name in (*(command.name for command in proposal.commands), *apart):
        groups[name if name not in groups else f"{name}-apart"] = [name]
    proposal.layout = {name: services for name, services in groups.items() if services}
