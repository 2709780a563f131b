### The live page: what stands on it beside the words of the terminal.

page-skip = To the content
page-settings = Language, look and sign-in
page-theme-auto = Colours: as the device
page-theme-light = Colours: light
page-theme-dark = Colours: dark
page-sign-in = Sign in
page-sign-out = Sign out
page-signed-in = signed in as { $user }
page-sign-in-hint = Everything can be read without it. To act from here, and to see the contents of changed files, give the token that you were given.
page-sign-in-needed = Here even reading needs a token: give the one that you were given.
page-token = Token
page-token-hint = `muster user add NAME --may act` on the machine makes one. It stays in this browser, where no script can read it, for 30 days or until you sign out.
page-wrong-token = That is no token that Muster knows. Was it copied whole, and has it not run out?
page-cut-off = No connection since { $time } UTC: what is shown may be old. Trying again.
page-live = live, as of
page-utc = all times in UTC
page-metrics = metrics
page-filter = Services by health
page-all = { $n ->
    [one] { $n } service
   *[other] { $n } services
}
page-open = Open incidents
page-over = Lately over
page-all-there = { $n ->
    [one] The { $n } service is there.
   *[other] All { $n } services are there.
}
page-none-open = No incident is open.
page-more-open = The newest { $n } are shown; `muster incidents` lists all.
page-more-evidence = and { $n } more
page-roll = Roll call
page-search = Find
page-none-fits = No service fits.
page-service = Service
page-health = Health
page-since = Since
page-kind = Kind
page-plan = Plan
page-unwatched = { $n ->
    [one] Nobody watches: { $n } program that listens here
   *[other] Nobody watches: { $n } programs that listen here
}
page-sight = How well Muster sees
page-paused = left alone until { $until } UTC: { $reason }
page-paused-all = Muster does nothing by itself until { $until } UTC: { $reason }
page-home = Roll call
page-incidents = Its incidents
page-diff = What was changed
page-recover = Recover now
page-yes = Yes, do it
page-ack = I have seen it
page-resolve = It is meant to be so
page-resume = End the pause
page-pause = Leave alone
page-pause-for = for
page-pause-reason = because
page-note = A note
page-note-hint = Goes on record under your name.
page-note-add = Add
page-problem = That did not work
page-assigned = With { $who }.
page-acknowledged = Seen by { $who }.
page-said = { $service }: { $health }.
page-said-back = { $service } was gone for a moment and is back.
page-said-many = { $n } services have changed.
page-weight-strong-for = speaks strongly for it:
page-weight-for = speaks for it:
page-weight-weak-for = speaks weakly for it:
page-weight-none = says nothing either way:
page-weight-weak-against = speaks weakly against it:
page-weight-against = speaks against it:
page-weight-strong-against = speaks strongly against it:
