"""seamline.testing: what hosts warn of, log and print is said by the caller, in tests."""

import math

import pytest

from seamline.errors import WireError
from seamline.rpc.dispatch import told
from seamline.rpc.hearing import MOST_CHARS, MOST_HEARD, Told, say_again
from seamline.rpc.travel import split_meta
from seamline.wire import Cut, Escaped, Logged, Printed, Warned, unescape

STOCK = '''
    """Every function touches the state, so that it runs on its host."""
    import logging
    import os
    import sys
    import warnings

    log = logging.getLogger("shop.stock")
    STOCK = {"tea": 10}

    class Rare(UserWarning):
        """A warning of two arguments."""

    def old():
        STOCK["tea"] -= 1
        warnings.warn("use new", DeprecationWarning)
        return os.getpid()

    def older():
        STOCK["tea"] -= 1
        warnings.warn("use old", DeprecationWarning, stacklevel=2)
        return os.getpid()

    def rare():
        STOCK["tea"] -= 1
        warnings.warn(Rare("tea", 3))

    def count(name):
        STOCK[name] -= 1
        log.info("counting %s", name)
        log.warning("few of %s: %d left", name, 3, extra={"shelf": "b"})
        print("counted", name)
        print("badly", file=sys.stderr)
        warnings.warn("counted")
        return os.getpid()

    def fail():
        STOCK["tea"] -= 1
        try:
            1 / 0
        except ZeroDivisionError:
            log.exception("it failed")
        raise ValueError("no")

    def many():
        STOCK["tea"] -= 1
        for number in range(5000):
            log.warning("%d", number)

    def steps():
        for number in range(2):
            STOCK["tea"] -= 1
            log.warning("step %d", number)
            yield number

    class Kept(logging.Handler):
        def __init__(self):
            super().__init__()
            self.seen = []
        def emit(self, record):
            self.seen.append(record.getMessage())

    KEPT = Kept()
    log.addHandler(KEPT)

    def keep() -> tuple[int, list[str]]:
        STOCK["tea"] -= 1
        mine = Kept()
        log.addHandler(mine)
        log.warning("kept")
        log.removeHandler(mine)
        return os.getpid(), mine.seen

    def kept() -> list[str]:
        STOCK["tea"] -= 1
        return KEPT.seen[:]

    def to_a_file(path):
        STOCK["tea"] -= 1
        handler = logging.FileHandler(path)
        log.addHandler(handler)
        log.warning("once")
        log.removeHandler(handler)
        handler.close()
        return os.getpid()

    def odd():
        STOCK["tea"] -= 1
        log.warning("file %s", "\\udcff")
        warnings.warn("\\udcfe")
        return os.getpid()

    def in_pieces():
        STOCK["tea"] -= 1
        for number in range(5000):
            sys.stdout.write("x")

    def detailed():
        STOCK["tea"] -= 1
        before = log.level
        log.setLevel(logging.DEBUG)
        log.debug("detail")
        log.setLevel(before)
        return os.getpid()

    def named():
        STOCK["tea"] -= 1
        log.warning("%(what)s: %(left)d", {"what": "tea", "left": 2})
        return os.getpid()

    class Priced(UserWarning):
        def __init__(self, price):
            super().__init__("too much")
            self.price = price

    def priced():
        STOCK["tea"] -= 1
        warnings.warn(Priced(7))
        return os.getpid()

    async def later():
        STOCK["tea"] -= 1
        log.warning("later")
        return os.getpid()
'''


@pytest.fixture
def shop(suite):
    """One package that says a lot, and a caller of it which is elsewhere, too."""
    suite.write("shop/stock.py", STOCK)
    suite.write("shop/web.py", "")
    suite.write(
        "shop/orders.py",
        """
        from shop import stock
        PLACED = []
        def place():
            PLACED.append(1)
            return stock.older()
        def to_a_file(path):
            PLACED.append(1)
            return stock.to_a_file(path)
        """,
    )
    suite.write(
        "seamline.toml",
        "[services.stock]\npackage = 'shop.stock'\n[services.orders]\npackage = 'shop.orders'",
    )
    return suite


