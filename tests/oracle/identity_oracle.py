#!/usr/bin/env python3
"""A second opinion on identity numbers: the PyPI package `personnummer` 3.2.1, written by others.

    pip install personnummer==3.2.1
    identity_oracle.py < numbers

Reads one number a line, writes "valid" or "invalid" a line, in the same order, flushed line by line. Feed it official
test numbers and variations of them, never the number of a person.

Where it differs from `domain::identity`, and rightly so (compare other numbers than these):

    number                                   here      ours      why
    month 00 (19150072-2390)                 invalid   read      Skatteverket issues such coordination numbers
    day 60 (19171160-2399)                   invalid   read      likewise
    reserve numbers (19900101-T123, -TF10)   invalid   read      local numbers, without a check digit
    ten digits without a sign                valid     refused   the century is ambiguous; we never guess
    twelve digits with "+"                   valid     refused   "+" belongs to ten digits
    ten digits with "-", this year's number, valid     refused   ambiguous: a child to be born, or somebody
      a date still to come                                       turning 100 this year
    twelve digits, a date still to come      valid     refused   nobody has it yet
    a year before 1830, twelve digits or     valid     refused   a slip in the century, or somebody under 100
      ten with "+"                                               written with "+"
    digits of other scripts                  valid     refused   "[0-9]" only

Ten digits depend on the day they are read: this program takes the system's date.
"""

import sys

from personnummer import personnummer


def main() -> None:
    for line in sys.stdin:
        verdict = "valid" if personnummer.valid(line.rstrip("\r\n")) else "invalid"
        print(verdict, flush=True)


if __name__ == "__main__":
    main()
