#!/bin/sh
# Ends what the machine room leaves behind when it is killed: waits until its standard input closes, which happens when the
# room's process ends in whatever way, then kills every process that carries the room's mark (children.ts).
# Argument: the mark, `MOONBACK_MACHINES=<folder>/`.
while read -r _; do :; done
round=0
while [ "$round" -lt 20 ]; do
  found=
  for file in $(grep -slF -- "$1" /proc/[0-9]*/environ); do
    pid=${file#/proc/}
    kill -KILL "${pid%/environ}" 2>/dev/null && found=yes
  done
  [ -n "$found" ] || exit 0
  round=$((round + 1))
done
