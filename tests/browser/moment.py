"""Send the monthly reports that are due at a moment which a test names, as a layout's command.

Moments come in through one pipe of the instance directory, and by another go out the numbers of
reports.
"""

import signal
from datetime import datetime

from longrun import db, jobs

if __name__ == "__main__":
    # It waits for a line most of the time, and then has nothing to finish.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    while True:
        asked = (db.instance_dir() / "moment").read_text("ascii")
        sent = 0
        while jobs.monthly_reports(datetime.fromisoformat(asked)):
            sent += 1
        (db.instance_dir() / "sent").write_text(str(sent), "ascii")
