"use strict";
// Every text is set as text; nothing here reads markup from data.

const data = JSON.parse(document.getElementById("data").textContent);
const thumbnails = JSON.parse(document.getElementById("thumbnails").textContent);
const [MARK, CLASS, OLD_CLASS, KIND, SET, ID, NOW, WAS, DETAILS] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
const [WORD, SIGN, TONE] = [0, 1, 2];
const [LINES, DOTS, BOUNDS] = [0, 1, 2];
const ROW = 64, AROUND = 6, CARDS = 12, CARD_SHAPES = 120, CHIPS = 6, TABLE_ROWS = 100, TAGS = 14;
const SVG = "http://www.w3.org/2000/svg";

const at = (id) => document.getElementById(id);
const number = (value) => value.toLocaleString("en");
const plural = (value, noun) => `${number(value)} ${noun}${value === 1 ? "" : "s"}`;
const toneOf = (shape) => data.marks[shape[MARK]][TONE];
const isLoud = (shape) => toneOf(shape) !== "quiet";

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

function drawn(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// What there is

// What is said of an image as a whole stands among its labels, and is of no set.
const isLabel = (shape) => data.names.set[shape[SET]] !== "";

const pictures = data.pictures.map((picture, index) => {
  const slash = picture.key.lastIndexOf("/") + 1;
  return {
    ...picture, index, folder: picture.key.slice(0, slash), base: picture.key.slice(slash),
    folded: picture.key.toLowerCase(), loud: picture.shapes.filter(isLoud), size: picture.size || extent(picture),
  };
});

function extent(picture) {
  let width = 1, height = 1;
  for (const shape of picture.shapes) {
    for (const drawing of [shape[NOW], shape[WAS]]) {
      if (drawing) [width, height] = [Math.max(width, drawing[BOUNDS][2]), Math.max(height, drawing[BOUNDS][3])];
    }
  }
  return [width, height];
}

const statuses = [...new Set(pictures.map((picture) => picture.status).filter(Boolean))].sort();
const facets = [
  { key: "mark", title: data.titles.mark, names: data.marks.map((mark) => mark[WORD]), of: (shape) => [shape[MARK]] },
  { key: "detail", title: data.titles.detail, names: data.names.detail, of: (shape) => shape[DETAILS].map((detail) => detail[0]) },
  { key: "class", title: "Class", names: data.names.class,
    of: (shape) => shape[OLD_CLASS] === null ? [shape[CLASS]] : [shape[CLASS], shape[OLD_CLASS]] },
  { key: "set", title: "Set", names: data.names.set, of: (shape) => isLabel(shape) ? [shape[SET]] : [] },
  { key: "status", title: "Image", names: statuses, of: null },
].map((facet) => ({ ...facet, picked: new Set(), counts: facet.names.map(() => 0), open: false }));

for (const picture of pictures) {
  for (const facet of facets) {
    if (facet.of) for (const shape of picture.loud) for (const value of new Set(facet.of(shape))) facet.counts[value] += 1;
    else if (picture.status) facet.counts[statuses.indexOf(picture.status)] += 1;
  }
}

const state = { order: [], current: null, most: true, quiet: true, rows: TABLE_ROWS, hot: null };

// Filters

function passes(shape) {
  return facets.every((facet) => !facet.of || !facet.picked.size || facet.of(shape).some((value) => facet.picked.has(value)));
}

function listed(picture, query) {
  const status = facets[facets.length - 1];
  if (query && !picture.folded.includes(query)) return false;
  if (status.picked.size && !status.picked.has(statuses.indexOf(picture.status))) return false;
  picture.passing = picture.loud.filter(passes);
  return picture.passing.length > 0 || !facets.some((facet) => facet.of && facet.picked.size);
}

function refresh() {
  const query = at("search").value.trim().toLowerCase();
  state.order = pictures.filter((picture) => listed(picture, query));
  const weight = (picture) => picture.passing.length + picture.unlisted;
  if (state.most) {
    state.order.sort((one, other) => one.rank - other.rank || weight(other) - weight(one) || one.index - other.index);
  }
  const active = Boolean(query) || facets.some((facet) => facet.picked.size);
  const labels = state.order.reduce((sum, picture) => sum + picture.passing.filter(isLabel).length, 0);
  const images = active ? `${number(state.order.length)} of ${plural(pictures.length, "image")}` : plural(pictures.length, "image");
  at("shown").textContent = `${images} · ${plural(labels, "label")}` + (data.unlisted ? ` · ${plural(data.unlisted, "image")} more not listed` : "");
  at("clear").hidden = !active;
  at("order").textContent = state.most ? `${data.titles.first} first` : "By name";
  showFilters();
  showRows(true);
  if (state.current) showPicture();
  else showGallery();
}

function toggle(facet, value) {
  if (!facet.picked.delete(value)) facet.picked.add(value);
  refresh();
}

function chip(facet, value) {
  const mark = facet.key === "mark" ? data.marks[value] : null;
  return element("button", {
    type: "button", class: "chip", "aria-pressed": String(facet.picked.has(value)), title: facet.names[value],
    onclick: () => toggle(facet, value),
  },
  mark ? element("span", {}, element("b", { class: `sign ${facet.picked.has(value) ? "" : mark[TONE]}` }, mark[SIGN]), ` ${mark[WORD]}`)
    : element("span", { class: "data" }, facet.names[value]),
  element("span", { class: "quiet" }, number(facet.counts[value])));
}

function showFilters() {
  const groups = [];
  for (const facet of facets) {
    const values = facet.names.map((_, value) => value).filter((value) => facet.counts[value] || facet.picked.has(value));
    if (facet.key !== "mark") values.sort((one, other) => facet.counts[other] - facet.counts[one] || one - other);
    if (values.length < (facet.key === "status" || facet.key === "mark" ? 1 : 2)) continue;
    const some = facet.open ? values : values.filter((value, place) => place < CHIPS || facet.picked.has(value));
    const chips = some.map((value) => chip(facet, value));
    if (some.length < values.length) {
      const open = () => { facet.open = true; showFilters(); };
      chips.push(element("button", { type: "button", class: "chip rest", onclick: open }, `${values.length - some.length} more`));
    }
    groups.push(element("div", { class: "facet" }, element("h2", {}, facet.title), element("div", { class: "chips" }, ...chips)));
  }
  at("filters").replaceChildren(...groups);
  for (const bar of document.querySelectorAll(".bar")) {
    const facet = facets.find((one) => one.key === bar.dataset.facet);
    if (facet) bar.setAttribute("aria-pressed", String(facet.picked.has(facet.names.indexOf(bar.dataset.name))));
  }
}

function clearFilters() {
  for (const facet of facets) facet.picked.clear();
  at("search").value = "";
  refresh();
}

// The list: only rows in sight exist

function tally(shapes) {
  const counts = data.marks.map(() => 0);
  for (const shape of shapes) counts[shape[MARK]] += 1;
  return element("span", { class: "counts" }, ...counts.map((count, mark) => !count ? null
    : element("span", { class: data.marks[mark][TONE], title: data.marks[mark][WORD] }, `${data.marks[mark][SIGN]}${number(count)}`)));
}

const sourceOf = (picture) => `data:image/jpeg;base64,${thumbnails[picture.index]}`;
const hasImage = (picture) => thumbnails[picture.index] !== null;

function row(picture, place) {
  const made = element("div", {
    class: "row", role: "option", id: `row-${picture.index}`, "aria-selected": String(picture === state.current), title: picture.key,
    "aria-posinset": place + 1, "aria-setsize": state.order.length, onclick: () => select(picture),
  },
  hasImage(picture) ? element("img", { class: "thumb", src: sourceOf(picture), alt: "" }) : element("span", { class: "thumb" }),
  element("span", { class: "text" },
    element("span", { class: "base data" }, picture.base),
    element("span", { class: "under" },
      element("span", { class: "quiet data" }, picture.status ? `image ${picture.status}` : picture.folder), tally(picture.passing))));
  made.style.transform = `translateY(${place * ROW}px)`;
  return made;
}

function showRows(again) {
  const list = at("list"), rows = at("rows");
  const first = Math.max(0, Math.floor(list.scrollTop / ROW) - AROUND);
  const last = Math.min(state.order.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + AROUND);
  if (!again && rows.dataset.window === `${first}-${last}`) return;
  rows.dataset.window = `${first}-${last}`;
  rows.style.height = `${state.order.length * ROW}px`;
  const none = pictures.length ? "No image is like that." : "Nothing to see: no image differs.";
  rows.replaceChildren(...(state.order.length ? state.order.slice(first, last).map((picture, place) => row(picture, first + place))
    : [element("p", { class: "none" }, none)]));
  if (state.current) list.setAttribute("aria-activedescendant", `row-${state.current.index}`);
  else list.removeAttribute("aria-activedescendant");
}

function reveal(picture) {
  const list = at("list"), top = state.order.indexOf(picture) * ROW;
  if (top < 0) return;
  if (top < list.scrollTop) list.scrollTop = top;
  else if (top + ROW > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW - list.clientHeight;
}

function showGallery() {
  if (!at("gallery")) return;
  const some = state.order.slice(0, CARDS);
  at("gallery-title").textContent = some.length === state.order.length ? "Images"
    : `${some.length} of ${plural(state.order.length, "image")}, ${state.most ? `${data.titles.first.toLowerCase()} first` : "by name"}`;
  at("gallery").replaceChildren(...some.map((picture) => {
    const frame = element("span", { class: "frame" },
      hasImage(picture) ? element("img", { src: sourceOf(picture), alt: "" }) : null,
      overlay(picture, picture.passing.slice(0, CARD_SHAPES), picture.size[0] / 220));
    return element("button", { type: "button", class: "card", title: picture.key, onclick: () => select(picture) },
      frame, element("span", { class: "words" }, element("span", { class: "base data" }, picture.base), tally(picture.passing)));
  }));
}
