// What pages look like, and how they keep up: served as files of their own, since the pages' policy takes nothing
// inline.
#include "web/site.h"

namespace simswarm::web {

std::string_view style_sheet() {
  return R"css(:root {
  --ground: #fff; --text: #1c1c1e; --quiet: #5c5f66; --line: #d6d8dc; --head: #f3f4f6;
  --bad: #a8071a; --bad-ground: #fff1f0; --good: #1a6b2f; --link: #0b57d0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #16181c; --text: #e6e7ea; --quiet: #a0a5ae; --line: #34383f; --head: #1f2228;
    --bad: #ff9c96; --bad-ground: #3a1a1b; --good: #7fd694; --link: #8ab4f8;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1rem; max-width: 90rem; background: var(--ground); color: var(--text);
  font: 1rem/1.45 system-ui, sans-serif;
}
h1 { font-size: 1.4rem; margin: 0 0 .25rem; }
h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1rem 0 .4rem; }
p { margin: .4rem 0; }
.quiet { color: var(--quiet); }
.bad { color: var(--bad); font-weight: 600; }
.good { color: var(--good); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { background: var(--head); font-weight: 600; white-space: nowrap; }
td { overflow-wrap: break-word; min-width: 3rem; }
td.number { text-align: right; white-space: nowrap; min-width: 0; }
.trouble { margin: .75rem 0; padding: .5rem .75rem .5rem 1.75rem; border-left: .3rem solid var(--bad); background: var(--bad-ground); color: var(--bad); }
#away { position: fixed; bottom: 0; left: 0; right: 0; margin: 0; padding: .5rem 1rem; background: var(--bad-ground); color: var(--bad); }
.login { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin-top: 1rem; }
input, button { font: inherit; padding: .35rem .6rem; color: inherit; background: var(--head); border: 1px solid var(--line); border-radius: .3rem; }
input { min-width: 16rem; max-width: 100%; }
.logout { float: right; }
)css";
}

std::string_view script() {
  return R"js('use strict';
// Brings what has changed every two seconds, while the page is looked at; where the reader is stays as it is.
(() => {
  const away = document.getElementById('away');
  let since = null;
  const tell = (text) => {
    since = since || new Date();
    away.textContent = `No answer since ${since.toLocaleTimeString()}: ${text}`;
    away.hidden = false;
  };
  const refresh = async () => {
    const answer = await fetch(location.href, { cache: 'no-store', signal: AbortSignal.timeout(10000) });
    if (answer.status === 401) { location.reload(); return; }
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const fresh = page.querySelector('main');
    if (!fresh) { tell(`status ${answer.status}`); return; }
    const now = document.querySelector('main');
    const scrolled = [...now.querySelectorAll('.wide')].map((one) => one.scrollLeft);
    if (fresh.innerHTML !== now.innerHTML) now.replaceChildren(...fresh.childNodes);
    [...now.querySelectorAll('.wide')].forEach((one, i) => { one.scrollLeft = scrolled[i] || 0; });
    since = null;
    away.hidden = true;
  };
  const loop = async () => {
    if (!document.hidden) {
      try { await refresh(); } catch (error) { tell('the connection or the service is gone'); }
    }
    setTimeout(loop, 2000);
  };
  setTimeout(loop, 2000);
})();
)js";
}

}  // namespace simswarm::web
