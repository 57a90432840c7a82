"""The command `provodka`."""


def main() -> None:
    """The entry point; the application is imported here, so that `import cli` stays cheap."""
    from cli.main import app

    app()
