// The course of treatment on one time axis: bars for drugs above, drug levels below. Drawn by Apache ECharts.

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const BAR = 26;
const DAY = 86400000;

export function drawCourse(place, course) {
  if (!window.echarts || !(course.bars.length || course.levels.length)) {
    place.hidden = true;
    return;
  }
  const levels = course.levels.filter((level) => level.points.length);
  const span = spanOf(course.bars, levels);
  const seen = course.bars.filter((bar) => Date.parse(bar.to) >= span.min);
  const drugs = [...new Set(seen.map((bar) => bar.drug))];
  const top = drugs.length * (BAR + 6) + 8;
  const height = top + (levels.length > 1 ? 210 : levels.length ? 180 : 30);
  place.style.height = `${height}px`;
  const chart = echarts.init(place, null, { renderer: "svg" });
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    tooltip: { trigger: "item", renderMode: "richText", confine: true },
    legend: levels.length > 1 ? { bottom: 0, itemHeight: 8 } : undefined,
    color: [colour("--accent"), colour("--unknown")],
    grid: grids(top, height, levels),
    xAxis: axes(levels, span),
    yAxis: [
      { type: "category", data: drugs.map(short), inverse: true, axisTick: { show: false }, axisLine: { show: false }, axisLabel: { color: colour("--ink"), fontSize: 12, width: 130, overflow: "truncate" } },
      ...(levels.length ? [{ gridIndex: 1, name: levels[0].unit, nameTextStyle: { color: colour("--ink-soft") }, axisLabel: { color: colour("--ink-soft") }, splitLine: { lineStyle: { color: colour("--line") } } }] : []),
    ],
    series: [bars(seen, drugs, span), ...levels.map(line)],
  });
  addEventListener("resize", () => chart.resize());
}

// From the first level or the oldest order that still runs, whichever is earlier, with a margin on both sides.
function spanOf(all, levels) {
  const days = [
    ...levels.flatMap((level) => level.points.map(([day]) => Date.parse(day))),
    ...all.filter((bar) => bar.open).map((bar) => Date.parse(bar.from)),
  ];
  const ends = all.map((bar) => Date.parse(bar.to));
  const from = Math.min(...(days.length ? days : all.map((bar) => Date.parse(bar.from))));
  const to = Math.max(...days, ...ends);
  const margin = (to - from) * 0.04 + DAY;
  return { min: from - margin, max: to + margin };
}

const short = (drug) => drug.split(" ").slice(0, 3).join(" ");

function grids(top, height, levels) {
  const bars = { left: 140, right: 20, top: 4, height: top };
  return levels.length ? [bars, { left: 140, right: 20, top: top + 40, height: height - top - (levels.length > 1 ? 100 : 72) }] : [bars];
}

function axes(levels, span) {
  const days = {
    ...span,
    type: "time", minInterval: 7 * DAY, axisLabel: { color: colour("--ink-soft"), hideOverlap: true, formatter: "{MM}-{dd}" }, splitLine: { show: true, lineStyle: { color: colour("--line") } } };
  if (!levels.length) return [days];
  const quiet = { ...days, axisLabel: { show: false }, axisTick: { show: false }, axisLine: { show: false } };
  return [quiet, { ...days, gridIndex: 1 }];
}

function bars(all, drugs, span) {
  const ends = all.map((bar) => [drugs.indexOf(bar.drug), bar.from, bar.to, bar.dose, bar.open]);
  return {
    type: "custom",
    clip: true,
    encode: { x: [1, 2], y: 0 },
    data: ends,
    tooltip: { formatter: ({ value }) => `${drugs[value[0]]}\n${value[3]}\n${value[1]} – ${value[4] ? "" : value[2]}` },
    renderItem(_, api) {
      const [from, row] = api.coord([Math.max(api.value(1), span.min), api.value(0)]);
      const [to] = api.coord([api.value(2) + (api.value(4) ? 0 : DAY), api.value(0)]);
      const width = Math.max(to - from - 2, 3);
      return {
        type: "rect",
        shape: { x: from, y: row - BAR / 2, width, height: BAR, r: 4 },
        style: { fill: colour(api.value(4) ? "--accent" : "--accent-soft"), stroke: colour("--accent") },
        textContent: { style: { text: String(api.value(3)), fill: colour(api.value(4) ? "--paper" : "--accent"), fontSize: 11, width: width - 8, overflow: "truncate", ellipsis: "" } },
        textConfig: { position: "insideLeft" },
      };
    },
  };
}

function line(level) {
  return {
    type: "line",
    name: `${level.name} (${level.unit})`,
    xAxisIndex: 1,
    yAxisIndex: 1,
    symbolSize: 8,
    data: level.points,
    label: { show: level.points.length <= 8, position: "top", color: colour("--ink"), formatter: ({ value }) => value[1] },
    tooltip: { formatter: ({ value }) => `${level.name}\n${value[1]} ${level.unit}\n${value[0].slice(0, 10)}` },
  };
}
