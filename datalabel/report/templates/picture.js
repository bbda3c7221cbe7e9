
// Labels over an image. `unit` is how many of its pixels one pixel of the screen shows.

function overlay(picture, shapes, unit) {
  const area = ([left, top, right, bottom]) => (right - left) * (bottom - top);
  const visible = shapes.filter((shape) => shape[NOW] || shape[WAS]);
  visible.sort((one, other) => isLoud(one) - isLoud(other) || area((other[NOW] || other[WAS])[BOUNDS]) - area((one[NOW] || one[WAS])[BOUNDS]));
  return drawn("svg", { class: "overlay", viewBox: `0 0 ${picture.size[0]} ${picture.size[1]}`, "aria-hidden": "true" },
    ...visible.map((shape) => label(shape, unit)));
}

function label(shape, unit) {
  const group = drawn("g", { class: toneOf(shape) });
  const now = shape[NOW] || shape[WAS];
  if (shape[WAS] && shape[NOW]) group.append(...strokes(shape[WAS], "was"));
  group.append(...strokes(now, ""));
  if (shape[WAS] && shape[NOW]) {
    group.append(...arrow(centre(shape[WAS][BOUNDS]), centre(shape[NOW][BOUNDS]), unit));
  }
  const fill = drawn("path", { class: "fill", d: now[LINES] || now[DOTS] });
  fill.addEventListener("pointerenter", () => heat(shape));
  fill.addEventListener("pointerleave", () => heat(null));
  group.append(fill);
  group.shape = shape;
  return group;
}

function strokes(drawing, style) {
  const both = (d, kind) => !d ? [] : ["case", "draw"].map((layer) => drawn("path", { class: `${layer} ${kind} ${style}`, d }));
  return [...both(drawing[LINES], ""), ...both(drawing[DOTS], "dots")];
}

const centre = ([left, top, right, bottom]) => [(left + right) / 2, (top + bottom) / 2];

function arrow([x, y], [toX, toY], unit) {
  const length = Math.hypot(toX - x, toY - y), head = Math.min(11 * unit, length);
  if (length < 3 * unit) return [];
  const angle = Math.atan2(toY - y, toX - x);
  const point = (back, turn) => `${(toX - back * Math.cos(angle + turn)).toFixed(2)} ${(toY - back * Math.sin(angle + turn)).toFixed(2)}`;
  const shaft = `M${x.toFixed(2)} ${y.toFixed(2)}L${point(head * 0.8, 0)}`, tip = `M${point(head, 0.45)}L${point(0, 0)}L${point(head, -0.45)}Z`;
  return [["case", shaft], ["case head", tip], ["draw", shaft], ["head", tip]].map(([style, d]) => drawn("path", { class: style, d }));
}

function caption(shape) {
  const name = data.names.class[shape[CLASS]];
  const words = shape[OLD_CLASS] === null ? name : `${data.names.class[shape[OLD_CLASS]]} → ${name}`;
  const letters = [...words];
  return letters.length > 48 ? `${letters.slice(0, 47).join("")}…` : words;
}

// A caption beside its shape. Where no place is free it is left out, unless it is the only one asked for.
function tag(svg, shape, picture, unit, taken) {
  const [width, height] = picture.size, [left, top, right, bottom] = (shape[NOW] || shape[WAS])[BOUNDS];
  const words = drawn("text", { "font-size": 12 * unit, y: 13.5 * unit, x: 6 * unit });
  words.textContent = `${data.marks[shape[MARK]][SIGN]} ${caption(shape)}`;
  const back = drawn("rect", { rx: 4 * unit, height: 19 * unit });
  const made = drawn("g", { class: `tag ${toneOf(shape)}` }, back, words);
  svg.append(made);
  const crowded = taken.length > 0;
  const wide = words.getComputedTextLength() + 12 * unit, high = 19 * unit, gap = 4 * unit;
  back.setAttribute("width", wide);
  const inside = (x, y) => [Math.max(0, Math.min(x, width - wide)), Math.max(0, Math.min(y, height - high))];
  const places = [[left, top - high - gap], [left, bottom + gap], [right + gap, top], [left - wide - gap, top], [left + gap, top + gap]]
    .map(([x, y]) => inside(x, y));
  const free = ([x, y]) => !taken.some((box) => x < box[2] && x + wide > box[0] && y < box[3] && y + high > box[1]);
  const [x, y] = places.find(free) || places[0];
  if (crowded && !free([x, y])) {
    made.remove();
    return null;
  }
  taken.push([x, y, x + wide, y + high]);
  made.setAttribute("transform", `translate(${x} ${y})`);
  return made;
}

