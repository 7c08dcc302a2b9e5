"""`vino serve`: the model behind HTTP, for clients that are strangers.

    config      settings of one server
    database    tables and transactions: SQLite, or PostgreSQL for several processes
    keys        API keys and what their owners may
    jobs        the queue: accepted once, claimed by one worker, finished once
    sessions    edit sessions: trees of turns, which are jobs
    files       the data folder: media of requests, and results
    order       what a client asked for, and the requests it stands for
    sites       the list of hosts that media may be fetched from
    fetch       media behind URLs
    history     what sessions begin with, and what a turn edits
    engine      the thread that owns the model and makes what waits, packed
    service     what the endpoints do
    replies     answers and refusals in OpenAI's form
    answers     what the endpoints answer, for OpenAPI
    bodies      JSON and forms, parsed and checked
    openai      OpenAI's endpoints
    api         vino's own endpoints
    editing     the endpoints of edit sessions
    schema      /openapi.json
    manual      /docs
    gate        keys, origins, body sizes and the access log, before anything is read
    metrics     figures for Prometheus
    log         JSON lines on stderr
    http        the application and the server

It needs the extra `serve`.
"""
