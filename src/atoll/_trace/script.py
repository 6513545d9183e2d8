"""The script of the timeline's page, and what it adds to the style sheet.

A row of the data has columns: begin, duration (microseconds), depth, and numbers of the texts of
name, category, interpreter, details. Only what is visible is drawn, and of spans that lie within
one pixel only one.
"""

STYLE = """
#frame { position: relative; }
#timeline { display: block; width: 100%; cursor: grab; touch-action: pan-y; border-radius: 4px; }
#timeline:focus-visible { outline: 2px solid var(--fill); outline-offset: 2px; }
#timeline.dragged { cursor: grabbing; }
#tip { position: absolute; z-index: 1; pointer-events: none; max-width: min(24rem, 92%);
  background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: .4rem .6rem;
  box-shadow: 0 4px 14px rgb(0 0 0 / .22); font-size: .82rem; white-space: pre-line; }
#tip strong { display: block; }
.bar-above { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center;
  justify-content: space-between; margin-bottom: .7rem; }
#legend { display: flex; flex-wrap: wrap; gap: .2rem .9rem; font-size: .84rem; }
#legend span { display: inline-flex; align-items: center; gap: .35rem; }
#legend i { width: .8rem; height: .8rem; border-radius: 3px; flex: none; }
.buttons { display: flex; gap: .3rem; }
.buttons button { font: inherit; min-width: 2.2rem; padding: .1rem .6rem; color: var(--text);
  background: var(--track); border: 1px solid var(--line); border-radius: 6px; cursor: pointer; }
.hint { font-size: .82rem; margin-top: .6rem; }
main { max-width: 90rem; }
"""

