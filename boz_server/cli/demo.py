"""`flask demo`: see the whole flow without an optical drive."""

import click

from boz_server.demo.client import DemoError, ServerClient
from boz_server.demo.scratch import scratch_server
from boz_server.demo.story import Story

_DEFAULT_URL = "http://127.0.0.1:8000"


@click.command("demo")
@click.option("--url", help=f"Address of the server.  [default: {_DEFAULT_URL}]")
@click.option(
    "--key",
    envvar="BOZ_API_KEY",
    show_envvar=True,
    help="Key that the server asks for, if it asks for one.",
)
@click.option(
    "--speed",
    type=click.FloatRange(0.1, 1000),
    default=1.0,
    show_default=True,
    help="Times faster than the minute it takes for people to follow.",
)
@click.option("--serve", is_flag=True, help="Start a server on a scratch folder for it.")
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Port for --serve, else one that is free."
)
def demo_command(
    url: str | None, key: str | None, speed: float, serve: bool, port: int | None
) -> None:
    """Take eight real discs through a running server, as an agent, its worker and you would.

    No drive is needed and no file is written. The server keeps what it is told, so choose one for
    trying things out, or let --serve start one that vanishes on Ctrl-C.
    """
    if serve and url:
        raise click.UsageError("--serve starts a server of its own: leave out --url.")
    if port and not serve:
        raise click.UsageError("--port goes with --serve; name the port in --url otherwise.")
    try:
        if serve:
            _serve(port or 0, key, speed)
        else:
            Story(ServerClient(url or _DEFAULT_URL, key), speed).tell()
    except DemoError as error:
        raise click.ClickException(error.detail) from error
    except KeyboardInterrupt:
        click.echo("\nStopped.")
        # A scratch server is meant to be stopped by Ctrl-C; a story is cut short by it.
        raise SystemExit(0 if serve else 130) from None


def _serve(port: int, key: str | None, speed: float) -> None:
    """Start a scratch server, tell the story on it, and leave it up until Ctrl-C."""
    with scratch_server(port, key) as server:
        Story(ServerClient(server.url, key), speed).tell()
        click.echo(f"\nThe server stays up at {server.url} until you press Ctrl-C.")
        server.wait()
