"""The command `gateway`."""

from gateway.cli.root import root


def main() -> None:
    """Run the command line; never returns."""
    root.main(prog_name="gateway")


if __name__ == "__main__":
    main()
