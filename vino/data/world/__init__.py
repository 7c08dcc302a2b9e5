"""The emoji world: pictures, clips, edits and references whose truth is known exactly.

Real emoji art composed into scenes. A `Scene` is plain data, `render` draws it, `draw` makes one
training or evaluation sample of a task, a pure function of (task, seed, index, vocabulary).
"""
