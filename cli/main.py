"""The `steadfast` command: its sub-commands, and nothing of what they do."""

import typer

from cli import (
    commands_data,
    commands_duty,
    commands_insight,
    commands_people,
    commands_processes,
    commands_replay,
    commands_rules,
    commands_sharing,
    commands_texts,
    commands_thresholds,
    commands_up,
)

app = typer.Typer(
    name="steadfast",
    help="Follows up missed perinatal and health-visiting appointments until the child has been seen.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its frames would print local values, which can be a family's
)
for part in (commands_up, commands_processes, commands_data, commands_insight, commands_replay):
    part.register(app)
app.add_typer(commands_rules.app, name="pathways")
app.add_typer(commands_thresholds.app, name="thresholds")
app.add_typer(commands_people.users, name="users")
app.add_typer(commands_people.teams, name="teams")
app.add_typer(commands_data.sources, name="sources")
app.add_typer(commands_duty.app, name="duty")
app.add_typer(commands_texts.app, name="texts")
app.add_typer(commands_sharing.app, name="sharing")


def main() -> None:
    """Run the command line; the entry point of the installed script."""
    app()


if __name__ == "__main__":
    main()
