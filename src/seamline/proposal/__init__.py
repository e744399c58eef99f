"""What a project could be split into: the application and its services, proposed from source."""

from seamline.proposal.known import Entrance
from seamline.proposal.model import Found, Part, Proposal
from seamline.proposal.propose import propose
from seamline.proposal.text import application_line

__all__ = ["Entrance", "Found", "Part", "Proposal", "application_line", "propose"]
