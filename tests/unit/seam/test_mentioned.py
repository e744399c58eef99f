"""seamline.seam.mentioned: requests that leave with their caller what a function would read."""

import functools
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

import django.conf
import pytest
from django.test import RequestFactory

from seamline.errors import ContextElsewhere
from seamline.interface import Kind
from seamline.plan import Limits
from seamline.rpc import Arguments, Target
from seamline.rpc.model import Stay
from seamline.rpc.outgoing import Outgoing
from seamline.seam.mentioned import Mentioned
from seamline.wire import Codec, TypeTable

if not django.conf.settings.configured:
    django.conf.settings.configure()
project = object()  # a global of that name is no attribute


def reads(request: Any) -> Any:
    return request.project.name


def asks(request: Any) -> Any:
    return getattr(request, "project", None)


def reads_inside(request: Any) -> Any:
    return [request.project for _ in range(3)]


def calls(request: Any) -> Any:
    return around(request)


@functools.wraps(reads)
def around(request: Any) -> Any:
    return reads(request)


util = ModuleType("util")
util.title = reads  # type: ignore[attr-defined]
package = ModuleType("package")
package.util = util  # type: ignore[attr-defined]


def calls_of_a_module(request: Any) -> Any:
    return util.title(request)


def calls_of_a_module_in_a_package(request: Any) -> Any:
    return package.util.title(request)


class Base:
    def __init__(self, request: Any) -> None:
        self.name = request.project.name


class Page(Base):
    def __init__(self, request: Any) -> None:
        super().__init__(request)
        self.path = request.path


class Lazy:
    def __init__(self, request: Any) -> None:
        self.request = request

    def title(self) -> Any:
        return self._of_project()

    def _of_project(self) -> Any:
        return self.request.project

    def unused(self) -> Any:
        return self.request.owner


def makes(request: Any) -> Any:
    return Page(request)


def makes_and_calls(request: Any) -> Any:
    return Lazy(request).title()


def only_makes(request: Any) -> Any:
    return Lazy(request)


def reads_another(request: Any) -> Any:
    return request.path, project


def outgoing(function: Callable[..., Any], **attributes: object) -> Outgoing:
    assert isinstance(function, FunctionType)
    request = RequestFactory().get("/")
    vars(request).update(attributes)
    target = Target(
        "shop", "shop:show@1", Kind.SYNC, "", Codec(TypeTable([])), parameters=("request",),
        stays=True, asks=Mentioned(function),
    )  # fmt: skip
    return Outgoing(target, Arguments((request,)), True, Limits())


@pytest.mark.parametrize("function",
    [
        reads, asks, reads_inside, calls, calls_of_a_module, calls_of_a_module_in_a_package, makes,
        makes_and_calls, Lazy._of_project, Lazy.title,
    ],
)  # fmt: skip
def test_a_call_stays_whose_request_cannot_take_along_what_the_function_reads(
    function: Callable[..., Any],
) -> None:
    with pytest.raises(Stay) as stayed:
        outgoing(function, project=object())

    assert isinstance(stayed.value.__cause__, ContextElsewhere)
    assert "mentions project of a request" in str(stayed.value.__cause__)


def test_other_calls_cross() -> None:
    assert outgoing(reads_another, project=object()).body
    assert outgoing(reads, project="shop").body
    assert outgoing(reads, other=object()).body
    assert outgoing(only_makes, project=object()).body
    assert outgoing(makes_and_calls, owner=object()).body


def test_what_an_earlier_request_left_is_no_matter() -> None:
    outgoing(reads, other=object(), project="shop")
    with pytest.raises(Stay):
        outgoing(reads, project=object())

    assert outgoing(reads).body
