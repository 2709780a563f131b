# `muster top`: the roll call, live in the terminal.

text-other = { $text }

top-no-terminal = `muster top` draws on a terminal, and there is none here. `muster status` gives the roll call once, `muster events --follow` what happens line by line.
top-no-json = `muster top` is for people and has no JSON. `muster --json status` gives the roll call once, `muster --json events --follow` what happens line by line.

top-away = Muster is away; this is how it was { $length } ago. { $why }
top-none = No service fits `{ $filter }`. Esc shows all.
top-asking = Asking …
top-more-notes = and { $n } more: `muster status`

top-keys = ↑↓ move  Enter why  / filter  s sort  r recover  p pause  a ack  ? help  q quit
top-keys-filtered = { $n } with `{ $filter }`  Esc all  / change  Enter why  ? help  q quit
top-keys-story = Esc back  ↑↓ scroll  r recover  p pause  a ack  ? help
top-keys-short = ? help  q back, quit
top-keys-help = Esc back  ↑↓ scroll

top-filter = Filter (Enter keeps, Esc drops it):
top-ask-recover = Bring { $service } back now? Type { $yes }:
top-ask-resume = End the pause of { $service }? Type { $yes }:
top-ask-pause-for = Leave { $service } alone for how long (30m, 2h)?
top-ask-pause-why = Why is { $service } paused?
top-ask-ack = Seen { $incident } of { $service } (a stop: meant so)? Type { $yes }:
top-not-done = Nothing was done.
top-no-length = `{ $typed }` is not a length of time: write 30m, 2h. Nothing was done.
top-no-incident = { $service } has no open incident.

top-help = muster top: the keys
top-help-move = move; in a text, scroll
top-help-why = why: the open incident of the service, else its latest
top-help-back = back; in the roll call, all services again
top-help-filter = only services with these letters in name, kind, health, loss, program or pack
top-help-sort = sort by the next column; the other way round
top-help-recover = bring the service back now; a yes to a plan that waits for one
top-help-pause = leave the service alone for a while; end that
top-help-ack = I have seen it; on a stop: it is meant to be so
top-help-redraw = draw the screen anew
top-help-leave = leave; Muster goes on
top-help-signs = `!` before a name: an incident is open. Nothing is done before it is confirmed.
