// The level strip of a card: the last levels on their target, the doses beneath, today at the right edge. Drawn from what
// the chart shows already, with the target and the judgement that the card brings; where either is missing, nothing.

const W = 360, H = 42, LEFT = 6, RIGHT = 300, TOP = 11, FOOT = 27, MOST = 5, LEAST = 14, DAY = 86400000;
const SVG = "http://www.w3.org/2000/svg";

function piece(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// Fills the strip of every card that has judged a level of this chart.
export function drawStrips(cards, course, words) {
  for (const place of cards.querySelectorAll(".strip:empty")) {
    const { value, day } = place.dataset;
    const level = course.levels.find((one) => one.points.some(([at, number]) => at.slice(0, 10) === day && Number(number) === Number(value)));
    if (level) place.append(strip(place.dataset, level, course, words));
  }
}

function strip({ value, day, low, high, decides }, level, course, words) {
  const points = level.points.slice(-MOST), today = Date.parse(course.today) + DAY;
  const begin = Math.min(Date.parse(points[0][0]), today - LEAST * DAY), top = Math.max(Number(high) * 1.25, ...points.map(([, number]) => number)) || 1;
  const x = (at) => LEFT + ((RIGHT - LEFT) * (Math.max(at, begin) - begin)) / Math.max(today - begin, DAY);
  const y = (number) => FOOT - ((FOOT - TOP) * number) / top;
  const spoken = `${level.name}: ${points.map(([at, number]) => `${number} ${level.unit} ${at.slice(0, 10)}`).join(", ")}; ${words.target} ${low}–${high}`;
  const drawn = piece("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": spoken });
  drawn.append(
    piece("rect", { class: "band", x: LEFT, width: RIGHT - LEFT, y: y(high), height: y(low) - y(high) }),
    piece("text", { class: "edge", x: RIGHT + 6, y: (y(high) + y(low)) / 2 + 4 }, `${low}–${high}`),
    piece("line", { class: "today", x1: RIGHT, x2: RIGHT, y1: TOP - 8, y2: H }));
  const isNewest = ([at, number]) => at.slice(0, 10) === day && Number(number) === Number(value);
  const joined = points.filter((point) => decides === "true" || !isNewest(point));
  drawn.append(piece("polyline", { class: "line", points: joined.map(([at, number]) => `${x(Date.parse(at))},${y(number)}`).join(" ") }));
  for (const point of points) drawn.append(...dot(point, isNewest(point) && decides !== "true", x, y, isNewest(point)));
  drawn.append(...doses(level, course, begin, x));
  return drawn;
}

function dot([at, number], isHollow, x, y, isNewest) {
  const cx = x(Date.parse(at)), cy = y(number);
  const anchor = cx > RIGHT - 14 ? "end" : cx < LEFT + 14 ? "start" : "middle";
  return [
    isHollow ? piece("path", { class: "hollow", d: `M${cx} ${cy - 5}l5 5-5 5-5-5z` }) : piece("circle", { class: "dot", cx, cy, r: 3.5 }),
    piece("text", { class: isNewest ? "value newest" : "value", x: cx, y: Math.max(cy - 6, 9), "text-anchor": anchor }, number),
  ];
}

// A drug and its level have the beginning of their names in common: the first word, in Chinese three characters.
const stem = (name) => (/^[a-z]/i.test(name) ? name.split(/[,\s]/)[0].toLowerCase() : name.slice(0, 3));

// The doses of this drug, a bar each; what is written in it is the dose as the order says it.
function doses(level, course, begin, x) {
  const its = course.bars.filter((bar) => stem(bar.drug) === stem(level.name) && Date.parse(bar.to) > begin);
  return its.flatMap((bar) => {
    const from = x(Date.parse(bar.from)), width = Math.max(x(Date.parse(bar.to) + DAY) - from - 1, 2);
    const row = bar.lane === "0" ? FOOT + 3 : H - 5;
    const shape = piece("rect", { class: "dose", x: from, y: row, width, height: bar.lane === "0" ? 12 : 5, rx: 2 });
    return width > bar.dose.length * 6 && bar.lane === "0" ? [shape, piece("text", { class: "said", x: from + 4, y: row + 9.5 }, bar.dose)] : [shape];
  });
}
