/** The page's look: system fonts, two colour schemes, from a phone to a hall's wall, and on paper. */
export const style = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf8; --card: #ffffff; --ink: #1b1a19; --soft: #5c5853; --line: #dedad3;
  --green: #17683a; --red: #b3211b; --amber: #7d5200; --amber-paper: #fdf3dd;
  --t0: #1d3f72; --t1: #3f6cae; --t2: #86a8d8; --t3: #14655f; --t4: #3f958c; --t5: #8cc4bd; --t-gates: #b98a2f; --t-rest: #cfcac2;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #131519; --card: #1b1e24; --ink: #ecEAe6; --soft: #aaa69f; --line: #34373e;
    --green: #74d39a; --red: #ff8d84; --amber: #eec06a; --amber-paper: #2b2415;
    --t0: #b5cdf3; --t1: #7ea4df; --t2: #4c74b3; --t3: #a3dcd4; --t4: #5fb5aa; --t5: #317a72; --t-gates: #d8ab52; --t-rest: #4a4d55;
  }
}
* { box-sizing: border-box; }
html { font: clamp(16px, 0.72rem + 0.5vw, 20px)/1.5 system-ui, -apple-system, "Segoe UI", "Helvetica Neue", sans-serif; background: var(--paper); color: var(--ink); -webkit-text-size-adjust: 100%; }
body { max-width: 76rem; margin: 0 auto; padding: clamp(1rem, 4vw, 3.5rem); overflow-wrap: anywhere; }
h1, h2, h3, p, ul, ol, dl, dd { margin: 0; padding: 0; }
ul, ol { list-style: none; }
h1 { font-size: clamp(2.2rem, 6.4vw, 5rem); line-height: 1.04; letter-spacing: -0.03em; font-weight: 650; text-wrap: balance; overflow-wrap: break-word; }
h2 { font-size: 1.7rem; line-height: 1.2; letter-spacing: -0.015em; font-weight: 620; }
h3 { font-size: 1rem; font-weight: 620; }
a { color: inherit; text-decoration-color: var(--line); text-underline-offset: 0.2em; }
a:hover { text-decoration-color: currentColor; }
a:focus-visible, summary:focus-visible { outline: 3px solid var(--t1); outline-offset: 3px; }
code { font: 0.86em/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
section { margin-top: clamp(2.5rem, 5vw, 4.5rem); }
[id] { scroll-margin-top: 1rem; } details [id] { scroll-margin-top: 5rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.small, .about, .legend { color: var(--soft); font-size: 0.84rem; }
.about { font-size: 0.95rem; max-width: 46rem; margin: 0.3rem 0 1.2rem; }
.green { color: var(--green); } .red { color: var(--red); } .open { color: var(--amber); } .none, .aside { color: var(--soft); }
.status { white-space: nowrap; font-weight: 600; }
.status .sign { display: inline-block; min-width: 1em; text-align: center; }
.via { display: inline-block; white-space: nowrap; font-size: 0.76rem; line-height: 1.35; padding: 0.05em 0.5em; border: 1px solid currentColor; border-radius: 1em; color: var(--soft); }
.via.stand-in { color: var(--amber); border-style: dashed; }
.error { color: var(--red); white-space: pre-line; }

.eyebrow { display: flex; flex-wrap: wrap; gap: 0 0.6rem; color: var(--soft); margin-bottom: 0.9rem; }
.eyebrow span:not(:last-child)::after { content: "·"; margin-left: 0.6rem; color: var(--soft); font-weight: 400; }
.eyebrow span:nth-child(2) { color: var(--ink); font-weight: 600; }
.lead { font-size: 1.15rem; margin-top: 1.3rem; }
header .error, header .next, header .small { margin-top: 0.5rem; max-width: 60rem; }
.next code { background: var(--card); border: 1px solid var(--line); border-radius: 0.3em; padding: 0.1em 0.4em; }
nav { margin-top: 1.4rem; border-block: 1px solid var(--line); padding: 0.5rem 0; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.2rem 1.6rem; font-size: 0.9rem; }
.banner { margin-top: 1.6rem; padding: 0.8rem 1.1rem; background: var(--amber-paper); border-left: 4px solid var(--amber); border-radius: 0.2rem; }
.banner.quiet { background: none; border-color: var(--line); color: var(--soft); }
.banner .via { font-size: 0.86rem; }

.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(11rem, 42%), 1fr)); gap: 1.6rem 2rem; margin-top: 2.2rem; }
.figures dt { color: var(--soft); font-size: 0.9rem; }
.figures strong { display: block; white-space: nowrap; font-size: clamp(1.6rem, 5.5vw, 2.1rem); line-height: 1.2; letter-spacing: -0.02em; font-weight: 600; font-variant-numeric: tabular-nums; }
.figures span { color: var(--soft); font-size: 0.84rem; }

