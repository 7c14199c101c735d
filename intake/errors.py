"""The errors of the intake. All of them mean: nothing of this file was stored."""


class UnusableInput(Exception):
    """The file, its mapping or the way they were asked for can't be used; show the text to whoever sent it and stop."""


class UnusableFile(UnusableInput):
    """The file itself can't be read as a table: empty, binary, broken archive, no such column."""


class MappingError(UnusableInput):
    """The mapping file has faults, all of them listed; correct the mapping and import again."""

    def __init__(self, name: str, faults: list[str]) -> None:
        """Keep every fault, so that one correction round is enough."""
        self.faults = faults
        super().__init__(f"mapping {name}: " + "; ".join(faults))
