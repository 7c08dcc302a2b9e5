"""People compare two runs, side by side and blind.

items        the pairs people are asked about
votes        what they said, kept in SQLite
blind        a study: its pairs, its votes, who sees what in which order and on which side
shown        pictures and clips as a browser shows them
answering    what the page asks the server, checked
server       HTTP on this computer alone
preference   what the votes say, with intervals
page/        the page itself
"""