function showTags(svg, picture, shapes, unit) {
  const taken = [];
  const renamed = shapes.filter((shape) => shape[OLD_CLASS] !== null), loud = shapes.filter(isLoud);
  const others = loud.length <= TAGS && data.names.class.length > 1 ? loud.filter((shape) => shape[OLD_CLASS] === null) : [];
  for (const shape of [...renamed, ...others]) {
    const made = shape[NOW] || shape[WAS] ? tag(svg, shape, picture, unit, taken) : null;
    if (made) made.shape = shape;
  }
}

// One image

function showPicture() {
  const picture = state.current, place = state.order.indexOf(picture);
  at("name").replaceChildren(element("span", { class: "quiet" }, picture.folder), picture.base);
  at("badge").textContent = picture.status ? `image ${picture.status}` : "";
  at("place").textContent = place < 0 ? "not among the filtered" : `${number(place + 1)} of ${number(state.order.length)}`;
  at("previous").disabled = place === 0 || !state.order.length;
  at("next").disabled = place === state.order.length - 1;
  at("notes").replaceChildren(...picture.notes.map((note) => element("p", { class: "note data" }, note)));
  showFigure();
  showLegend();
  showTable();
}

function shapesShown(picture) {
  return picture.shapes.filter((shape) => isLoud(shape) ? passes(shape) : state.quiet);
}

function showFigure() {
  const picture = state.current, [width, height] = picture.size, figure = at("figure");
  const room = at("stage").clientWidth, tall = Math.max(240, window.innerHeight - 330);
  const scale = Math.max(Math.min(room / width, tall / height), 1e-6);
  figure.style.width = `${Math.max(1, width * scale)}px`;
  figure.style.height = `${Math.max(1, height * scale)}px`;
  figure.classList.toggle("empty", !hasImage(picture));
  const shapes = shapesShown(picture), svg = overlay(picture, shapes, 1 / scale);
  figure.replaceChildren(
    hasImage(picture) ? element("img", { src: sourceOf(picture), alt: picture.key })
      : element("span", { class: "said" }, "The image is not in this file"), svg);
  showTags(svg, picture, shapes, 1 / scale);
  state.unit = 1 / scale;
}

function legendKey(mark, count) {
  const [word, , tone] = data.marks[mark];
  const sample = drawn("svg", { viewBox: "0 0 26 10", "aria-hidden": "true" }, drawn("path", { d: "M1 5h24" }));
  return element("span", { class: `key ${tone}` }, sample, element("span", {}, `${word} `, element("b", {}, number(count))));
}

function showLegend() {
  const picture = state.current, passing = picture.loud.filter(passes), entries = [];
  const counts = data.marks.map((_, mark) => passing.filter((shape) => shape[MARK] === mark).length);
  counts.forEach((count, mark) => { if (count) entries.push(legendKey(mark, count)); });
  if (passing.some((shape) => shape[WAS])) entries.push(element("span", { class: "key" },
    drawn("svg", { viewBox: "0 0 26 10", "aria-hidden": "true" }, drawn("path", { class: "was", d: "M1 5h24" })), "where it was"));
  if (passing.length < picture.loud.length) entries.push(element("span", {}, `${plural(picture.loud.length - passing.length, "label")} filtered out`));
  const context = picture.shapes.length - picture.loud.length;
  const flip = () => { state.quiet = !state.quiet; showPicture(); };
  if (context) entries.push(element("button", { type: "button", onclick: flip, title: "u" }, `${state.quiet ? "Hide" : "Show"} ${plural(context, "other label")}`));
  if (hasImage(picture)) entries.push(element("button", { type: "button", onclick: flipBare, title: "h" }, "Hide or show labels"));
  at("legend").replaceChildren(...entries);
}

