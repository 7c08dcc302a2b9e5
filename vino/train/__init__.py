"""Training: the paper's three stages at every scale (arXiv 2601.02358, section 4).

config      what a run is; recipes return it
overrides   `--key value` on top of a recipe, typed
feed        where examples come from, as training sees it
frozen      latents and prompt states, from disk where they are known
prepare     examples -> chats and latents, with condition dropout
loss        flow matching on the target's tokens
trainee     the parameters that learn, as one module
parallel    ranks, sharding, activation checkpointing
precision   bfloat16, and what a processor without it computes instead
optim       AdamW, Muon, gradient norms, steps that are refused
lora        adapters instead of the whole model
ema         averaged weights
checkpoint  the whole run on disk, atomically
log         progress, TensorBoard, validation, sample grids
loop        one stage after the other
run         the command
"""
