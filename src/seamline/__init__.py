"""Run an existing Python web application as one process or as many services, unchanged."""

# Not typing's: this module is the first that every command loads, before it can be stopped.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from seamline.errors import (
        AliasedState,
        ApplicationError,
        BindError,
        ConfigError,
        ContextElsewhere,
        DeadlineExceeded,
        Deadlock,
        Denied,
        InterfaceMismatch,
        InternalError,
        InvisibleState,
        MutatedArgument,
        NotRunning,
        NotSendable,
        OutcomeUnknown,
        Overloaded,
        RemoteError,
        SeamError,
        SeamlineError,
        StartError,
        StateElsewhere,
        Unavailable,
        UsageError,
        WireError,
    )
    from seamline.rpc import cancelled, deadline

__version__ = "0.1.0"

__all__ = [
    "AliasedState",
    "ApplicationError",
    "BindError",
    "ConfigError",
    "ContextElsewhere",
    "DeadlineExceeded",
    "Deadlock",
    "Denied",
    "InterfaceMismatch",
    "InternalError",
    "InvisibleState",
    "MutatedArgument",
    "NotRunning",
    "NotSendable",
    "OutcomeUnknown",
    "Overloaded",
    "RemoteError",
    "SeamError",
    "SeamlineError",
    "StartError",
    "StateElsewhere",
    "Unavailable",
    "UsageError",
    "WireError",
    "cancelled",
    "deadline",
]


def __getattr__(name: str) -> object:
    # Late, so that a command that only reads source does not load what makes calls.
    if name in {"cancelled", "deadline"}:
        from seamline import rpc

        return getattr(rpc, name)
    if name in __all__:
        from seamline import errors

        return getattr(errors, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
