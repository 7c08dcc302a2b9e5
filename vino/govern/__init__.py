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

from vino.govern.audit import AuditLog, verify_log
from vino.govern.consent import Consents
from vino.govern.credentials import Credentials, read_credentials, sign
from vino.govern.guard import Guard, RefusedByPolicy
from vino.govern.mark import find_mark, mark
from vino.govern.policy import Policy, read_policy
from vino.govern.signing import Signer, local_signer, own_signer
from vino.govern.terms import Terms
from vino.govern.verify import Origin, verify

__all__ = [
    "AuditLog",
    "Consents",
    "Credentials",
    "Guard",
    "Origin",
    "Policy",
    "RefusedByPolicy",
    "Signer",
    "Terms",
    "find_mark",
    "local_signer",
    "mark",
    "own_signer",
    "read_credentials",
    "read_policy",
    "sign",
    "verify",
    "verify_log",
]