const flipBare = () => at("figure").classList.toggle("bare");

function extentOf([left, top, right, bottom]) {
  const plain = (value) => String(Math.round(value * 10) / 10);
  return `${plain(right - left)} × ${plain(bottom - top)} at ${plain(left)}, ${plain(top)}`;
}

function said(shape) {
  const drawing = shape[NOW] || shape[WAS];
  if (!shape[DETAILS].length) return drawing ? [element("span", { class: "topic" }, extentOf(drawing[BOUNDS]))] : [];
  return shape[DETAILS].filter((detail) => detail[1]).map(([name, words]) => element("span", { class: "said" },
    element("span", { class: "topic" }, `${data.names.detail[name]} `), element("span", { class: "data" }, words)));
}

function tableRow(shape, sets) {
  const [word, sign, tone] = data.marks[shape[MARK]], old = shape[OLD_CLASS];
  const name = element("td", { class: "class" }, ...(old === null ? [] : [element("span", { class: "data quiet" }, data.names.class[old]), " → "]),
    element("span", { class: "data" }, data.names.class[shape[CLASS]]));
  const made = element("tr", { onpointerenter: () => heat(shape), onpointerleave: () => heat(null) },
    element("td", { class: `mark ${tone}` }, element("span", { class: "sign" }, sign), word), name,
    element("td", {}, data.names.kind[shape[KIND]]),
    sets ? element("td", { class: "data" }, data.names.set[shape[SET]]) : null,
    element("td", { class: "words" }, ...said(shape)), element("td", { class: "id" }, shape[ID]));
  made.shape = shape;
  return made;
}

function showTable() {
  const shapes = state.current.loud.filter(passes), sets = data.names.set.length > 1, table = at("changes");
  const heads = [data.titles.mark, "Class", "Kind", ...(sets ? ["Set"] : []), data.titles.detail, "Label"];
  table.hidden = !shapes.length;
  table.tHead.rows[0].replaceChildren(...heads.map((head) => element("th", {}, head)));
  table.tBodies[0].replaceChildren(...shapes.slice(0, state.rows).map((shape) => tableRow(shape, sets)));
  at("more").hidden = shapes.length <= state.rows;
  at("more").textContent = `Show ${number(Math.min(shapes.length - state.rows, TABLE_ROWS))} more`;
}

function heat(shape) {
  if (state.hotTag) state.hotTag.remove();
  state.hotTag = null;
  const groups = [...at("figure").querySelectorAll("g")], rows = [...at("changes").tBodies[0].rows];
  for (const one of [...groups, ...rows]) one.classList.toggle("hot", shape !== null && one.shape === shape);
  const svg = at("figure").querySelector("svg");
  const tagged = groups.some((group) => group.shape === shape && group.classList.contains("tag"));
  if (shape && svg && !tagged && (shape[NOW] || shape[WAS])) state.hotTag = tag(svg, shape, state.current, state.unit, []);
}

// Going from one to the next

function select(picture) {
  state.current = picture;
  state.rows = TABLE_ROWS;
  document.body.classList.toggle("one", picture !== null);
  at("overview").hidden = picture !== null;
  at("picture").hidden = picture === null;
  at("figure").classList.remove("bare");
  document.querySelector("main").scrollTop = 0;
  if (picture) reveal(picture);
  showRows(true);
  if (picture) showPicture();
  else showGallery();
  const hash = picture ? `#${encodeURIComponent(picture.key)}` : "#";
  if (location.hash !== hash && (location.hash || picture)) history.replaceState(null, "", hash);
}

