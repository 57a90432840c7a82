"""`provodka resume`: let a rule that has stopped itself go on, with what was held or without it."""

from __future__ import annotations

import shlex

from cli.show import Exit, View, counted, one_line
from provodka.journal import Journal, brakes
from provodka.wording import did_you_mean


def command(rule: str) -> str:
    """What to type to let it go on."""
    return f"provodka resume {shlex.quote(one_line(rule))}"


def resume(journal: Journal, rule: str, view: View, *, drop: bool = False, dry_run: bool = False) -> int:
    """Release the held actions of a rule in their order, or cancel them (`drop`); its count begins anew.

    Ends with 1 where no such rule is stopped. With `--json` it prints `{dry_run, rule, drop, actions}`.
    """
    stopped = {one.rule: one for one in journal.read(brakes.stopped)}
    now = journal.now()
    if rule in stopped and not dry_run:
        moved = journal.write(lambda c: brakes.resume(c, rule, now, drop=drop))
        journal.new_actions.set()
    else:
        moved = stopped[rule].held if rule in stopped else None
    if moved is None:
        others = did_you_mean(rule, list(stopped)) if stopped else "no rule is"
        view.problem(f"rule «{one_line(rule)}» is not stopped", others)
        return Exit.PROBLEM
    if view.as_json:
        view.json({"dry_run": dry_run, "rule": rule, "drop": drop, "actions": moved})
        return Exit.FINE
    what = "cancelled" if drop else "released, in their order"
    done = f"would be {what} (dry run: nothing was done)" if dry_run else what
    view.print(f"rule «{one_line(rule)}»: {counted(moved, 'held action')} {done}")
    return Exit.FINE
