"""Orders, which ask the stock, which asks the orders."""

from depot import stock

_open = {"nails": 1}


def open_for(name):
    return _open.get(name, 0)


def check(name):
    return stock.ask_back(name)
