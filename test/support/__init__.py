# SPDX-License-Identifier: MIT
"""What the Python tests share: the case runner, virtual machines, disk images, readers of FAT and ELF.

Python 3.9 standard library only. Nothing here knows what a test wants to see.
"""
