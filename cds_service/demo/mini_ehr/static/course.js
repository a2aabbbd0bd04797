// The course of treatment on one time axis: bars for drugs on top, a small graph for each drug level below.
// Drawn by Apache ECharts; the same stands in the page's tables.

const DAY = 86400000;
const BAR = 26;
const GRAPH = 96;
const LEFT = 140;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const soft = () => ({ color: colour("--ink-soft") });
const sides = { left: LEFT, right: 20, outerBoundsMode: "none" }; // one time axis for all, whatever the labels
const quiet = { axisLabel: { show: false }, axisTick: { show: false }, axisLine: { show: false } };

export function drawCourse(place, course, judged = []) {
  if (!window.echarts || !(course.bars.length || course.levels.length)) {
    place.hidden = true;
    return;
  }
  const levels = course.levels.filter((level) => level.points.length);
  const span = spanOf(course.bars, levels);
  const seen = course.bars.filter((bar) => Date.parse(bar.to) >= span.min);
  const rows = rowsOf(seen);
  const top = rows.length * (BAR + 6) + 6;
  place.style.height = `${top + levels.length * GRAPH + 34}px`;
  const known = echarts.getInstanceByDom(place);
  const chart = known ?? echarts.init(place, null, { renderer: "svg" });
  const target = place.dataset.target;
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    tooltip: { trigger: "item", renderMode: "richText", confine: true },
    grid: [
      { ...sides, top: 2, height: top },
      ...levels.map((_, n) => ({ ...sides, top: top + n * GRAPH + 26, height: GRAPH - 30 })),
    ],
    xAxis: [0, ...levels].map((_, n) => days(n, span, n === levels.length)),
    yAxis: [names(rows), ...levels.map((level, n) => scale(level, n, judgedOf(level, judged)))],
    series: [
      { ...bars(seen, rows, span), ...now(course.today, place.dataset.today) },
      ...levels.flatMap((level, n) => graph(level, n, judgedOf(level, judged), target, course.today)),
    ],
  }, { notMerge: true });
  if (!known) addEventListener("resize", () => chart.resize());
}

// From the first level or the oldest order that still runs, whichever is earlier, with a margin on both sides.
function spanOf(all, levels) {
  const running = [
    ...levels.flatMap((level) => level.points.map(([day]) => Date.parse(day))),
    ...all.filter((bar) => bar.open).map((bar) => Date.parse(bar.from)),
  ];
  const from = Math.min(...(running.length ? running : all.map((bar) => Date.parse(bar.from))));
  const to = Math.max(...running, ...all.map((bar) => Date.parse(bar.to)));
  const margin = (to - from) * 0.04 + DAY;
  return { min: from - margin, max: to + margin };
}

function days(gridIndex, span, isLowest) {
  const label = { ...soft(), hideOverlap: true, formatter: span.max - span.min > 700 * DAY ? "{yyyy}-{MM}" : "{MM}-{dd}" };
  const axis = { type: "time", gridIndex, ...span, minInterval: 7 * DAY, axisLabel: label };
  const grid = { splitLine: { show: true, lineStyle: { color: colour("--line") } } };
  return { ...axis, ...grid, ...(isLowest ? {} : quiet) };
}

// One row for each drug, and one more for each order of it that runs beside another.
function rowsOf(all) {
  const drugs = [...new Set(all.map((bar) => bar.drug))];
  return drugs.flatMap((drug) =>
    [...new Set(all.filter((bar) => bar.drug === drug).map((bar) => bar.lane))].sort().map((lane) => ({ drug, lane })),
  );
}

function names(rows) {
  const data = rows.map(({ drug, lane }) => [...drug.split(" ").slice(0, 3), ...(lane === "0" ? [] : ["‖"])].join(" "));
  const axisLabel = { color: colour("--ink"), fontSize: 12, width: LEFT - 12, overflow: "truncate" };
  return { type: "category", data, inverse: true, ...quiet, axisLabel };
}

