# SPDX-License-Identifier: MIT
"""Tables from a code point to a number: a page for each 64 code points names a block of 64 numbers, and pages that hold the
same share a block. Used by the tools beside it."""

BLOCK = 64


def two_levels(numbers, default):
    """(pages, blocks) for a dictionary {code point: number}; what is not in it has the number `default`."""
    pages, blocks = [], []
    for start in range(0, max(numbers) + 1, BLOCK):
        block = [numbers.get(code_point, default) for code_point in range(start, start + BLOCK)]
        if block not in blocks:
            blocks.append(block)
        pages.append(blocks.index(block))
    return pages, blocks