SCRIPT = r"""
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const canvas = document.getElementById("timeline"), context = canvas.getContext("2d");
const tip = document.getElementById("tip"), legend = document.getElementById("legend");
const dark = matchMedia("(prefers-color-scheme: dark)");
const BAR = 18, GAP = 12, AXIS = 24, MOST_DEPTH = 24, LEAST = 0.01;
let width = 0, height = 0, gutter = 0, title = 0, colours = {};
let [from, until] = data.opening;
let hovered = null;

// ---- layout ----

for (const row of data.rows) {
  const [begins, durations, depths] = row.columns;
  row.depth = Math.min(depths.reduce((most, each) => Math.max(most, each), 0), MOST_DEPTH);
  // For each depth its spans, in order of their begins; so are their ends.
  row.levels = Array.from({ length: row.depth + 1 }, () => []);
  begins.forEach((begin, place) => {
    if (depths[place] <= row.depth) row.levels[depths[place]].push(place);
  });
}

function layOut() {
  const narrow = canvas.parentElement.clientWidth < 640;
  width = canvas.parentElement.clientWidth;
  gutter = narrow ? 0 : 170;
  title = narrow ? 18 : 0;
  let top = AXIS;
  for (const row of data.rows) {
    row.top = top + title;
    top = row.top + (row.depth + 1) * BAR + GAP;
  }
  height = top;
  const scale = devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.height = height + "px";
  context.setTransform(scale, 0, 0, scale, 0, 0);
}

function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["card", "text", "quiet", "line", "track", "bad", "fill"]) {
    colours[name] = style.getPropertyValue("--" + name).trim();
  }
}

const HUES = [205, 28, 145, 330, 262, 52, 185, 0, 95, 295];
const known = new Map();
function colourOf(interpreter, category) {
  const kind = ["wait", "collection"].indexOf(category), key = 4 * interpreter + kind;
  if (!known.has(key)) known.set(key, mixed(interpreter, category));
  return known.get(key);
}
function mixed(interpreter, category) {
  if (category === "wait") return dark.matches ? "#3b4553" : "#ccd3dc";
  if (category === "collection") return dark.matches ? "#8f5a1c" : "#f0b463";
  if (interpreter < 0) return dark.matches ? "#4a5668" : "#b4bfcc";
  const hue = HUES[interpreter % HUES.length] + 7 * Math.floor(interpreter / HUES.length);
  return dark.matches ? `hsl(${hue} 45% 36%)` : `hsl(${hue} 62% 74%)`;
}

function drawLegend() {
  legend.replaceChildren();
  const add = (name, colour) => {
    const item = document.createElement("span"), spot = document.createElement("i");
    spot.style.background = colour;
    item.append(spot, name);
    legend.append(item);
  };
  data.interpreters.slice(0, 30).forEach((name, place) => add(name, colourOf(place, "")));
  if (data.interpreters.length > 30) legend.append(`and ${data.interpreters.length - 30} more`);
  add("waits", colourOf(-1, "wait"));
  if (data.rows.some((row) => row.dropped)) {
    add("dropped", `repeating-linear-gradient(135deg, ${colours.line} 0 2px, transparent 2px 5px)`);
  }
}

// ---- times ----

function timeText(microseconds, digits = 3) {
  const size = Math.abs(microseconds);
  if (size < 1e3) return `${+microseconds.toPrecision(digits)} \u00b5s`;
  if (size < 1e6) return `${+(microseconds / 1e3).toPrecision(digits)} ms`;
  return `${+(microseconds / 1e6).toPrecision(digits)} s`;
}

const toX = (time) => gutter + ((time - from) / (until - from)) * (width - gutter);
const toTime = (x) => from + ((x - gutter) / (width - gutter)) * (until - from);

function drawAxis() {
  const most = Math.max(2, (width - gutter) / 110), rough = (until - from) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((each) => each * power >= rough);
  const needed = Math.ceil(Math.log10(Math.max(until, 1) / step)) + 1;
  context.font = "12px system-ui, sans-serif";
  context.textBaseline = "middle";
  for (let time = Math.ceil(from / step) * step; time <= until; time += step) {
    const x = toX(time);
    context.fillStyle = colours.line;
    context.fillRect(x, AXIS - 4, 1, height - AXIS);
    context.fillStyle = colours.quiet;
    const text = timeText(time, Math.max(3, needed));
    context.textAlign = x - gutter < 20 ? "left" : x > width - 30 ? "right" : "center";
    context.fillText(time === 0 ? "0" : text, x, AXIS / 2);
  }
}

// ---- what was dropped ----

// Where a thread's oldest events are missing: it was not idle there.
function drawDropped(row) {
  const right = Math.min(toX(row.known_from), width), height = (row.depth + 1) * BAR - 2;
  if (!row.dropped || right <= gutter) return;
  context.save();
  context.beginPath();
  context.rect(gutter, row.top, right - gutter, height);
  context.clip();
  context.strokeStyle = colours.line;
  context.lineWidth = 2;
  context.beginPath();
  for (let x = gutter - height; x < right; x += 7) {
    context.moveTo(x, row.top + height);
    context.lineTo(x + height, row.top);
  }
  context.stroke();
  const text = `${row.dropped.toLocaleString("en")} events dropped`;
  const size = context.measureText(text).width;
  if (size + 24 < right - gutter) {
    context.fillStyle = colours.card;
    context.fillRect(gutter + 6, row.top, size + 8, BAR - 2);
    context.fillStyle = colours.quiet;
    context.textAlign = "left";
    context.fillText(text, gutter + 10, row.top + BAR / 2);
  }
  context.restore();
}

// ---- spans ----

// The first of a level that ends after `time`.
function firstAfter(row, level, time) {
  const [begins, durations] = row.columns;
  let low = 0, high = level.length;
  while (low < high) {
    const middle = (low + high) >> 1, place = level[middle];
    if (begins[place] + durations[place] < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

function drawRow(row) {
  const [begins, durations, , names, categories, interpreters] = row.columns;
  row.levels.forEach((level, depth) => {
    let drawn = -1;
    const y = row.top + depth * BAR;
    for (let i = firstAfter(row, level, from); i < level.length; i++) {
      const place = level[i];
      if (begins[place] > until) break;
      const left = Math.max(toX(begins[place]), gutter);
      const right = Math.min(toX(begins[place] + durations[place]), width);
      if (right < drawn + 0.7 && right - left < 0.7) continue;
      const size = Math.max(right - left - (right - left > 3 ? 1 : 0), 1);
      drawn = left + size;
      const category = data.texts[categories[place]];
      context.fillStyle = category === "timeout" && durations[place] === 0
        ? colours.bad : colourOf(interpreters[place], category);
      context.fillRect(left, y, size, BAR - 2);
      if (hovered && hovered.row === row && hovered.place === place) {
        context.strokeStyle = colours.text;
        context.strokeRect(left + 0.5, y + 0.5, Math.max(size - 1, 1), BAR - 3);
      }
      if (size > 24) {
        context.save();
        context.beginPath();
        context.rect(left, y, size - 3, BAR);
        context.clip();
        context.fillStyle = colours.text;
        context.textAlign = "left";
        context.fillText(data.texts[names[place]], left + 4, y + BAR / 2);
        context.restore();
      }
    }
  });
}

function drawLabel(row) {
  const y = gutter ? row.top + BAR / 2 - 1 : row.top - title / 2;
  context.save();
  context.beginPath();
  context.rect(0, row.top - title, gutter ? gutter - 10 : width, BAR * 2);
  context.clip();
  context.fillStyle = colours.text;
  context.textAlign = "left";
  context.fillText(fitting(row.name, gutter ? gutter - 14 : width), 0, y);
  context.restore();
}

// Of long names the ends tell threads apart.
function fitting(text, room) {
  if (context.measureText(text).width <= room) return text;
  let cut = 1;
  while (cut < text.length && context.measureText("\u2026" + text.slice(cut)).width > room) cut++;
  return "\u2026" + text.slice(cut);
}

// From step to step of the task under the pointer; of all, while there are few.
function drawArrows() {
  const visible = data.arrows.filter(([, left, , , right]) => right >= from && left <= until);
  const shown = visible.length <= 16 ? visible : visible.filter(isOfHovered);
  const middle = (row, depth) => data.rows[row].top + Math.min(depth, MOST_DEPTH) * BAR + BAR / 2;
  context.strokeStyle = context.fillStyle = colours.text;
  context.globalAlpha = 0.65;
  for (const [begin, left, depth, end, right, toDepth] of shown.slice(0, 200)) {
    const x = Math.max(toX(left), gutter), to = Math.min(toX(right), width);
    const y = middle(begin, depth), toY = middle(end, toDepth);
    context.beginPath();
    context.moveTo(x, y);
    context.bezierCurveTo(x + 20, y, to - 20, toY, to, toY);
    context.stroke();
    context.beginPath();
    context.moveTo(to, toY);
    context.lineTo(to - 6, toY - 3);
    context.lineTo(to - 6, toY + 3);
    context.fill();
  }
  context.globalAlpha = 1;
}

function isOfHovered([begin, left, , end, right]) {
  if (!hovered) return false;
  const [begins, durations] = hovered.row.columns, first = begins[hovered.place];
  const last = first + durations[hovered.place] + 0.002, row = data.rows.indexOf(hovered.row);
  return (row === begin && left >= first && left <= last)
    || (row === end && right >= first && right <= last);
}

let isAwaited = false;
function draw() {
  if (isAwaited) return;
  isAwaited = true;
  requestAnimationFrame(drawNow);
}
function drawNow() {
  isAwaited = false;
  context.fillStyle = colours.card;
  context.fillRect(0, 0, width, height);
  drawAxis();
  data.rows.forEach((row, place) => {
    context.fillStyle = colours.line;
    if (place) context.fillRect(0, row.top - title - GAP / 2 - 1, width, 1);
    drawLabel(row);
    drawDropped(row);
    drawRow(row);
  });
  drawArrows();
}

// ---- moving ----

function show(first, last) {
  const least = LEAST, length = Math.min(Math.max(last - first, least), data.length);
  from = Math.min(Math.max(first, 0), data.length - length);
  until = from + length;
  draw();
}
function zoom(factor, x = (gutter + width) / 2) {
  const time = toTime(Math.max(x, gutter));
  show(time - (time - from) * factor, time + (until - time) * factor);
}
function move(share) {
  show(from + share * (until - from), until + share * (until - from));
}

function find(x, y) {
  if (x < gutter) return null;
  for (const row of data.rows) {
    const depth = Math.floor((y - row.top) / BAR);
    if (depth < 0 || depth > row.depth) continue;
    const [begins, durations] = row.columns, level = row.levels[depth];
    const slack = (2 * (until - from)) / (width - gutter), time = toTime(x);
    let best = null, least = Infinity;
    for (let i = firstAfter(row, level, time - slack); i < level.length; i++) {
      const place = level[i];
      if (begins[place] > time + slack) break;
      const away = Math.max(begins[place] - time, time - begins[place] - durations[place], 0);
      if (away < least) [best, least] = [place, away];
    }
    return best === null ? null : { row, place: best };
  }
  return null;
}

function tell(x, y) {
  const found = find(x, y);
  const isSame = found && hovered && found.place === hovered.place && found.row === hovered.row;
  hovered = found;
  if (!isSame) draw();
  tip.hidden = !found;
  if (!found) return;
  const [begins, durations, , names, categories, , details] = found.row.columns;
  const name = document.createElement("strong");
  name.textContent = data.texts[names[found.place]];
  const lines = [
    durations[found.place] ? timeText(durations[found.place], 4) : "a moment",
    `at ${timeText(begins[found.place], 7)}`,
    data.texts[categories[found.place]],
    data.texts[details[found.place]],
  ];
  tip.replaceChildren(name, lines.filter(Boolean).join("\n"));
  const room = canvas.parentElement.clientWidth - tip.offsetWidth;
  tip.style.left = Math.max(0, Math.min(x + 14, room)) + "px";
  tip.style.top = y + 18 + "px";
}

const pointers = new Map();
let moved = 0;
canvas.addEventListener("pointerdown", (event) => {
  pointers.set(event.pointerId, event.offsetX);
  canvas.setPointerCapture(event.pointerId);
  moved = 0;
});
canvas.addEventListener("pointermove", (event) => {
  if (!pointers.has(event.pointerId)) {
    tell(event.offsetX, event.offsetY);
    return;
  }
  const before = [...pointers.values()];
  const change = event.offsetX - pointers.get(event.pointerId);
  pointers.set(event.pointerId, event.offsetX);
  const after = [...pointers.values()];
  moved += Math.abs(change);
  if (moved < 4) return;
  tip.hidden = true;
  canvas.classList.add("dragged");
  if (after.length === 2) {
    const apart = (both) => Math.max(Math.abs(both[0] - both[1]), 10);
    zoom(apart(before) / apart(after), (after[0] + after[1]) / 2);
  } else {
    move(-change / (width - gutter));
  }
});
for (const name of ["pointerup", "pointercancel"]) {
  canvas.addEventListener(name, (event) => {
    pointers.delete(event.pointerId);
    canvas.classList.remove("dragged");
    const found = name === "pointerup" && moved < 4 ? find(event.offsetX, event.offsetY) : null;
    if (found) {
      const [begins, durations] = found.row.columns;
      const begin = begins[found.place], long = Math.max(durations[found.place], 1);
      show(begin - 0.1 * long, begin + 1.1 * long);
    }
  });
}
canvas.addEventListener("pointerleave", () => {
  hovered = null;
  tip.hidden = true;
  draw();
});
canvas.addEventListener("wheel", (event) => {
  if (event.ctrlKey || event.metaKey) {
    event.preventDefault();
    zoom(Math.exp(event.deltaY * (event.deltaMode ? 0.05 : 0.002)), event.offsetX);
  } else if (event.deltaX || event.shiftKey) {
    event.preventDefault();
    move((event.deltaX || event.deltaY) / (width - gutter));
  }
}, { passive: false });
canvas.addEventListener("keydown", (event) => {
  const act = {
    "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), "0": () => show(0, data.length),
    ArrowLeft: () => move(-0.2), ArrowRight: () => move(0.2),
    Home: () => show(0, data.length),
  }[event.key];
  if (act && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    act();
  }
});
document.getElementById("zoom-in").addEventListener("click", () => zoom(0.5));
document.getElementById("zoom-out").addEventListener("click", () => zoom(2));
document.getElementById("zoom-all").addEventListener("click", () => show(0, data.length));

// ---- the beginning ----

function begin() {
  known.clear();
  readColours();
  layOut();
  drawLegend();
  drawNow();
}
dark.addEventListener("change", begin);
new ResizeObserver(() => {
  if (canvas.parentElement.clientWidth !== width) begin();
}).observe(canvas.parentElement);
begin();
"""
