"""What runs behind a fence in the tests: the word that it is given says what it does."""

from __future__ import annotations

import os
import re
import resource
import signal
import time

from provodka.fence import LINE, OutOfTimeError, Steps


def main(steps: Steps) -> None:
    word = steps.asked.decode()
    if word == "limits":
        names = ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_CORE")
        limits = (resource.getrlimit(getattr(resource, name))[0] for name in names)
        print("printed beside it")
        steps.say(" ".join(map(str, (*limits, os.getpriority(os.PRIO_PROCESS, 0)))))
    elif word == "backtrack":
        try:
            for _ in range(3):
                steps.begin()
                steps.say("step")
            re.search("(a+)+$", "a" * 60 + "b")
        except OutOfTimeError as error:
            steps.say(error.bound)
    elif word == "grow":
        steps.say(str(len(b"x" * 10**12)))
    elif word == "chatter":
        steps.say("x" * (LINE + 1))
    elif word == "break":
        raise ValueError("the reason")
    elif word.startswith("SIG"):
        os.kill(os.getpid(), getattr(signal, word))
    else:
        steps.say(str(os.getpid()))
        time.sleep(60)