HEARING = """
    import asyncio, logging, os, pathlib, warnings
    HERE = os.getpid()

    @pytest.mark.filterwarnings("default")
    def test_a_warning_is_seen_where_it_is_about():
        with pytest.warns(DeprecationWarning, match="use new") as seen:
            assert stock.old() != HERE
        (one,) = seen
        assert one.filename == stock.__file__
        assert "use new" in pathlib.Path(one.filename).read_text().splitlines()[one.lineno - 1]

    @pytest.mark.filterwarnings("default")
    def test_a_warning_about_the_caller_names_its_line():
        with pytest.warns(DeprecationWarning, match="use old") as seen:
            stock.older(); line = LINE()
        assert (seen[0].filename, seen[0].lineno) == (__file__, line)

    def LINE():
        import sys
        return sys._getframe(1).f_lineno

    @pytest.mark.filterwarnings("default")
    def test_a_warning_over_two_seams():
        with pytest.warns(DeprecationWarning, match="use old") as seen:
            assert orders.place() != HERE
        assert seen[0].filename == orders.__file__

    def test_a_warning_keeps_its_class_and_its_arguments():
        with pytest.warns(stock.Rare) as seen:
            stock.rare()
        assert seen[0].message.args == ("tea", 3)

    def test_a_warning_that_is_an_error_is_raised():
        with pytest.raises(DeprecationWarning, match="use old"):
            stock.older()

    @pytest.mark.filterwarnings("error")
    def test_warnings_are_errors_by_a_filter_that_names_a_module():
        with warnings.catch_warnings():
            warnings.filterwarnings("default")
            warnings.filterwarnings("error", module="test_shop|tests.test_shop")
            with pytest.raises(DeprecationWarning, match="use old"):
                stock.older()

    def test_an_ignored_warning_is_not_seen():
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("ignore")
            stock.old()
        assert not seen

    @pytest.mark.filterwarnings("default")
    def test_each_place_warns_once_a_test():
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("default")
            stock.old()
            stock.old()
        assert len(seen) == 1

    @pytest.mark.filterwarnings("ignore")
    def test_records_are_seen_in_order_at_their_level(caplog):
        caplog.set_level(logging.INFO)
        assert stock.count("tea") != HERE
        assert caplog.record_tuples == [
            ("shop.stock", logging.INFO, "counting tea"),
            ("shop.stock", logging.WARNING, "few of tea: 3 left"),
        ]
        record = caplog.records[1]
        assert (record.args, record.shelf, record.pathname) == (("tea", 3), "b", stock.__file__)
        assert (record.funcName, record.levelname) == ("count", "WARNING")

    @pytest.mark.filterwarnings("ignore")
    def test_the_level_is_what_it_was_in_the_next_test(caplog):
        stock.count("tea")
        assert [record.levelname for record in caplog.records] == ["WARNING"]

    @pytest.mark.filterwarnings("ignore")
    def test_printed_text_is_seen(capsys):
        stock.count("tea")
        assert capsys.readouterr() == ("counted tea\\n", "badly\\n")

    def test_a_record_comes_before_the_exception(caplog):
        with pytest.raises(ValueError, match="no"):
            stock.fail()
        assert "ZeroDivisionError" in caplog.text

    def test_what_is_too_much_stays_there(caplog):
        with pytest.warns(RuntimeWarning, match="1,000 in number") as seen:
            stock.many(); line = LINE()
        assert len(caplog.records) == 1000
        assert (seen[0].filename, seen[0].lineno) == (__file__, line)

    def test_text_in_many_pieces_is_whole(capsys):
        stock.in_pieces()
        assert capsys.readouterr().out == "x" * 5000

    def test_a_handler_of_the_host_is_called(caplog):
        pid, seen = stock.keep()
        assert (pid != HERE, seen, caplog.messages) == (True, ["kept"], ["kept"])
        assert stock.kept()[-1] == "kept"

    def test_a_file_is_written_once(tmp_path, caplog):
        path = str(tmp_path / "log")
        here = logging.FileHandler(path)
        stock.log.addHandler(here)
        assert stock.to_a_file(path) != HERE
        stock.log.removeHandler(here)
        here.close()
        assert pathlib.Path(path).read_text() == "once\\n"
        assert caplog.messages == ["once"]

    def test_a_file_is_written_once_over_two_seams(tmp_path, caplog):
        path = str(tmp_path / "log")
        assert orders.to_a_file(path) != HERE
        assert pathlib.Path(path).read_text() == "once\\n"
        assert caplog.messages == ["once"]

    def test_lone_surrogates_survive(caplog):
        with pytest.warns(UserWarning, match="\\udcfe"):
            assert stock.odd() != HERE
        assert caplog.messages == ["file \\udcff"]

    def test_a_level_of_the_call_is_the_hosts_to_decide(caplog):
        assert stock.detailed() != HERE
        assert caplog.messages == ["detail"]

    def test_arguments_by_name_are_kept(caplog):
        assert stock.named() != HERE
        assert caplog.messages == ["tea: 2"]
        assert caplog.records[0].args == {"what": "tea", "left": 2}

    def test_a_warning_keeps_its_attributes():
        with pytest.warns(stock.Priced, match="too much") as seen:
            assert stock.priced() != HERE
        assert seen[0].message.price == 7

    def test_records_come_with_their_step(caplog):
        seen = []
        for number in stock.steps():
            seen.append((number, [record.message for record in caplog.records][-1]))
        assert seen == [(0, "step 0"), (1, "step 1")]

    def test_coroutines_are_heard(caplog):
        assert asyncio.run(stock.later()) != HERE
        assert caplog.messages == ["later"]
"""


