// The page is whole without this. What this adds: it exchanges the pieces that have changed, counts lengths on, filters,
// sorts, copies commands. Pieces come from the server as HTML that it has made and escaped itself.
"use strict";
(() => {
  const body = document.body;
  const $ = (id) => document.getElementById(id);
  const cookie = (name, value) => {
    document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax`;
  };

  // Lengths of time, counted on from the server's clock.
  const units = body.dataset.units.split("|");
  let ahead = Number(body.dataset.now) - Date.now();
  const length = (ms) => {
    let s = Math.max(0, Math.floor(ms / 1000));
    const parts = [Math.floor(s / 86400), Math.floor((s % 86400) / 3600), Math.floor((s % 3600) / 60), s % 60];
    const first = parts.findIndex((n) => n > 0);
    if (first < 0) return units[3].replace("{n}", 0);
    const two = [first, first + 1].filter((i) => i < 4 && parts[i] > 0);
    return two.map((i) => units[i].replace("{n}", parts[i])).join(" ");
  };
  const tick = (root) => {
    const now = Date.now() + ahead;
    for (const time of root.querySelectorAll("time[data-since]")) {
      const text = length(now - Number(time.dataset.since));
      if (time.textContent !== text) time.textContent = text;
    }
  };
  setInterval(() => document.hidden || tick(document), 1000);

  // Light and dark.
  const theme = $("theme");
  if (theme) {
    const order = ["auto", "light", "dark"];
    const root = document.documentElement;
    const show = () => (theme.textContent = theme.dataset[root.dataset.theme || "auto"]);
    theme.hidden = false;
    show();
    theme.addEventListener("click", () => {
      const next = order[(order.indexOf(root.dataset.theme || "auto") + 1) % 3];
      if (next === "auto") delete root.dataset.theme;
      else root.dataset.theme = next;
      cookie("muster_theme", next);
      show();
    });
  }

  // Filter, search and sort of the roll call.
  const search = $("search");
  const table = document.querySelector("table.roll");
  let sorting = null; // [column, direction]
  const rows = () => document.querySelectorAll("[data-health]");
  const fit = () => {
    const words = search ? search.value.trim().toLowerCase() : "";
    const show = body.dataset.show;
    let any = false;
    for (const row of rows()) {
      row.hidden = words !== "" && !row.textContent.toLowerCase().includes(words);
      any ||= !row.hidden && (!show || row.dataset.health === show);
    }
    const none = $("none-fits");
    if (none) none.hidden = any || rows().length === 0;
    for (const link of document.querySelectorAll("[data-filter]")) {
      if (link.dataset.filter === (show || "")) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  const order = () => {
    if (!sorting) return;
    const [column, direction] = sorting;
    const key = {
      name: (row) => row.id,
      health: (row) => row.dataset.health,
      since: (row) => Number(row.querySelector("time[data-since]")?.dataset.since || 0),
    }[column];
    for (const part of table.tBodies) {
      const sorted = [...part.rows].sort((a, b) => {
        const [x, y] = [key(a), key(b)];
        return (typeof x === "number" ? x - y : x.localeCompare(y, undefined, { numeric: true })) * direction;
      });
      if (sorted.some((row, i) => part.rows[i] !== row)) part.append(...sorted);
    }
  };
  if (search) {
    search.closest("label").hidden = false;
    search.addEventListener("input", fit);
    document.addEventListener("click", (event) => {
      const link = event.target.closest("[data-filter]");
      if (!link || event.metaKey || event.ctrlKey) return;
      event.preventDefault();
      body.dataset.show = body.dataset.show === link.dataset.filter ? "" : link.dataset.filter;
      history.replaceState(null, "", body.dataset.show ? `/?health=${body.dataset.show}` : "/");
      fit();
    });
    for (const head of table.querySelectorAll("th[data-sort]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const again = head.getAttribute("aria-sort") === "ascending";
        table.querySelectorAll("[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", again ? "descending" : "ascending");
        sorting = [head.dataset.sort, again ? -1 : 1];
        order();
      });
    }
    fit();
  }

  // A command is copied by a click.
  document.addEventListener("click", async (event) => {
    const command = event.target.closest("code.command");
    if (!command || String(getSelection()) !== "") return;
    try {
      await navigator.clipboard.writeText(command.textContent);
      command.classList.add("copied");
      setTimeout(() => command.classList.remove("copied"), 1200);
    } catch {
      getSelection().selectAllChildren(command);
    }
  });

  // What changes.
  if (!body.dataset.live) return;
  const HEARD_WITHIN = 12_000;
  const AGAIN_AFTER = 2_000;
  const cut = $("cut-off");
  const live = $("live");
  let source = null;
  let heard = Date.now();
  let last = null;

  // Where the eyes and the keyboard are in a piece, so that they are there in its successor too.
  const focusable = "a, button, input, summary, textarea";
  const place = (old) => {
    const open = [...old.querySelectorAll("details")].map((details) => details.open);
    const focus = old.contains(document.activeElement) ? document.activeElement : null;
    const within = focus && [...old.querySelectorAll(focusable)].indexOf(focus);
    return (fresh) => {
      fresh.querySelectorAll("details").forEach((details, i) => (details.open = open[i] ?? details.open));
      if (!focus) return;
      const all = [...fresh.querySelectorAll(focusable)];
      const same = focus.dataset.key && all.find((one) => one.dataset.key === focus.dataset.key);
      (same || all[Math.min(within, all.length - 1)] || $("main"))?.focus({ preventScroll: true });
    };
  };
  const put = (piece) => {
    const frame = document.createElement("template");
    frame.innerHTML = piece.html;
    const fresh = frame.content.firstElementChild;
    const holder = $(piece.place);
    if (!fresh || !holder) return;
    const old = $(piece.id);
    const settle = old && place(old);
    const before = piece.after && $(piece.after);
    if (old && old.parentNode === holder && old.previousElementSibling === (before || null)) old.replaceWith(fresh);
    else {
      old?.remove();
      if (before && before.parentNode === holder) before.after(fresh);
      else holder.prepend(fresh);
    }
    settle?.(fresh);
    tick(fresh);
    if (old && fresh.dataset.health !== old.dataset.health) fresh.classList.add("changed");
  };
  const take = (change) => {
    heard = Date.now();
    ahead = change.now - heard;
    last = change.at.slice(11);
    if (change.edition !== body.dataset.edition) return location.reload();
    if (cut) cut.hidden = true;
    if (live) live.hidden = false;
    if ($("at")) $("at").textContent = last;
    if (document.title !== change.title) document.title = change.title;
    if ($("icon").getAttribute("href") !== change.icon) $("icon").href = change.icon;
    change.gone.forEach((id) => $(id)?.remove());
    if (change.whole && change.pieces.length > 0) {
      const there = new Set(change.pieces.map((piece) => piece.id));
      for (const holder of new Set(change.pieces.map((piece) => piece.place))) {
        for (const old of [...($(holder)?.children ?? [])]) there.has(old.id) || old.remove();
      }
      for (const row of [...rows()]) there.has(row.id) || row.remove();
      for (const card of [...document.querySelectorAll("#open > article")]) there.has(card.id) || card.remove();
    }
    change.pieces.forEach(put);
    if (change.pieces.length > 0 && search) {
      order();
      fit();
    }
    if (change.say.length > 0) $("said").textContent = change.say.join(" ");
    body.dispatchEvent(new CustomEvent("muster", { detail: change }));
  };
  const lost = () => {
    if (cut) {
      cut.textContent = cut.dataset.text.replace("{time}", last || new Date(heard + ahead).toISOString().slice(11, 19));
      cut.hidden = false;
    }
    if (live) live.hidden = true;
  };
  const listen = () => {
    source?.close();
    source = new EventSource(body.dataset.live);
    source.addEventListener("change", (event) => take(JSON.parse(event.data)));
    source.addEventListener("error", () => {
      lost();
      // The browser tries again by itself, but not where it was turned away.
      if (source.readyState === EventSource.CLOSED) setTimeout(listen, AGAIN_AFTER);
    });
  };
  setInterval(() => {
    if (Date.now() - heard < HEARD_WITHIN) return;
    lost();
    heard = Date.now();
    listen();
  }, 3_000);
  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", (event) => event.persisted && listen());
  listen();
})();
