"""Prints how `chimera check` judges sentences that its author did not write: python -m tests.claims [--show]."""

import argparse

from chimera_dagster.grounding.outcome import check_document
from tests.claims.tally import folder_of, in_words, table, worst, written


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", action="store_true", help="print the sentences that were seen, with their outcomes")
    arguments = parser.parse_args()
    print(table(), in_words(), sep="\n\n")
    for each in written() if arguments.show else []:
        if each.half == "seen":
            checked = check_document(each.text, folder_of(each.folder))
            print(f"{each.is_true} ({each.kind}): {worst(checked)}: {each.text}")


if __name__ == "__main__":
    main()