@pytest.mark.processes
def test_what_hosts_say_is_said_by_the_tests_process(shop):
    shop.tests(HEARING)

    outcome = shop.run("micro", "tests/test_shop.py")

    assert outcome.counts == {"passed": 23}, outcome.text
    assert "local" not in outcome.text


def test_text_that_is_printed_in_pieces_is_sent_as_one():
    said = Told()

    assert all(map(said.add, (Printed("a"), Printed("\n"), Printed("b", is_error=True))))

    assert heard(said) == (Printed("a\n"), Printed("b", is_error=True))


def test_any_number_of_pieces_is_one_text():
    said = Told()

    assert all(said.add(Printed("x")) for _ in range(MOST_HEARD * 5))

    assert heard(said) == (Printed("x" * MOST_HEARD * 5),)


def test_nothing_goes_through_after_the_first_that_is_too_much():
    said = Told()
    assert said.add(Printed("a"))
    assert not said.add(Printed("x" * MOST_CHARS))
    assert not said.add(Printed("b"))

    assert heard(said) == (Printed("a"), Cut())
    assert heard(said) == ()


def test_lone_surrogates_go_both_ways():
    said = Told()
    record = Logged("shop", 30, "\udcff", ("\udcfe", 1), "shop.py", 1, "f")
    assert said.add(record)
    assert said.add(Warned(("builtins:UserWarning",), ("\udcfd", math.inf), "f.py", 1))
    assert said.add(Printed("\udcfc"))

    assert tuple(map(unescape, heard(said))) == (
        record,
        Warned(("builtins:UserWarning",), ("\udcfd", math.inf), "f.py", 1),
        Printed("\udcfc"),
    )


@pytest.mark.parametrize("text", ["{", '["x"]', "[" * 100_000, '["e", "x"]', '["l", 1]'])
def test_escaped_text_that_no_host_says_is_refused(text):
    with pytest.raises(WireError, match="cannot be read"):
        say_again((Escaped(text),))


def heard(said: Told):
    """Return what an answer takes along."""
    _, flags, body = said.put_before((0, 0, b""))
    return split_meta(flags, body)[0].heard


def test_what_is_said_after_the_answer_stays_on_the_host():
    said, answer = Told(), (0, 0, b"")
    assert said.add(Printed("before"))

    _, flags, body = told(said, answer)

    assert split_meta(flags, body)[0].heard == (Printed("before"),)
    assert not said.add(Printed("after"))
    assert told(said, answer) == answer


def test_more_than_the_limit_is_refused_by_both_sides():
    record = Logged("shop", 30, "text", None, "shop.py", 1, "f")
    said = Told()

    assert [said.add(record) for _ in range(MOST_HEARD + 1)][-2:] == [True, False]
    assert heard(said) == (*[record] * MOST_HEARD, Cut())
    assert not Told().add(Printed("x" * 1_000_000))
    with pytest.raises(WireError, match="1001 warnings and log records"):
        say_again((record,) * (MOST_HEARD + 1))


def test_a_peer_chooses_no_class_that_is_no_loaded_warning():
    said = Warned(("os:system", "nowhere:Nothing", "builtins:UserWarning"), ("text",), "f.py", 1)

    with pytest.warns(UserWarning, match="text") as seen:
        say_again((said,))

    assert type(seen[0].message) is UserWarning
