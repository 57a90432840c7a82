"""The commands that do the work: check, test, schema, sandbox, demo. Others: `cli.server`, `support`, `reports`."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

import cli.imports.commands
import cli.onec
import cli.reports
import cli.server
import cli.support  # noqa: F401 -- all five mount their commands
from cli.app import DEFAULT, AsJson, ConfigFile, DryRun, app, clear_words, done, journal_of, opened, out, seen_at


@app.command()
def check(
    config: ConfigFile = DEFAULT,
    online: Annotated[bool, typer.Option("--online", help="Ask the accounts too.")] = False,
    create: Annotated[bool, typer.Option("--create", help="With --online: make the service field in the CRM.")] = False,
    channel: Annotated[
        str, typer.Option(help="With --online: connect this channel alone, and wait for its first event.")
    ] = "",
    wait: Annotated[float, typer.Option(help="With --channel: seconds to wait for the event.", min=1)] = 120.0,
    as_json: AsJson = False,
) -> None:
    """Name every mistake of a config before the start (exit code 2), and what the accounts lack (1)."""
    from cli import check as checking

    with clear_words():
        code = checking.check(config, out, online=online, create=create, as_json=as_json, channel=channel)
        if channel and not code:
            code = _first_event(config, channel, wait, online=online)
        done(code)


@app.command()
def learn(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The body of a form as it was sent.")],
    channel: Annotated[str, typer.Option(help="What the channel will be called.")] = "form",
    title: Annotated[str, typer.Option(help="What the form is called, where the body does not say it.")] = "Заявка",
    show: Annotated[bool, typer.Option("--open", help="Show personal data.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read a sample body (JSON, XML, form data) and propose the settings of a channel `form` for it, proved on it."""
    from cli.learn import lesson
    from cli.show import View

    done(lesson(file, channel, title, View.standard(as_json=as_json, opened=show)))


def _first_event(config: Path, channel: str, wait: float, *, online: bool) -> int:
    from cli.first_event import first_event
    from cli.house import House

    if not online:
        raise typer.BadParameter("needs --online", param_hint="--channel")
    house = House(opened(config))
    try:
        return first_event(house, channel, out, wait=wait)
    finally:
        house.close()


@app.command()
def connect(
    config: ConfigFile = DEFAULT,
    public_url: Annotated[
        str | None, typer.Option(help="Where the product is seen from outside, instead of server.public_url.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the registration back.")] = False,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the event that proves it.", min=1)] = 60.0,
    dry_run: DryRun = False,
) -> None:
    """Register our webhook in the CRM, make the service field, and prove that events come back."""
    from cli import connect as connecting
    from cli.house import House

    with clear_words():
        house = House(seen_at(opened(config), public_url))
        try:
            done(connecting.connect(house, out, remove=remove, wish=connecting.Wish(dry_run, wait)))
        finally:
            house.close()


@app.command("test")
def rule_tests(
    config: ConfigFile = DEFAULT,
    only: Annotated[str, typer.Option("-k", metavar="NAME", help="Only tests with this in their name.")] = "",
    as_json: AsJson = False,
) -> None:
    """Run the tests of the rules that stand in the config and beside it; exit code 1 when one fails."""
    from cli.rule_tests import run as run_tests
    from cli.show import View

    done(run_tests(opened(config, as_json=as_json), View.standard(as_json=as_json), only))


@app.command()
def plan(
    since: Annotated[str, typer.Option(help="From then on: 30d, 12h, or a date and time.")],
    config: ConfigFile = DEFAULT,
    until: Annotated[str, typer.Option(help="Before then; by default now.")] = "",
    rule: Annotated[str, typer.Option(help="Only what concerns this rule, by its new or old name.")] = "",
    limit: Annotated[int, typer.Option(help="Show so many events.", min=0)] = 20,
    show: Annotated[bool, typer.Option("--open", help="Show personal data.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run the events on record through this config and tell what would be done otherwise; nothing is done."""
    from cli.plan import Question
    from cli.plan import plan as compare

    with journal_of(config, as_json=as_json, shown=show) as (journal, view, read):
        done(compare(journal, read, Question(since, until, rule, limit), view))


@app.command()
def password(
    stdin: Annotated[bool, typer.Option("--stdin", help="Read it as one line from standard input.")] = False,
    login: Annotated[str, typer.Option(help="The name to sign in with.")] = "olga",
) -> None:
    """Print the hash of a password, and the lines of config that let somebody into the console."""
    from cli.password import password as hashed

    done(hashed(login, from_input=stdin))


@app.command()
def schema() -> None:
    """Print the JSON Schema of a config, for editors."""
    from cli import check as checking

    done(checking.schema(out))


@app.command()
def sandbox(
    port: Annotated[
        int,
        typer.Option(
            help="Base of the ports: amoCRM, Bitrix24, 1C at +1, +2, +3, Telegram, mail, senders, OpenID to +8."
        ),
    ] = 8900,
    state: Annotated[Path | None, typer.Option(help="Keep what the emulators hold in this folder.")] = None,
    seed: Annotated[Path | None, typer.Option(help="Start new accounts from this YAML file.")] = None,
    like: Annotated[Path | None, typer.Option(help="Start as a twin of the account that this config names.")] = None,
    save: Annotated[Path | None, typer.Option(help="With --like: keep the twin's seed in this file.")] = None,
    onec: Annotated[str, typer.Option(help="What 1C is: bp, ut, unf or erp.")] = "bp",
) -> None:
    """Serve the emulators alone, to rehearse a client's config."""
    if (like and seed) or (save and not like):
        raise typer.BadParameter("--like and --seed exclude each other, and --save needs --like")
    with TemporaryDirectory() as folder:
        if like:
            from cli import like as twins

            seed = save or Path(folder) / "seed.yaml"
            with clear_words():
                if code := twins.write_seed(opened(like), seed, out):
                    done(code)
        from sandbox.__main__ import main as serve

        given = {"--state": state, "--seed": seed}
        paths = [word for name, path in given.items() if path for word in (name, str(path))]
        done(serve(["--port", str(port), "--onec", onec, *paths]))


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Play the scenes, check the CRM, and end.")] = False,
    folder: Annotated[Path, typer.Option(help="Where journal and emulators keep their state.")] = Path("var/demo"),
    port: Annotated[int, typer.Option(help="Where the product serves.")] = 8080,
    sandbox_port: Annotated[int, typer.Option(help="Base of the emulators' ports.")] = 8900,
    onec: Annotated[str, typer.Option(help="A sale through 1C too: odata, http, soap or commerceml.")] = "",
) -> None:
    """Watch a form, a letter and a call become leads, and with --onec a lead become a sale."""
    from cli import demo as playing
    from cli.demo_onec import ROADS

    if onec and onec not in ROADS:
        raise typer.BadParameter(f"no such road: {', '.join(ROADS)}", param_hint="--onec")
    with clear_words():
        done(playing.demo(folder, out, once=once, port=port, sandbox_port=sandbox_port, onec=onec))
