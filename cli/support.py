"""The commands of a support engineer: where is my lead, what holds it back, and the mending."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.app import DEFAULT, AsJson, ConfigFile, DryRun, app, done, journal_of
from cli.discipline import By
from cli.show import View

Open = Annotated[bool, typer.Option("--open", help="Show personal data.")]
Ids = Annotated[list[str] | None, typer.Argument(help="Ids of events, or pieces of them.", show_default=False)]

events_app = typer.Typer(help="List, show and follow events.", no_args_is_help=True)
app.add_typer(events_app, name="events")


@app.command()
def explain(
    wanted: Annotated[
        str,
        typer.Argument(
            metavar="EVENT|PHONE|EMAIL|LEAD|NUMBER",
            help="An event's id, a phone in any form, an email, a lead's address or lead:17, the number of an invoice, "
            "an order or a payment.",
        ),
    ],
    config: ConfigFile = DEFAULT,
    everything: Annotated[bool, typer.Option("--all", help="All events of the person in full.")] = False,
    show: Open = False,
    as_json: AsJson = False,
) -> None:
    """Tell why: every rule and condition with both values, every action, every call with status and time."""
    from cli.explain import explain as tell

    with journal_of(config, as_json=as_json, shown=show) as (journal, view, _):
        done(tell(journal, wanted, view, everything=everything))


@events_app.command("ls")
def list_events(
    config: ConfigFile = DEFAULT,
    phone: Annotated[str, typer.Option(help="Of the person with this phone, in any form.")] = "",
    email: Annotated[str, typer.Option(help="Of the person with this email.")] = "",
    kind: Annotated[str, typer.Option("--type", help="Of this event type.")] = "",
    channel: Annotated[str, typer.Option(help="Of this channel.")] = "",
    state: Annotated[str, typer.Option(help="In this state, or with an action in it (dead, waiting, …).")] = "",
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 50,
    show: Open = False,
    as_json: AsJson = False,
) -> None:
    """List events, newest first."""
    from cli.events import Wanted, ls

    wanted = Wanted(phone=phone, email=email, type=kind, channel=channel, state=state, limit=limit)
    with journal_of(config, as_json=as_json, shown=show) as (journal, view, _):
        done(ls(journal, wanted, view))


@events_app.command("show")
def show_event(
    wanted: Annotated[str, typer.Argument(metavar="EVENT", help="The event's id or a piece of it.")],
    config: ConfigFile = DEFAULT,
    show: Open = False,
    as_json: AsJson = False,
) -> None:
    """Show what an event holds, and the body as it was received."""
    from cli.events import show as show_one

    with journal_of(config, as_json=as_json, shown=show) as (journal, view, _):
        done(show_one(journal, wanted, view))


@events_app.command("save-as-test")
def save_as_test(
    wanted: Annotated[str, typer.Argument(metavar="EVENT", help="The event's id or a piece of it.")],
    to: Annotated[Path | None, typer.Option(help="Add it to this file; by default NAME.tests.yaml.")] = None,
    name: Annotated[str, typer.Option(help="What to call the test.")] = "",
    config: ConfigFile = DEFAULT,
    dry_run: DryRun = False,
) -> None:
    """Make a rule test of an event and of what was planned for it; persons are replaced by made-up ones."""
    from cli.save_test import Wish, save

    with journal_of(config) as (journal, view, read_config):
        done(save(journal, read_config, wanted, Wish(to, name, dry_run), view))


@events_app.command("tail")
def follow(
    config: ConfigFile = DEFAULT,
    seconds: Annotated[float | None, typer.Option(help="End after so many seconds.")] = None,
    show: Open = False,
    as_json: AsJson = False,
) -> None:
    """Follow new events and what becomes of them, until Ctrl-C."""
    from cli.tail import tail

    with journal_of(config, as_json=as_json, shown=show) as (journal, view, _):
        done(tail(journal, view, seconds=seconds))


@app.command()
def status(config: ConfigFile = DEFAULT, as_json: AsJson = False) -> None:
    """Say how the house fares; exit code 1 when something needs a person."""
    from cli.status import status as look

    with journal_of(config, as_json=as_json) as (journal, view, _):
        done(look(journal, view))


@app.command()
def discipline(
    config: ConfigFile = DEFAULT,
    since: Annotated[str, typer.Option(help="A stretch of time (7d, 12h) or a date.")] = "7d",
    by: Annotated[By, typer.Option(help="By who broke a guard, or by the guard.")] = By.PERSON,
    person: Annotated[str, typer.Option(help="Only this one: a staff key, or a login of the CRM.")] = "",
    guard: Annotated[str, typer.Option(help="Only this guard.")] = "",
    each: Annotated[bool, typer.Option("--each", help="List every violation with its event.")] = False,
    show: Open = False,
    as_json: AsJson = False,
) -> None:
    """Report who broke which guard, how often."""
    from cli.discipline import Wanted, report
    from cli.moments import ago

    with journal_of(config, as_json=as_json, shown=show) as (journal, view, read_config):
        try:
            start = ago(since, journal.now(), read_config.calendar)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--since") from error
        done(report(journal, Wanted(start, by, person, guard, each), view))


@app.command()
def resend(
    ids: Annotated[list[int] | None, typer.Argument(help="Ids of dead actions.", show_default=False)] = None,
    event: Annotated[str, typer.Option(help="The dead actions of this event.")] = "",
    all_dead: Annotated[bool, typer.Option("--all-dead", help="All dead actions.")] = False,
    reason: Annotated[str, typer.Option(help="With --all-dead: only these (rejected, exhausted).")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask about unknown outcomes.")] = False,
    config: ConfigFile = DEFAULT,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Send dead actions again, the same as they were planned."""
    from cli.mend import Chosen
    from cli.mend import resend as send

    with journal_of(config, as_json=as_json) as (journal, view, _):
        chosen = Chosen(ids=ids or (), event=event, all_dead=all_dead, reason=reason)
        done(send(journal, chosen, view, confirm=lambda text: yes or typer.confirm(text), dry_run=dry_run))


