"""One compiled step per indicator: a state block and a closed bar in, the block's outputs and state changed.

Every step has the signature `step(s, at, p, q, o, h, l, c, v)`: the flat state `s` whose block begins at
`at`, outputs first; the flat parameters `p` whose own begin at `q`; then the bar. Outputs start as NaN and
state as zero. A step makes no array and keeps nothing outside its block.

Sums over a window are recomputed from a ring, oldest first, at every bar. A running sum would be quicker
for long windows, but its last bits depend on where the history began; a recomputed one does not.
"""
