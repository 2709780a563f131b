### The hub, and those who may use it.

up-ready = { $services ->
    [one] muster { $version } is up: { $services } service, { $addresses } (socket { $socket })
   *[other] muster { $version } is up: { $services } services, { $addresses } (socket { $socket })
}
up-ready-no-pages = { $services ->
    [one] muster { $version } is up: { $services } service, socket { $socket }; no pages and no API, `muster status` says why
   *[other] muster { $version } is up: { $services } services, socket { $socket }; no pages and no API, `muster status` says why
}
up-no-users = The list of those who may use the API, { $data }/users.json, cannot be read. Move it away to begin a new one. { $error }
trouble-hub-ended = The hub, which has the pages and the API, ended ({ $how }) and is started again. Watching and mending go on without it.
trouble-hub-not-started = The hub, which has the pages and the API, cannot be started: { $error }. Watching and mending go on without it.
trouble-hub-unreachable = The pages and the API cannot be reached: { $why }. Another `listen` in the configuration is taken up at once; where that one is to stay, free it and start Muster again.
refused-user-name = `{ $user }` is no name for a user. Letters, digits and . - _ @ may be in it, at most 64.
refused-user-there = There is a user { $user } already. `muster user remove { $user }` takes their token back.
refused-no-such-user = There is no user { $user }. `muster user list` lists them.
told-admit = { $by } lets { $user } use the API ({ WORD($right, of: "right") })
told-admit-until = { $by } lets { $user } use the API ({ WORD($right, of: "right") }) until { MOMENT($until) }
told-dismiss = { $by } takes back the token of { $user }
right-read = read
right-act = act
user-admitted = { $user } may use the API ({ WORD($right, of: "right") }). The token, which is not shown again:
user-admitted-until = { $user } may use the API ({ WORD($right, of: "right") }) until { MOMENT($until) }. The token, which is not shown again:
user-dismissed = The token of { $user } counts no more.
user-none = Nobody has a token. `muster user add NAME` makes one.
user-head-name = user
user-head-right = may
user-head-since = since
user-head-until = until
api-taken = It is on record, and being seen to.
problem-gone = The agent does not answer. Is it being started again? `muster status` on the machine tells more.
problem-unauthorized = This needs a token that Muster knows: `muster user add NAME` on the machine makes one. Send it as `Authorization: Bearer TOKEN`.
problem-forbidden = This token is for reading. One that may act is made with `muster user add NAME --may act`.
problem-bad-request = That is not understood: { $why }.
problem-nowhere = There is nothing at this address. `/api/v1/openapi.json` lists what there is.
problem-method = This address does not take that method. `/api/v1/openapi.json` says which.
problem-too-many = Too much at once. Try again in a second.
problem-too-many-watch = Too many watch already. Close a page that is not needed, or try again later.
problem-host = The hub does not answer to that name. Use localhost, the machine's own name or an address.
problem-cross-site = Another site's page may not do this.
problem-late = That took too long and was given up.
problem-not-json = The body has to be JSON, with the header `Content-Type: application/json`.
problem-too-large = The body is larger than 64 KiB.
problem-no-incident = { $service } never had an incident.
problem-odd = The agent answered something else than was asked. Are agent and hub of the same version?
problem-panic = This is a fault of Muster's own. Please report it: `muster support` collects what is needed.
help-user = Who may use the API: each has a token of their own
help-user-add = Let somebody use the API; shows their token, this once
help-user-add-arg-name = The name under which it goes on record what they do
help-user-add-arg-may = What they may do: `read` (contents of files too) or `act`
help-user-add-arg-length = For how long, such as 30d; otherwise until they are removed
help-user-list = Who has a token
help-user-remove = Take somebody's token back
help-user-remove-arg-name = Whose
hub-by-hand = The hub is started by `muster up`; it cannot be started by hand.
status-pages = pages and API: { $addresses }
fact-hub = the hub's sandbox
status-locked = {" "}(the hub is locked in by { $source })
status-not-locked = , but not all the way: { $why }
trouble-cut-off = Muster itself was killed, or crashed, after { MOMENT($at) }; nothing was watched until { MOMENT($since) }. What was lost meanwhile was found at the start. The journal of muster.service may say why.
