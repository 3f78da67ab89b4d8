"""Deadlines of a request and of a process, in one place because each must leave time for the next.

| constant | seconds | counted from | when it has passed |
| --- | --- | --- | --- |
| ``START_SECONDS`` | 3 | work enters a queue | work that has not started is refused: ``Overloaded``, HTTP 429 |
| ``ANSWER_SECONDS`` | 9 | work enters a queue | the client gets ``TooExpensive``, HTTP 422 |
| ``FINISH_SECONDS`` | 9 | a stopping server takes no more requests | requests in progress are cancelled |
| ``CLOSE_SECONDS`` | 2 | the end of ``FINISH_SECONDS`` | connections are cut |
| ``END_SECONDS`` | 13.5 | a stopping server takes no more requests | the process exits |

Work of the service itself, for no client, has no deadline.
"""

START_SECONDS = 3.0
ANSWER_SECONDS = FINISH_SECONDS = 9.0
CLOSE_SECONDS = 2
END_SECONDS = FINISH_SECONDS + CLOSE_SECONDS + 2.5