// As high as the target, too: a band that lies above all levels must be seen to.
function scale(level, n, judgement) {
  const text = `${level.name.replace(", ", "\n")}\n${level.unit}`;
  const title = { name: text, nameLocation: "middle", nameRotate: 0, nameGap: 42 };
  const style = { nameTextStyle: { color: colour("--ink"), align: "right", lineHeight: 16 }, axisLabel: soft() };
  const max = judgement?.high == null ? {} : { max: ({ max }) => (max > judgement.high ? null : judgement.high) };
  return { gridIndex: n + 1, splitNumber: 2, ...max, ...title, ...style, splitLine: { lineStyle: { color: colour("--line") } } };
}

function bars(all, rows, span) {
  return {
    type: "custom",
    clip: true,
    encode: { x: [1, 2], y: 0 },
    data: all.map((bar) => [rows.findIndex((row) => row.drug === bar.drug && row.lane === bar.lane), bar.from, bar.to, bar.dose, bar.open]),
    tooltip: { formatter: ({ value }) => `${rows[value[0]].drug}\n${value[3]}\n${value[1]} – ${value[4] ? "" : value[2]}` },
    renderItem(_, api) {
      const isOpen = Boolean(api.value(4));
      const [from, row] = api.coord([Math.max(api.value(1), span.min), api.value(0)]);
      const [to] = api.coord([api.value(2) + (isOpen ? 0 : DAY), api.value(0)]);
      const width = Math.max(to - from - 2, 3);
      const fill = colour(isOpen ? "--paper" : "--accent");
      const text = { text: String(api.value(3)), fill, fontSize: 11, width: width - 8, overflow: "truncate", ellipsis: "" };
      return {
        type: "rect",
        shape: { x: from, y: row - BAR / 2, width, height: BAR, r: 4 },
        style: { fill: colour(isOpen ? "--accent" : "--accent-soft"), stroke: colour("--accent") },
        textContent: { style: text },
        textConfig: { position: "insideLeft" },
      };
    },
  };
}

// The judgement that belongs to one of these points: the same value on the same day.
function judgedOf(level, judged) {
  return judged.find((one) => level.points.some(([day, value]) => isThe(one, day, value)));
}

const isThe = (one, day, value) => day.slice(0, 10) === one.day && Number(value) === one.value;

function now(today, label) {
  const line = { color: colour("--ink-soft"), width: 1 };
  return { markLine: { silent: true, symbol: "none", lineStyle: line, data: [{ xAxis: today }],
    label: { show: Boolean(label), formatter: label, color: colour("--ink-soft"), fontSize: 11 } } };
}

// The line joins what may decide; the last level stands hollow beside it where the service says that it may not.
function graph(level, n, judgement, target, today) {
  const hollow = judgement && !judgement.decides ? level.points.filter(([day, value]) => isThe(judgement, day, value)) : [];
  const filled = level.points.filter((point) => !hollow.includes(point));
  const shared = {
    xAxisIndex: n + 1, yAxisIndex: n + 1, symbolSize: 8, color: colour("--accent"),
    label: { show: level.points.length <= 8, position: "top", color: colour("--ink"), formatter: ({ value }) => value[1] },
    tooltip: { formatter: ({ value }) => `${level.name}\n${value[1]} ${level.unit}\n${value[0].slice(0, 10)}` },
  };
  const band = judgement?.low == null ? {} : { markArea: {
    silent: true, itemStyle: { color: colour("--band") },
    label: { show: true, position: "insideTopLeft", color: colour("--good"), fontSize: 11 },
    data: [[{ name: `${target} ${judgement.low}–${judgement.high}`, yAxis: judgement.low }, { yAxis: judgement.high }]] } };
  return [
    { ...shared, type: "line", symbol: "circle", data: filled, ...now(today, ""), ...band },
    { ...shared, type: "scatter", symbol: "diamond", symbolSize: 10, data: hollow,
      itemStyle: { color: colour("--paper"), borderColor: colour("--accent"), borderWidth: 2 } },
  ];
}