@app.command()
def resolve(
    action: Annotated[int, typer.Argument(help="The action's id.")],
    was_done: Annotated[bool, typer.Option("--done", help="It did happen.")] = False,
    not_done: Annotated[bool, typer.Option("--not-done", help="It did not happen: send it once more.")] = False,
    lead: Annotated[str, typer.Option(help="The lead that it made.")] = "",
    contact: Annotated[str, typer.Option(help="The contact that it made.")] = "",
    remote: Annotated[str, typer.Option("--remote-id", help="The id of what else it made.")] = "",
    config: ConfigFile = DEFAULT,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Settle an unknown outcome after looking into the CRM."""
    from cli.mend import resolve as settle
    from support.mending import Settlement

    settled = Settlement(done=was_done, not_done=not_done, lead=lead, contact=contact, remote=remote)
    with journal_of(config, as_json=as_json) as (journal, view, _):
        done(settle(journal, action, settled, view, dry_run=dry_run))


@app.command()
def resume(
    rule: Annotated[str, typer.Argument(help="The rule's name.")],
    drop: Annotated[bool, typer.Option("--drop", help="Cancel what was held instead of sending it.")] = False,
    config: ConfigFile = DEFAULT,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Let a rule go on that stopped itself because it would have touched too many cards."""
    from cli.resume import resume as go_on

    with journal_of(config, as_json=as_json) as (journal, view, _):
        done(go_on(journal, rule, view, drop=drop, dry_run=dry_run))


@app.command()
def undo(
    rule: Annotated[str, typer.Option(help="What this rule has done.")] = "",
    event: Annotated[str, typer.Option(help="What was done for this event.")] = "",
    imported: Annotated[str, typer.Option("--import", help="What this import has done, with all that it made.")] = "",
    since: Annotated[str, typer.Option(help="Only since then: 2d, 3h, or 2026-03-02 12:00.")] = "",
    until: Annotated[str, typer.Option(help="Only until then.")] = "",
    wait: Annotated[float, typer.Option(help="Seconds to wait for a worker that does nothing.", min=0)] = 10.0,
    config: ConfigFile = DEFAULT,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Put back what a rule has changed in the CRM, where nobody has changed it since; what stays is listed."""
    from cli.house import House
    from cli.imports.commands import undo_one
    from cli.undo import Wish, moments
    from cli.undo import undo as put_back

    with journal_of(config, as_json=as_json) as (journal, view, read_config):
        if imported:
            undo_one(read_config, imported, view, dry_run=dry_run, wait=wait)
        house = House(read_config)
        try:
            which = moments(rule, since, until, journal.now(), read_config.calendar.timezone)
            if isinstance(which, str):
                view.problem(which)
                done(2)
            done(put_back(journal, which, event, view, preview=house.would_undo, wish=Wish(dry_run, wait)))
        finally:
            house.close()


@app.command()
def replay(
    ids: Ids = None,
    failed: Annotated[bool, typer.Option("--failed", help="All events that the rules could not plan.")] = False,
    config: ConfigFile = DEFAULT,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Evaluate events again with today's rules; what exists already is not made again."""
    from cli.house import House
    from cli.replay import replay as again

    with journal_of(config, as_json=as_json) as (journal, view, read_config):
        house = House(read_config)
        try:
            done(again(journal, ids or (), view, evaluate=house.planner.again, failed=failed, dry_run=dry_run))
        finally:
            house.close()


@app.command()
def init(
    file: Annotated[Path, typer.Option("--out", help="Write the config here.")] = DEFAULT,
    client: Annotated[str | None, typer.Option(help="The client's name.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Where the client's clocks are.")] = None,
    crm_url: Annotated[str | None, typer.Option(help="Address of the CRM.")] = None,
    channels: Annotated[
        str | None, typer.Option(help="Kinds of channels: tilda, imap, mango, telegram and so on.")
    ] = None,
    mailbox: Annotated[str | None, typer.Option(help="The mailbox to watch.")] = None,
    mail_host: Annotated[str | None, typer.Option(help="Its provider (as gmail) or IMAP server.")] = None,
    staff: Annotated[list[str] | None, typer.Option(help="login [extension] [Telegram id]; may be repeated.")] = None,
    telegram: Annotated[bool | None, typer.Option(help="Tell the staff by Telegram.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: take the defaults.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Write a commented config and the list of its secrets, after a few questions."""
    from cli.init import Given
    from cli.init import init as write

    given = Given(
        client=client,
        timezone=timezone,
        crm_url=crm_url,
        channels=channels,
        mailbox=mailbox,
        mail_host=mail_host,
        staff=staff,
        telegram=telegram,
    )

    def ask(question: str, default: str) -> str:
        answer: str = default if yes else typer.prompt(question, default=default)
        return answer

    done(write(file, given, View.standard(), question=ask, force=force, dry_run=dry_run))