.stages { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(17rem, 100%), 1fr)); gap: 1rem; margin-top: 1.2rem; counter-reset: stage; }
.stages > li { background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; padding: 1.1rem 1.2rem; }
.stages h3 { font-size: 1.3rem; letter-spacing: -0.01em; }
.stages h3::before { counter-increment: stage; content: counter(stage) " "; color: var(--soft); font-weight: 400; }
.stages li li { border-top: 1px solid var(--line); margin-top: 0.7rem; padding-top: 0.6rem; }
.stages li li > :first-child { display: block; width: fit-content; }
.reds { margin-top: 1rem; display: grid; gap: 1rem; }
.reds > li { border-left: 4px solid var(--red); padding-left: 1rem; }
.reds .error { font-size: 1.1rem; }

.history > li { display: grid; grid-template-columns: minmax(0, 15rem) minmax(0, 1fr); gap: 0 1.5rem; align-items: center; border-top: 1px solid var(--line); padding: 0.8rem 0; }
.history h3 span { font-weight: 400; }
.history h3 { grid-row: 1 / 3; }
.history p { grid-column: 2; }
.strip { display: block; max-width: 100%; overflow: visible; }
.strip .step { stroke: var(--soft); stroke-width: 1.25; opacity: 0.6; }
.strip .gone { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 2 3; }
.axis { color: var(--soft); }
.legend { display: flex; flex-wrap: wrap; gap: 0.2rem 1.2rem; margin-top: 0.7rem; }
.legend svg { overflow: visible; vertical-align: -0.1em; margin-right: 0.25em; }

details { border-top: 1px solid var(--line); }
details:last-of-type { border-bottom: 1px solid var(--line); }
summary { cursor: pointer; padding: 0.8rem 0; list-style-position: outside; margin-left: 1.2rem; }
summary > * { margin-right: 0.6rem; }
details[open] { padding-bottom: 1.4rem; }
table { width: 100%; border-collapse: collapse; font-size: 0.86rem; line-height: 1.45; }
th, td { text-align: left; vertical-align: top; padding: 0.65rem 1rem 0.65rem 0; border-top: 1px solid var(--line); font-weight: 400; }
thead th { color: var(--soft); border: 0; padding-bottom: 0.3rem; white-space: nowrap; }
tbody tr:target { background: var(--amber-paper); box-shadow: -0.6rem 0 var(--amber-paper), 0.6rem 0 var(--amber-paper); }
tbody th code { display: block; color: var(--soft); }
th.claim { width: 27%; } th.run { width: 22%; } th.run time { display: block; }
td.evidence { width: 40%; } .runs td.evidence { width: auto; }
td.took { white-space: nowrap; }
td.took, td.when, .by { font-variant-numeric: tabular-nums; color: var(--soft); }
td.when { min-width: 7.5rem; } .by { display: block; font-size: 0.9em; }
td p + p, td ul + p, td p + ul, td ul + ul { margin-top: 0.35rem; }
td li + li { margin-top: 0.2rem; }
.looks { display: flex; flex-wrap: wrap; gap: 0 1.1rem; }
.looks li + li { margin: 0; }
.runs + p { margin-top: 1rem; }

.bars { display: grid; gap: 1.5rem; margin-top: 1.2rem; }
.bars strong { font-size: 1.3rem; font-variant-numeric: tabular-nums; margin-right: 0.4rem; }
.bar { display: block; margin: 0.3rem 0 0.1rem; background: linear-gradient(var(--line), var(--line)) 0 100% / 100% 1px no-repeat; }
.bars .legend { margin: 0; }
.swatch { display: inline-block; width: 0.7em; height: 0.7em; border-radius: 0.15em; background: currentColor; }
.t0 { color: var(--t0); fill: currentColor; } .t1 { color: var(--t1); fill: currentColor; } .t2 { color: var(--t2); fill: currentColor; }
.t3 { color: var(--t3); fill: currentColor; } .t4 { color: var(--t4); fill: currentColor; } .t5 { color: var(--t5); fill: currentColor; }
.t-gates { color: var(--t-gates); fill: currentColor; } .t-rest { color: var(--t-rest); fill: currentColor; }
footer { margin-top: 4rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft); font-size: 0.84rem; }

@media screen and (max-width: 52rem) {
  .history > li { display: block; }
  .history h3 { margin-bottom: 0.4rem; }
  table, thead, tbody, tr, th, td { display: block; width: auto !important; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tbody tr { border-top: 1px solid var(--line); padding: 0.8rem 0; }
  tbody th, td { border: 0; padding: 0.1rem 0; }
  tbody th { font-weight: 600; }
  tbody th code { font-weight: 400; }
  td[data-title]::before { content: attr(data-title) ": "; color: var(--soft); }
  td.evidence::before { content: none; }
  td:empty { display: none; }
}
@media (min-width: 75rem) {
  .mark { transform: scale(1.3); }
  .strip .step { stroke-width: 1.75; }
}
@media print {
  :root { color-scheme: light; }
  html { font-size: 9.5pt; background: none; }
  section { margin-top: 2rem; }
  h2, h3, .about, thead, summary { break-after: avoid; }
  body { max-width: none; padding: 0; }
  nav { display: none; }
  details::details-content { content-visibility: visible; height: auto; }
  li, tr, figure { break-inside: avoid; }
  .bar, .swatch, .banner { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
