"""Which code computed a folder's facts."""

from chimera_dagster.code_version import code_version


def evidence_version() -> str:
    """Equal for two versions of the code if the same measurements give the same facts."""
    return code_version("chimera_dagster.evidence", ".py")
