"""Where things come from and what may be made: provenance, consent, policy and audit.

    mark         an invisible mark in the pixels, and finding it
    signing      who signs: this machine's certificate, or the user's own
    credentials  signed content credentials (C2PA) inside a file
    verify       what a file says of its origin
    likeness     telling a picture again after re-encoding
    consent      who agreed to be shown
    policy       policy.toml, parsed
    filters      plug-ins that look at prompts, references and outputs
    guard        a policy at work
    audit        an append-only log, hash-chained
    terms        all of it, as the command line and the server use it
    home         where a user's own keys and records are kept

Nothing here connects to anything, unless a time-stamp authority is named.
"""
