// Draws the figures that the page brings as data; exports and prints them. Nothing is fetched.
"use strict";

(() => {
  const source = document.getElementById("figures");
  const printButton = document.getElementById("print"), drawn = {};
  if (printButton) printButton.addEventListener("click", () => window.print());

  // A sheet of A4 upright, less its margins, is 690 CSS pixels wide: figures are drawn once more at that width, so
  // that no letter on it is smaller than 8 pt.
  const PLOT = 112, SHEET = 690, NARROW = 700, ROOT = document.documentElement;
  let printing = false;
  const redraw = () => Object.values(drawn).forEach((one) => one.draw());
  const sheet = (on) => {
    printing = on;
    ROOT.classList.toggle("printing", on);
    if (!source) return;
    colours();
    redraw();
  };
  window.addEventListener("beforeprint", () => sheet(true));
  window.addEventListener("afterprint", () => sheet(false));
  summarise();
  if (!source) return;

  // The colours of the page as they are now: by day, by night, or those that the reader's system forces.
  let INK, SOFT, LINE, ACCENT, BAND, PURPLE, PAPER, RED, GREEN, TONES;
  function colours() {
    const probe = document.body.appendChild(document.createElement("span"));
    const of = (name) => {
      probe.style.color = `var(--${name})`;
      const parts = getComputedStyle(probe).color.match(/\d+/g).slice(0, 3);
      return `#${parts.map((part) => Number(part).toString(16).padStart(2, "0")).join("")}`;
    };
    [INK, SOFT, LINE, ACCENT, BAND, PURPLE, PAPER, RED, GREEN] =
      ["ink", "ink-soft", "line", "accent", "band", "unknown", "paper", "critical", "good"].map(of);
    const pair = (name) => [of(`${name}-soft`), of(name)];
    TONES = { dose: pair("accent"), overlap: pair("warning"), interaction: pair("warning") };
    for (const name of ["good", "info", "warning", "critical", "unknown"]) TONES[name] = pair(name);
    probe.remove();
  }
  colours();
  const FONT = getComputedStyle(document.body).fontFamily;
  const HATCH = { symbol: "rect", color: "rgba(122,74,0,.35)", dashArrayX: [1, 0], dashArrayY: [2, 5], rotation: -Math.PI / 4 };
  // Beside the plots where there is room, else above them: a telephone has its whole width for the plot.
  const GAP = 34, HEAD = 22;
  let LEFT, RIGHT, LANE, above;
  function room(width) {
    above = width < NARROW;
    [LEFT, RIGHT, LANE] = above ? [44, 12, 42] : [156, 172, 24];
  }

  const heightOf = (panel, plotHeight) => (panel.lanes.length ? panel.lanes.length * LANE : plotHeight);
  const shortDay = (t) => echarts.time.format(t, "{yyyy}-{MM}-{dd} {HH}:{mm}");

  function option(figure, plotHeight) {
    const grids = [], xs = [], ys = [], series = [], titles = [], isPrint = printing, gap = isPrint ? 20 : GAP;
    let top = HEAD;
    figure.panels.forEach((panel, i) => {
      if (above && !panel.lanes.length) top += 30;
      const height = heightOf(panel, plotHeight), isLast = i === figure.panels.length - 1;
      grids.push({ left: LEFT, right: RIGHT, top, height });
      xs.push({
        type: "time", gridIndex: i, min: figure.from, max: figure.to, axisLine: { lineStyle: { color: LINE } },
        axisTick: { show: isLast }, axisLabel: { show: isLast, color: SOFT, hideOverlap: true, formatter: axisDay },
        splitLine: { show: true, lineStyle: { color: LINE, opacity: .45 } },
        axisPointer: { show: true, snap: false, label: { show: isLast }, lineStyle: { color: SOFT, type: "dotted" } },
      });
      const pieces = panel.lanes.length ? lanes(panel, i) : plot(figure, panel, i, height);
      ys.push(pieces.y);
      series.push(...pieces.series, today(figure, i, i === 0));
      if (!panel.lanes.length) titles.push(title(panel, top, height));
      top += height + (isLast ? 30 : gap);
    });
    const height = top + (isPrint ? 0 : 34);
    return {
      height,
      option: {
        animation: false, textStyle: { fontFamily: FONT, color: INK }, aria: { enabled: true },
        grid: grids, xAxis: xs, yAxis: ys, series, graphic: titles,
        axisPointer: { link: [{ xAxisIndex: "all" }] },
        tooltip: { trigger: "item", renderMode: "richText", backgroundColor: PAPER, borderColor: LINE,
          textStyle: { color: INK }, formatter: tip },
        dataZoom: [
          { type: "slider", show: !isPrint, xAxisIndex: xs.map((_, i) => i), startValue: figure.shown_from, endValue: figure.to,
            bottom: 6, height: 16, left: LEFT, right: RIGHT, brushSelect: false, showDataShadow: false,
            borderColor: LINE, fillerColor: "rgba(20,85,123,.12)", labelFormatter: (t) => echarts.time.format(t, "{yyyy}-{MM}-{dd}") },
          { type: "inside", xAxisIndex: xs.map((_, i) => i), zoomOnMouseWheel: "ctrl", moveOnMouseWheel: false },
        ],
      },
    };
  }

  function axisDay(t) {
    const when = new Date(t);
    return when.getMonth() === 0 && when.getDate() === 1 ? `${when.getFullYear()}` : echarts.time.format(t, "{yyyy}-{MM}-{dd}");
  }

  function title(panel, top, height) {
    if (above) return named(panel, top);
    return { type: "group", left: 0, top: top + height / 2 - 18, silent: true, children: [
      { type: "text", style: { text: panel.name, fontSize: 13, fontWeight: 600, fill: INK, fontFamily: FONT, width: LEFT - 46, overflow: "break" } },
      { type: "text", top: lines(panel.name) * 18, style: { text: panel.unit, fontSize: 12, fill: SOFT, fontFamily: FONT } },
    ] };
  }

  // Above a plot: its name and unit, and below them the target that holds.
  function named(panel, top) {
    const last = panel.bands[panel.bands.length - 1], name = panel.unit ? `${panel.name}, ${panel.unit}` : panel.name;
    const text = (words, y, more) => ({ type: "text", top: y, style: { text: words, fontSize: 12, fontFamily: FONT, ...more } });
    return { type: "group", left: 0, top: top - 42, silent: true, children: [
      text(name, 0, { fontWeight: 600, fill: INK }), ...(last ? [text(last.label, 16, { fill: GREEN, fontSize: 11 })] : []) ] };
  }

  // How many lines a panel's name takes, measured as it will be drawn.
  function lines(name) {
    return echarts.format.getTextRect(name, `600 13px ${FONT}`).width > LEFT - 46 ? 2 : 1;
  }

  function plot(figure, panel, i, height) {
    const high = Math.max(...panel.points.map((p) => p.v), ...panel.bands.map((b) => b.high),
      ...panel.forecast.map((s) => s.high), ...panel.lines.map((l) => l.v), 0);
    const top = nice(high);
    // The line joins what may decide; a hollow value stands by itself.
    const points = panel.points.filter((p) => !p.hollow).map((p) => ({ value: [p.t, p.v], label: p.label, state: p.state }));
    const named = { show: true, position: "top", fontSize: 12, fontWeight: 600, color: INK, formatter: (p) => p.data.label };
    const made = [{
      type: "line", name: panel.name, xAxisIndex: i, yAxisIndex: i, data: points, symbol: "circle", symbolSize: 8, z: 5, cursor: "default",
      itemStyle: { color: ACCENT }, lineStyle: { color: ACCENT, width: 1.5, opacity: .55 }, unit: panel.unit, connectNulls: true,
      label: named, labelLayout: { hideOverlap: true },
      markLine: { silent: true, symbol: "none", animation: false, data: apart(panel.lines, top, height).map((l) => ({
        yAxis: l.v, lineStyle: { color: SOFT, type: "dashed", width: 1 },
        label: { formatter: l.label, color: SOFT, fontSize: 11, position: above ? "insideEndTop" : "end", width: above ? 260 : RIGHT - 12, overflow: "break", offset: [0, above ? 0 : l.shift] } })) },
      markArea: { silent: true, itemStyle: { color: BAND }, data: targets(panel.bands, figure) },
    }];
    const hollow = panel.points.filter((p) => p.hollow);
    if (hollow.length) made.push({
      type: "scatter", name: panel.name, xAxisIndex: i, yAxisIndex: i, symbolSize: 9, z: 6, cursor: "default", unit: panel.unit,
      itemStyle: { color: PAPER, borderColor: ACCENT, borderWidth: 2 }, label: named, labelLayout: { hideOverlap: true },
      data: hollow.map((p) => ({ value: [p.t, p.v], label: p.label, state: p.state, ...drawnAs(p.shape) })),
    });
    if (panel.marks.length) made.push({
      type: "scatter", name: panel.name, xAxisIndex: i, yAxisIndex: i, symbol: "triangle", symbolSize: 9, z: 4, cursor: "default",
      itemStyle: { color: RED }, data: panel.marks.map((m) => ({ value: [m.t, 0], label: m.label })), unit: "",
    });
    if (panel.forecast.length) made.push(...forecast(panel, i));
    return {
      series: made,
      y: { type: "value", gridIndex: i, min: 0, max: top.max, interval: top.step, axisLabel: { color: SOFT, fontSize: 11 },
        splitLine: { lineStyle: { color: LINE, opacity: .45 } }, axisPointer: { show: false } },
    };
  }

  // Each target for the time it was in force; the last one is named beside the plot, wherever it ended.
  function targets(bands, figure) {
    const areas = bands.map((band) => [{ yAxis: band.low, xAxis: band.from || figure.from }, { yAxis: band.high, xAxis: band.to || figure.to }]);
    const last = bands[bands.length - 1];
    if (!last || above) return areas;
    const label = { show: true, position: "right", distance: 6, color: GREEN, fontSize: 11, formatter: last.label, width: RIGHT - 12, overflow: "break" };
    return [...areas, [{ yAxis: last.low, xAxis: figure.to, label }, { yAxis: last.high, xAxis: figure.to }]];
  }

  const drawnAs = (shape = "circle") => (shape === "pointed" ? { symbol: "triangle", symbolRotate: 180 } : { symbol: shape });

  // The top of an axis with room for the labels above the points, and its steps.
  function nice(high) {
    if (!(high > 0)) return { max: 1, step: .5 };
    const unit = Math.pow(10, Math.floor(Math.log10(high)));
    const [n, parts] = [[1, 2], [1.5, 3], [2, 2], [3, 3], [4, 2], [6, 3], [8, 2], [10, 2], [15, 3]].find(([m]) => m * unit >= high * 1.15);
    return { max: n * unit, step: (n * unit) / parts };
  }

  // Thresholds whose names would lie on one another are moved apart.
  function apart(thresholds, axis, height) {
    const sorted = [...thresholds].sort((a, b) => a.v - b.v);
    let below = -Infinity;
    return sorted.map((line) => {
      const at = (line.v / axis.max) * height, free = Math.max(at, below + 13);
      below = free;
      return { ...line, shift: at - free };
    });
  }

  // What a dose is expected to give: its median, and the interval as a bar.
  function forecast(panel, i) {
    const data = panel.forecast.map((s) => ({ value: [s.t, s.low, s.middle, s.high], label: s.label }));
    return [{
      type: "custom", name: panel.name, xAxisIndex: i, yAxisIndex: i, data, z: 6, encode: { x: 0, y: [1, 2, 3] },
      renderItem: (params, api) => {
        const at = (n) => api.coord([data[params.dataIndex].value[0], data[params.dataIndex].value[n]]);
        const x = at(2)[0] + (params.dataIndex - (data.length - 1) / 2) * 9, [low, middle, high] = [1, 2, 3].map((n) => at(n)[1]);
        return { type: "group", children: [
          { type: "line", shape: { x1: x, y1: low, x2: x, y2: high }, style: { stroke: PURPLE, lineWidth: 3, opacity: .45 } },
          { type: "circle", shape: { cx: x, cy: middle, r: 4 }, style: { fill: PURPLE } } ] };
      },
    }];
  }

  function lanes(panel, i) {
    const bars = [];
    panel.lanes.forEach((lane, row) => lane.bars.forEach((bar, at) => bars.push({
      value: [row, bar.from, bar.to], label: bar.label, tone: bar.tone, going_on: bar.going_on, lane: lane.name,
      room: (lane.bars[at + 1] || {}).from })));
    return {
      series: [{
        type: "custom", name: panel.name, xAxisIndex: i, yAxisIndex: i, clip: true, data: bars, cursor: "default",
        encode: { x: [1, 2], y: 0 }, renderItem: (params, api) => drawBar(bars[params.dataIndex], params, api), unit: "",
      }],
      y: { type: "category", gridIndex: i, inverse: true, data: panel.lanes.map((l) => l.name), axisTick: { show: false },
        axisLine: { show: false }, axisLabel: { color: INK, fontSize: 12, interval: 0, overflow: "truncate",
          ...(above ? { inside: true, margin: 2, verticalAlign: "bottom", padding: [0, 0, 1, 0], width: 300 } : { width: LEFT - 14 }) },
        axisPointer: { show: false } },
    };
  }

  function drawBar(bar, params, api) {
    const from = api.coord([bar.value[1], bar.value[0]]), to = api.coord([bar.value[2], bar.value[0]]);
    const area = params.coordSys, high = 18, middle = from[1] + (above ? 11 : 0);
    const left = Math.max(from[0], area.x), right = Math.min(to[0], area.x + area.width);
    if (right <= area.x || left >= area.x + area.width) return null;
    const width = Math.max(right - left, 3), [fill, ink] = TONES[bar.tone] || TONES.info;
    const wanted = echarts.format.getTextRect(bar.label, `12px ${FONT}`).width, inside = wanted + 12 <= width && bar.tone !== "overlap";
    const room = (bar.room === undefined ? area.x + area.width : api.coord([bar.room, bar.value[0]])[0]) - (left + width);
    const place = inside || room < wanted + 12 ? { x: left + 6, width: width - 10, overflow: "truncate" } : { x: left + width + 6 };
    const rest = !inside && room < wanted + 12 && width < 34 ? [] : [{ type: "text", silent: true, style: { text: bar.label, y: middle,
      fill: ink, fontSize: 12, fontFamily: FONT, textVerticalAlign: "middle", ...place } }];
    return { type: "group", children: [
      { type: "rect", shape: { x: left, y: middle - high / 2, width, height: high, r: bar.going_on ? [4, 0, 0, 4] : 4 },
        style: { fill, stroke: ink, lineWidth: .6, decal: bar.tone === "overlap" ? HATCH : undefined } }, ...rest] };
  }

  function today(figure, i, isFirst) {
    return { type: "line", xAxisIndex: i, yAxisIndex: i, data: [], silent: true, z: 3, markLine: { silent: true, symbol: "none", animation: false,
      lineStyle: { color: SOFT, width: 1, type: "solid" }, data: [{ xAxis: figure.now }],
      label: { show: isFirst, formatter: figure.now_label, color: SOFT, fontSize: 11, distance: 2,
        position: figure.panels[i].lanes.length ? "start" : "end" } } };
  }

  function tip(p) {
    if (!p.data || p.data.label === undefined) return "";
    if (p.data.lane) {
      const end = p.data.going_on ? "→" : `– ${echarts.time.format(p.data.value[2], "{yyyy}-{MM}-{dd}")}`;
      return `${p.data.lane}: ${p.data.label}\n${echarts.time.format(p.data.value[1], "{yyyy}-{MM}-{dd}")} ${end}`;
    }
    return [p.seriesName, p.data.label, p.data.state, shortDay(p.data.value[0])].filter(Boolean).join("\n");
  }

  for (const figure of JSON.parse(source.textContent)) {
    const place = document.getElementById(`chart-${figure.name}`), one = { figure };
    one.chart = echarts.init(place, null, { renderer: "svg", height: 100 });
    one.draw = () => {
      place.style.width = printing ? `${SHEET}px` : "";
      room(printing ? SHEET : place.clientWidth);
      const made = option(figure, printing ? 56 : PLOT);
      one.height = made.height;
      place.style.height = `${made.height}px`;
      one.chart.resize({ width: printing ? SHEET : "auto", height: made.height });
      one.chart.setOption(made.option, { notMerge: true });
    };
    one.draw();
    one.chart.group = "patient";
    drawn[figure.name] = one;
  }
  echarts.connect("patient");
  window.addEventListener("resize", () => printing || redraw());
  for (const asked of ["(prefers-color-scheme: dark)", "(forced-colors: active)"])
    matchMedia(asked).addEventListener("change", () => { colours(); redraw(); });

  function svgOf({ chart, height }) {
    const svg = chart.getDom().querySelector("svg").cloneNode(true);
    const width = chart.getWidth();
    svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    return new Blob([new XMLSerializer().serializeToString(svg)], { type: "image/svg+xml;charset=utf-8" });
  }

  // A file tells by its name whose it is, and of which day.
  function whose() {
    return document.querySelector(".figures").dataset.whose.replace(/[^\p{L}\p{N}_.-]+/gu, "-");
  }

  function save(blob, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  function savePng(one, name) {
    const image = new Image(), address = URL.createObjectURL(svgOf(one)), width = one.chart.getWidth();
    image.onload = () => {
      const canvas = document.createElement("canvas");
      canvas.width = width * 2;
      canvas.height = one.height * 2;
      const pen = canvas.getContext("2d");
      pen.fillStyle = PAPER;
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.drawImage(image, 0, 0, canvas.width, canvas.height);
      URL.revokeObjectURL(address);
      canvas.toBlob((blob) => save(blob, name), "image/png");
    };
    image.src = address;
  }

  document.querySelectorAll("[data-export]").forEach((button) => button.addEventListener("click", () => {
    const one = drawn[button.dataset.figure], name = `${whose()}_${button.dataset.figure}.${button.dataset.export}`;
    if (button.dataset.export === "svg") save(svgOf(one), name);
    else savePng(one, name);
  }));

  // What is about to be signed is read first: the first press lists the answers, the second one writes them.
  function summarise() {
    const bar = document.querySelector(".signing");
    if (!bar) return;
    const form = bar.closest("form"), list = document.getElementById("summary"), button = bar.querySelector("button");
    const chosen = () => [...form.querySelectorAll("input[type=radio]:checked")].filter((one) => one.value);
    const say = (words, style) => list.append(Object.assign(document.createElement("li"), { textContent: words, className: style || "" }));
    let read = false;
    form.addEventListener("change", () => { read = false; list.replaceChildren(); button.textContent = bar.dataset.check; });
    form.addEventListener("submit", (event) => {
      if (read) return;
      event.preventDefault();
      list.replaceChildren();
      const answers = chosen(), of = Object.fromEntries(answers.map((one) => [one.name, one.value]));
      if (!answers.length) { say(bar.dataset.none, "against"); return; }
      for (const one of answers) {
        const words = one.closest("fieldset").querySelector("legend").firstElementChild.nextSibling.textContent.trim();
        const before = one.closest("fieldset").querySelector(".last")?.textContent;
        say(`${one.name} ${words} ${bar.dataset[one.value] ?? one.value}${before ? ` (${before})` : ""}`);
      }
      if (of.I6 && of.I6 === of.E11) say(`I6, E11: ${bar.dataset.against}`, "against");
      if (Number(of.I8) > 2) say(`I8: ${bar.dataset.ecog}`, "against");
      read = true;
      button.textContent = bar.dataset.sign;
      button.focus();
    });
  }
})();
