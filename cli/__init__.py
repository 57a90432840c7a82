"""The command `provodka`."""


def main() -> None:
    """The entry point; the application is imported here, so that `import cli` stays cheap."""
    import cli.main  # noqa: F401 -- mounts the commands
    from cli.app import app

    app()
