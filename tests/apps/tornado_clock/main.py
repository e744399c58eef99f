"""``python -m main`` serves the clock."""

import asyncio
import os

import tornado.web

import alarms
from clock import zones


class Index(tornado.web.RequestHandler):
    def get(self):
        number = alarms.set_alarm("tea", zones.shift("09:30", "+05:45"))
        self.write({"number": number, "alarms": alarms.pending()})


def make_app():
    return tornado.web.Application([(r"/", Index)])


async def main():
    make_app().listen(int(os.environ.get("PORT", "8080")), address="127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
