"""What one line explains, ``check`` says once."""

LIB = "ROWS = []\nclass Table:\n    pass\ndef add(x):\n    ROWS.append(x)\n    return len(ROWS)\n"


def test_a_read_is_said_where_the_state_is_named_not_where_a_variable_holds_it(read) -> None:
    web = "from app import lib\ndef page():\n    rows = lib.ROWS\n    rows.pop()\n"
    web += "    print(rows, len(rows))\n    return lib.ROWS\ndef other(rows=None):\n"
    web += "    return rows or lib.ROWS\n"

    reading = read({"app/lib.py": LIB, "app/web.py": web}, "app.lib")

    assert reading.findings("state-elsewhere") == [
        ("error", "app/web.py", line) for line in (3, 6, 8)
    ]


def test_what_many_modules_register_is_said_once(read) -> None:
    lib = "HANDLERS = {}\ndef register(function):\n    HANDLERS[function.__name__] = function\n"
    lib += "    return function\ndef run(name):\n    return HANDLERS[name]()\n"
    files = {
        f"examples/part{n}.py": "from app.lib import register\n@register\ndef one():\n    pass\n"
        for n in range(6)
    }

    reading = read({"app/lib.py": lib, **files}, "app.lib")
    (found,) = [one for one in reading.analysis.findings if one.code == "import-call"]

    assert (found.file, found.line) == ("examples/part0.py", 2)
    assert "part1.py:2, examples/part2.py:2, examples/part3.py:2 and 2 more" in found.message
