"""Runs a command in a terminal of its own, presses Ctrl-C when a text appears, and prints what the terminal showed.

A signal sent by a test reaches one process; only a terminal sends it to the whole foreground group, as for a person.
Usage: terminal.py TEXT PROGRAM [ARGUMENT…]. Ends with the program's exit code.
"""

import os
import pty
import sys

text, *command = sys.argv[1:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
shown = b""
pressed = False
while True:
    try:
        piece = os.read(terminal, 4096)
    except OSError:  # Linux answers EIO when the last process has closed its side
        break
    if not piece:
        break
    shown += piece
    if not pressed and text.encode() in shown:
        os.write(terminal, b"\x03")
        pressed = True
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(status) if pressed else 99)
