# Incidents: the list, and the answer to "why?".

column-incident = INCIDENT
column-lost = LOST
column-state = STATE
column-gone-for = FOR
column-cause = CAUSE
incidents-none = No service was ever lost here.
incidents-no-verdict = not known yet

why-never = { $service } was never lost.
why-no-verdict = Why is being looked into; nothing can be said yet.
why-undecided = What was looked at stands below.
why-confirmed = { $code }, { $percent } sure, and confirmed: undoing it brought the service back
why-settled = { $code }, { $percent } sure, all evidence is in
why-first-verdict = { $code }, { $percent } sure; more evidence is being gathered
why-lost = lost
why-moment = { $at } UTC ({ $ago })
why-noticed = noticed
why-after = after { $after }
why-verdict-after = first verdict after { $after }
why-settled-after = settled after { $after }
why-back = back
why-back-after = { $at }, after { $after }
why-subject = what
why-by = who
why-from = from
why-pid = pid { $pid }
why-change = { $subject } was changed { $ago } ({ $change })
why-evidence = For (+) and against (−)
why-more = { $n ->
    [one] and { $n } more with --json
   *[other] and { $n } more with --json
}
why-others = Also considered
why-done = What Muster did
why-took = { $outcome } in { $took }
why-under-way = under way
why-rehearsed = tried on a copy first
why-colon = :{" "}
why-notes = Notes
why-next = What to do
next-recovered = Nothing: it is back.
next-recovering = Nothing: it is being brought back. `muster events --follow --service { $service }` shows it live.
next-asked = The plan waits for a yes: `muster recover { $service }` gives it, with --dry-run it only shows the plan.
next-withheld = If it was meant to be so: `muster incident { $incident } ack`. If not: `muster recover { $service }` takes it back.
next-only-watched = Start { $service } yourself: Muster sees it when it is back. `muster incident { $incident } resolve` says that it is meant to be gone.
next-escalated = Muster cannot do it alone. `muster recover { $service }` tries again; `muster incident { $incident } assign WHO` hands it over.
next-open = `muster events --follow --service { $service }` shows what goes on; `muster recover { $service }` brings it back now.
next-change = `muster diff { $change }` shows the whole change; what was overwritten is kept as a version.
next-unknown = `muster events --service { $service } --since 10m` shows all that was seen around it.
