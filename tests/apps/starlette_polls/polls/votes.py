"""Who voted for what."""

_votes = {}


def vote(poll, choice):
    box = _votes.setdefault(poll, {})
    box[choice] = box.get(choice, 0) + 1
    return box[choice]


def result(poll):
    return dict(_votes.get(poll, {}))
