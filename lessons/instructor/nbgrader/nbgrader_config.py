"""nbgrader's settings for lessons of transferlab: `nbgrader` reads this file in the folder that it is called in."""

import os

c = get_config()  # noqa: F821 - nbgrader gives it

c.CourseDirectory.course_id = "transferlab"
c.ClearSolutions.code_stub = {"python": "...  # your code"}  # nbgrader's own raises an error, which nobody can read
c.Execute.timeout = 600  # seconds a cell; nbgrader's own 30 are too few where a network trains
os.environ["TRANSFERLAB_PROGRESS"] = os.devnull  # a grader is no student: what is graded here is noted nowhere
