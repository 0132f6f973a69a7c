"""`flask demo`: shows the whole flow without an optical drive."""

import click

from boz_server.demo.client import DemoError, ServerClient
from boz_server.demo.scratch import scratch_server
from boz_server.demo.story import Story

_DEFAULT_URL = "http://127.0.0.1:8000"


@click.command("demo")
@click.option("--url", help=f"Address of the server.  [default: {_DEFAULT_URL}]")
@click.option(
    "--key", envvar="BOZ_API_KEY", show_envvar=True, help="The server's key, if it has one."
)
@click.option(
    "--speed",
    type=click.FloatRange(0.1, 1000),
    default=1.0,
    show_default=True,
    help="How many times faster than the minute that people need to follow.",
)
@click.option("--serve", is_flag=True, help="Start a server for it, in a temporary folder.")
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Port for --serve; any free one if omitted."
)
def demo_command(
    url: str | None, key: str | None, speed: float, serve: bool, port: int | None
) -> None:
    """Take eight real discs through a running server, as an agent, its worker and you would.

    It needs no drive and writes no film. The server remembers the discs, so use one for trying
    things out, or let --serve start one that vanishes on Ctrl-C.
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
        # Ctrl-C is the way to stop a temporary server, but interrupts a story.
        raise SystemExit(0 if serve else 130) from None


def _serve(port: int, key: str | None, speed: float) -> None:
    """Start a temporary server, tell the story on it, and keep it up until Ctrl-C."""
    with scratch_server(port, key) as server:
        Story(ServerClient(server.url, key), speed).tell()
        click.echo(f"\nThe server stays up at {server.url} until you press Ctrl-C.")
        server.wait()