function step(by) {
  const place = state.order.indexOf(state.current);
  const next = state.order[place < 0 ? 0 : Math.max(0, Math.min(state.order.length - 1, place + by))];
  if (next && next !== state.current) select(next);
}

function followHash() {
  let key = "";
  try { key = decodeURIComponent(location.hash.slice(1)); } catch { return; }
  const found = pictures.find((picture) => picture.key === key) || null;
  if (found !== state.current) select(found);
}

function flipTheme() {
  const now = getComputedStyle(document.documentElement).colorScheme;
  const dark = now === "light dark" ? matchMedia("(prefers-color-scheme: dark)").matches : now === "dark";
  document.documentElement.style.colorScheme = dark ? "light" : "dark";
}

const flipOrder = () => { state.most = !state.most; refresh(); };
const KEYS = [
  [["j", "ArrowDown", "ArrowRight"], "Next image", () => step(1)],
  [["k", "ArrowUp", "ArrowLeft"], "Previous image", () => step(-1)],
  [["Escape"], "Overview", () => select(null)],
  [["/", "f"], "Find an image", () => { select(null); at("search").select(); }],
  [data.marks.map((_, mark) => String(mark + 1)).filter((_, mark) => data.marks[mark][TONE] !== "quiet"),
    `Filter by ${data.titles.mark.toLowerCase()}`, (key) => toggle(facets[0], Number(key) - 1)],
  [["c"], "Clear the filters", clearFilters],
  [["s"], `Order: ${data.titles.first.toLowerCase()} first, or by name`, flipOrder],
  [["u"], "The other labels too", () => { state.quiet = !state.quiet; if (state.current) showPicture(); }],
  [["h"], "Hide the labels", flipBare],
  [["t"], "Light or dark", flipTheme],
  [["?"], "These keys", () => at("keys").showModal()],
];

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || at("keys").open) return;
  if (event.target === at("search")) {
    if (event.key === "Escape" || event.key === "Enter" || event.key === "ArrowDown") at("list").focus({ preventScroll: true });
    if (event.key === "Enter" && state.order.length) select(state.order[0]);
    return;
  }
  const found = KEYS.find(([keys]) => keys.includes(event.key));
  if (!found) return;
  event.preventDefault();
  found[2](event.key);
}

function begin() {
  const shownKey = { ArrowDown: "↓", ArrowUp: "↑", ArrowLeft: "←", ArrowRight: "→", Escape: "Esc" };
  at("key-list").replaceChildren(...KEYS.flatMap(([keys, meaning]) => [
    element("dt", {}, ...keys.map((key) => element("kbd", {}, shownKey[key] || key))), element("dd", {}, meaning)]));
  const pressed = { home: () => select(null), back: () => select(null), previous: () => step(-1), next: () => step(1),
    clear: clearFilters, order: flipOrder, theme: flipTheme, help: () => at("keys").showModal(),
    more: () => { state.rows += TABLE_ROWS; showTable(); } };
  for (const [id, action] of Object.entries(pressed)) at(id).addEventListener("click", action);
  for (const bar of document.querySelectorAll(".bar")) bar.addEventListener("click", () => {
    const facet = facets.find((one) => one.key === bar.dataset.facet), value = facet ? facet.names.indexOf(bar.dataset.name) : -1;
    if (value >= 0) toggle(facet, value);
  });
  let frame = 0;
  const soon = (work) => () => { cancelAnimationFrame(frame); frame = requestAnimationFrame(work); };
  at("search").addEventListener("input", refresh);
  at("list").addEventListener("scroll", soon(() => showRows(false)));
  window.addEventListener("resize", soon(() => { showRows(true); if (state.current) showFigure(); }));
  window.addEventListener("hashchange", followHash);
  document.addEventListener("keydown", onKey);
  refresh();
  followHash();
}

begin();
