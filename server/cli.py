"""The `offrecord` command: serve, verify, doctor, audit, policy, manifest, config, version.

More is in `commands`.

Exit codes: 0 done, 1 a check failed, 2 the installation or the command line must change.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable, Coroutine
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from server import public_url
from server.commands import access_log, backup, drain, hold, operator, overview, reading, subject, webhooks
from server.commands.options import ConfigPath
from server.config import Config, ConfigError, load
from server.errors import OperatorError
from server.options import ServeOptions, check_usable, for_development, for_local_network, with_ports

app = typer.Typer(
    name="offrecord",
    help="A conferencing server that does not, and is not able to, keep the media it forwards.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
config_app = typer.Typer(help="The configuration file.", no_args_is_help=True)
app.add_typer(config_app, name="config")
policy_app = typer.Typer(help="The privacy policy, and whether it is kept.", no_args_is_help=True)
app.add_typer(policy_app, name="policy")
reading.add_to(app)
overview.add_to(app)
access_log.add_to(app)
operator.add_to(app)
backup.add_to(app)
hold.add_to(app)
drain.add_to(app)
app.add_typer(subject.app, name="subject")
app.add_typer(webhooks.app, name="webhooks")

LevelName = Literal["full", "reduced", "none"]
HttpPort = Annotated[
    int | None, typer.Option(min=0, max=65535, help="HTTP and WebSocket port; 0 lets the system choose.")
]
UdpPort = Annotated[
    int | None, typer.Option(min=0, max=65535, help="First media port; 0 lets the system choose.")
]


@app.command()
def serve(
    *,
    dev: Annotated[
        bool, typer.Option("--dev", help="This machine only: key `devkey`, secret `secret`, guests welcome.")
    ] = False,
    lan: Annotated[
        bool, typer.Option("--lan", help="The local network over HTTPS: prints addresses and a QR code.")
    ] = False,
    config: ConfigPath = None,
    http_port: HttpPort = None,
    udp_port: UdpPort = None,
) -> None:
    """Start the server. SIGTERM or Ctrl-C: participants are told, everything closes. SIGUSR1: see drain."""
    if dev and lan:
        raise OperatorError(
            "--dev and --lan exclude each other: one is for this machine, one for the network"
        )
    options = serve_options(
        load(config), dev=dev, lan=lan, http_port=http_port, udp_port=udp_port, directory=Path()
    )
    asyncio.run(_everything()(options.config, options))


def _everything() -> Callable[[Config, ServeOptions], Coroutine[Any, Any, None]]:
    """What serves, with all that it imports. None of that is garbage ever: it is neither looked through while
    it comes, a tenth of a start, nor whenever the oldest objects are, which holds up everybody for 70 ms."""
    gc.disable()
    from server.app import serve as serve_app

    gc.freeze()
    gc.enable()
    return serve_app


def serve_options(
    config: Config, *, dev: bool, lan: bool, http_port: int | None, udp_port: int | None, directory: Path
) -> ServeOptions:
    """The mode applied. `directory` is what a relative `http.lan_certificates` is relative to.

    Raises ConfigError when the result could not serve.
    """
    config = with_ports(config, http_port, udp_port)
    addresses: tuple[str, ...] = ()
    picture = ""
    if dev:
        config = for_development(config)
    elif lan:
        from server import lan as network

        if not config.http.port:
            raise ConfigError("--lan prints an address to type: give it a port with --http-port or http.port")
        local = network.local_addresses()
        if not local:
            raise ConfigError("this machine has no address on a network; --dev serves this machine alone")
        files = network.certificate_for(local, directory / config.http.lan_certificates)
        config = for_local_network(config, files.certificate, files.key, network.access_key(), local)
        addresses = network.https_addresses(local, config.http.port)
        picture = network.qr_code(addresses[0])
    check_usable(config, dev=dev)
    if config.http.public_url:
        addresses = (public_url.for_pages(config.http.public_url),)
    return ServeOptions(config=config, dev=dev, lan=lan, addresses_to_print=addresses, qr_code=picture)


@app.command()
def verify(
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="The report as JSON; progress goes to standard error.")
    ] = False,
    matrix: Annotated[
        bool, typer.Option("--matrix", help="Also each layer alone, and the lock without each; a minute.")
    ] = False,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="This attack alone; may be repeated.")
    ] = None,
    list_names: Annotated[bool, typer.Option("--list", help="Name the attacks and leave.")] = False,
    host_settings: Annotated[
        bool,
        typer.Option(
            "--host-settings", help="Also what changes a setting of this machine for a moment, as root."
        ),
    ] = False,
) -> None:
    """Attack a disposable relay from inside, with and without the lock, and report what held."""
    from server.verify import run, show

    if list_names:
        show.listing(run.names())
        return
    wanted = run.Wanted(tuple(only or ()), matrix, host_settings)
    raise typer.Exit(run.main(wanted, json=as_json))


@app.command()
def audit(
    url: Annotated[str, typer.Argument(help="The server's address, such as https://meet.example.")],
    *,
    manifest: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The release's manifest, for the digests.")
    ] = None,
    level: Annotated[LevelName, typer.Option(help="The least that is accepted.")] = "full",
    ca: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Certificates to believe, as `serve --lan` makes.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The findings as JSON.")] = False,
) -> None:
    """Check a running server from outside. Exit code 0: all as demanded, 1: not so, 2: no answer."""
    from server.audit.run import main as audit_main

    raise typer.Exit(audit_main(url, manifest, level, ca, as_json=as_json))


@app.command()
def manifest(
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it there.")] = None,
) -> None:
    """Print the digests of this release, to audit servers against."""
    from server.audit.run import write_manifest

    write_manifest(out)


@app.command()
def doctor(
    *,
    dev: Annotated[bool, typer.Option("--dev", help="For `serve --dev`: no key, no HTTPS.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The findings as JSON.")] = False,
    config: ConfigPath = None,
) -> None:
    """Say what this host lacks for level full, and what to do, before anything is started.

    Exit codes: 0 level full is possible, 1 a lower level is, 2 nothing can be served as it is.
    """
    from server.doctor.run import main as doctor_main

    found = load(config)
    raise typer.Exit(doctor_main(for_development(found) if dev else found, dev=dev, json=as_json))


@policy_app.command("init")
def policy_init(
    path: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("policy.toml"),
    config: ConfigPath = None,
) -> None:
    """Write a policy that fits this server, to be completed by whoever answers for it."""
    from server.policy.run import write_template

    write_template(load(config), path)


@policy_app.command("check")
def policy_check(
    *,
    url: Annotated[
        str | None, typer.Option(help="The running server; that of the configuration if left out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Every clause as JSON.")] = False,
    config: ConfigPath = None,
) -> None:
    """Say of every promise whether the running server keeps it. Exit code 0: all, 1: not all."""
    from server.policy.run import main as policy_main

    raise typer.Exit(policy_main(load(config), url, json=as_json))


@policy_app.command("record")
def policy_record(
    *,
    url: Annotated[
        str | None, typer.Option(help="The running server; that of the configuration if left out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The record as JSON.")] = False,
    config: ConfigPath = None,
) -> None:
    """Print this server's record of processing activities (GDPR, art. 30), to be completed."""
    from server.policy.run import write_record

    write_record(load(config), url, json=as_json)


@config_app.command()
def check(
    path: Annotated[Path | None, typer.Argument(help="The file; ./config.toml if left out.")] = None,
) -> None:
    """Say whether the file can be served with. Unknown and unused settings are refused."""
    check_usable(load(path), dev=False)
    typer.echo("The configuration is good.")


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(f"offrecord {_version()}")


def _version() -> str:
    try:
        return package_version("offrecord")
    except PackageNotFoundError:
        return "(not installed)"


def main() -> None:
    """Entry point: an OperatorError is a message, not a traceback."""
    try:
        app()
    except OperatorError as error:
        typer.echo(f"offrecord: {error}", err=True)
        sys.exit(2)
