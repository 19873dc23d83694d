"""What spark-submit starts: the console script, as a file. Arguments: JOB and its own."""

import sys

from jobs.cli import main

sys.exit(main())
