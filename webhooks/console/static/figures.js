// Draws the tables that stand beside a .plot: the numbers are the tables', and the colours the page's. What is to be
// told apart differs in more than colour: one line is solid, the other dashed.
"use strict";
(() => {
  const HEIGHT = 240, DAY_OF_MINUTES = 3 * 60, DASHES = [[], [7, 4]], FONT = "12px system-ui, sans-serif";
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function read(table) {
    const rows = [...table.tBodies[0].rows];
    const number = (cell) => { const data = cell.querySelector("data"); return data ? Number(data.value) : null; };
    const drawn = [...table.tHead.rows[0].cells].map((cell, at) => ({ cell, at })).filter((one) => "drawn" in one.cell.dataset);
    return {
      labels: rows.map((row) => row.cells[0].textContent.trim()),
      series: drawn.map(({ cell, at }) => ({ name: cell.textContent.trim(), values: rows.map((row) => number(row.cells[at])) })),
    };
  }

  const axis = (more) => ({ stroke: colour("--quiet"), font: FONT, ticks: { show: false }, grid: { stroke: colour("--line"), width: 1 }, ...more });

  // As many labels as find room, the first always.
  function along(labels) {
    return axis({
      size: 26,
      grid: { show: false },
      splits: (plot) => {
        const fit = Math.max(1, Math.floor(plot.bbox.width / devicePixelRatio / 46));
        const step = Math.ceil(labels.length / fit);
        return labels.map((_, at) => at).filter((at) => at % step === 0);
      },
      values: (_, places) => places.map((at) => labels[at] ?? ""),
    });
  }

  function write(plot, text, x, y, align) {
    plot.ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
    plot.ctx.fillStyle = colour("--text");
    plot.ctx.textAlign = align;
    plot.ctx.textBaseline = "bottom";
    plot.ctx.fillText(text, x, y);
  }

  function columns({ labels, series }) {
    const values = series[0].values.map((value) => value || null);
    const numbers = (plot) => values.forEach((value, at) => {
      if (value && plot.bbox.width / devicePixelRatio / labels.length > 14)
        write(plot, String(value), plot.valToPos(at, "x", true), plot.valToPos(value, "y", true) - 2, "center");
    });
    return {
      data: [labels.map((_, at) => at), values],
      options: {
        scales: { x: { time: false, range: [-0.6, labels.length - 0.4] }, y: { range: (_, low, high) => [0, Math.max(4, high * 1.15)] } },
        axes: [along(labels), axis({ size: 44, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000] })],
        series: [{}, { fill: colour("--accent"), stroke: colour("--accent"), points: { show: false }, paths: uPlot.paths.bars({ size: [0.7] }) }],
        hooks: { draw: [numbers] },
      },
    };
  }

  function lines({ labels, series }, hours) {
    const most = Math.max(...series.flatMap((one) => one.values.map(Number)));
    const by = most > DAY_OF_MINUTES ? 60 : 1;
    const unit = by === 60 ? hours : "";
    const tones = [colour("--accent"), colour("--text")];
    const names = (plot) => {
      const { ctx } = plot, one = devicePixelRatio, y = plot.bbox.top - 4 * one;
      let x = plot.bbox.left;
      series.forEach(({ name }, at) => {
        ctx.strokeStyle = tones[at];
        ctx.lineWidth = 2 * one;
        ctx.setLineDash(DASHES[at].map((length) => length * one));
        ctx.beginPath();
        ctx.moveTo(x, y - 6 * one);
        ctx.lineTo(x + 26 * one, y - 6 * one);
        ctx.stroke();
        ctx.setLineDash([]);
        write(plot, name, x + 32 * one, y, "left");
        x += 52 * one + ctx.measureText(name).width;
      });
    };
    return {
      data: [labels.map((_, at) => at), ...series.map((one) => one.values.map((value) => value === null ? null : value / by))],
      options: {
        scales: { x: { time: false, range: [-0.3, labels.length - 0.7] }, y: { range: (_, low, high) => [0, Math.max(4, high * 1.2)] } },
        axes: [along(labels), axis({ size: 56, values: (_, values) => values.map((value) => `${value}${unit ? ` ${unit}` : ""}`) })],
        series: [{}, ...series.map((_, at) => ({
          stroke: tones[at], width: 2, dash: DASHES[at], points: { show: true, size: 6, fill: at ? colour("--sheet") : tones[at], stroke: tones[at] },
        }))],
        hooks: { draw: [names] },
      },
    };
  }

  const drawn = new Map();

  function draw(box) {
    drawn.get(box)?.destroy();
    const table = document.getElementById(box.dataset.of);
    const { data, options } = box.dataset.chart === "columns" ? columns(read(table)) : lines(read(table), box.dataset.hours);
    const common = { width: box.clientWidth, height: HEIGHT, cursor: { show: false }, legend: { show: false }, padding: [24, 22, 0, 0] };
    drawn.set(box, new uPlot({ ...common, ...options }, data, box));
  }

  const boxes = [...document.querySelectorAll(".plot")];
  boxes.forEach(draw);
  const widths = new ResizeObserver((changed) => changed.forEach(({ target }) => {
    const plot = drawn.get(target);
    if (plot && target.clientWidth !== plot.width) plot.setSize({ width: target.clientWidth, height: HEIGHT });
  }));
  boxes.forEach((box) => widths.observe(box));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => boxes.forEach(draw));
  matchMedia("print").addEventListener("change", () => boxes.forEach(draw));
})();
